/* debugdata.c - the small symbol table that some distributions leave in stripped programs: an ELF
 * file, compressed by xz, with the symbols that .dynsym lacks.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/debugdata.h"

bool rp_debugdata_open(struct rp_object *object)
{
	Elf_Scn *scn = rp_elfopen_section(&object->main, ".gnu_debugdata");
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;

	if (!data || !data->d_buf || !rp_inflate_xz(&object->mini_image, data->d_buf, data->d_size))
		return false;
	return rp_elfopen_image(&object->mini, object->mini_image.at, object->mini_image.n);
}
