/* summary.c - see summary.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/summary.h"

#include <stdlib.h>
#include <string.h>
#include "store/reader.h"
#include "tools/account.h"
#include "tools/memory.h"
#include "tools/recording.h"

static char *copy(struct rp_slice s)
{
	char *text = rp_memory_zero(s.n + 1, 1);

	if (s.n)
		memcpy(text, s.at, s.n);
	return text;
}

bool rp_summary_read(struct rp_summary *s, const struct rp_entry *entry, struct rp_why *why)
{
	struct rp_recording *r = rp_recording_open(entry->path, why);
	struct rp_account account;

	if (!r)
		return false;
	rp_account_make(r, &account);
	*s = (struct rp_summary){
	        .entry = entry,
	        .method = copy(r->request.method),
	        .target = copy(r->request.target),
	        .server = copy(r->request.server),
	        .tag = copy(r->request.tag),
	        .duration_ns = account.duration_ns,
	        .cpu_ns = account.cpu_ns,
	        .waits_ns = account.waits_ns,
	        .status = r->response.status,
	        .complete = r->complete,
	};
	rp_recording_close(r);
	return true;
}

void rp_summary_free(struct rp_summary *s)
{
	free(s->method);
	free(s->target);
	free(s->server);
	free(s->tag);
}

bool rp_summary_has_tag(const char *path, const char *tag)
{
	struct rp_reader *r = rp_reader_open(path, NULL);
	struct rp_item item;
	bool found = false;

	while (r && rp_reader_next(r, &item)) {
		if (item.kind != RP_ITEM_REQUEST)
			continue;
		found = item.request.tag.n == strlen(tag) &&
		        memcmp(item.request.tag.at, tag, item.request.tag.n) == 0;
		break;
	}
	if (r)
		rp_reader_close(r);
	return found;
}
