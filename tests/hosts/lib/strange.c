/* strange.c - has the names of libunwind, and calls what libunwind never called.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#define SAME(name)                                                                                 \
	int name(void);                                                                            \
	int name(void)                                                                             \
	{                                                                                          \
		return system("exit 3");                                                           \
	}

SAME(_ULx86_64_init_local2)
SAME(_ULx86_64_step)
SAME(_ULx86_64_get_reg)
SAME(_ULx86_64_is_signal_frame)
SAME(_ULx86_64_set_cache_size)
SAME(_ULx86_64_local_addr_space)
SAME(_Ux86_64_get_accessors)
SAME(_Ux86_64_flush_cache)
