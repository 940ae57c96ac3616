/* written.c - see written.h.  SPDX-License-Identifier: MIT */
#include "tests/support/written.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store/why.h"
#include "store/writer.h"
#include "tests/support/suite.h"

static char path[64];
static struct rp_writer *writer;
static char memory[RP_WRITER_BYTES] __attribute__((aligned(16)));
static int fd;

void written_begin(uint64_t began_mono_ns, uint32_t pid)
{
	static const struct rp_writer_os os = {write};
	struct rp_session_head head = {.began_mono_ns = began_mono_ns, .pid = pid};

	strcpy(path, "/tmp/reqprof-written-XXXXXX");
	fd = mkostemp(path, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	writer = rp_writer_make(memory, fd, &head, 1 << 20, &os);
	ck_assert_ptr_nonnull(writer);
}

void written_put(struct rp_item item)
{
	ck_assert(rp_writer_put(writer, &item));
}

struct rp_profile written_open(bool end)
{
	struct rp_profile p;
	struct rp_why why = {0};
	char *paths[] = {path};

	ck_assert(end ? rp_writer_end(writer) : rp_writer_flush(writer));
	close(fd);
	ck_assert_msg(rp_profile_open(&p, paths, 1, &why), "%s", why.text);
	unlink(path);
	return p;
}
