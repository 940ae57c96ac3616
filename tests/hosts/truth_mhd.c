/* truth_mhd.c - libmicrohttpd: requests are put to sleep, and another thread lets several go on.
 *
 * Room: tests/hosts.  `truth_mhd PORT`: one thread that polls, and one which wakes now and then and
 * does what has come since (steps: truth.h, of which it knows none). SPDX-License-Identifier: MIT
 */
#include <microhttpd.h>
#include "truth.h"

enum { MOST = 256, EVERY_US = 500, WORK_US = 40 };

struct request {
	struct MHD_Connection *connection;
	struct truth truth;
	enum { FRESH, ASLEEP, DONE, SENT } state;
};

static struct {
	pthread_mutex_t lock;
	struct request *all[MOST];
	unsigned n;
} asleep = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *work(void *nothing)
{
	struct request *all[MOST];

	(void)nothing;
	for (;;) {
		usleep(EVERY_US);
		pthread_mutex_lock(&asleep.lock);
		unsigned n = asleep.n;

		memcpy(all, asleep.all, n * sizeof(*all));
		asleep.n = 0;
		pthread_mutex_unlock(&asleep.lock);
		for (unsigned i = 0; i < n; i++) {
			truth_says(&all[i]->truth, "batch");
			truth_work(&all[i]->truth, WORK_US);
		}
		for (unsigned i = 0; i < n; i++) {
			all[i]->state = DONE;
			MHD_resume_connection(all[i]->connection);
		}
	}
	return NULL;
}

static enum MHD_Result answer(struct request *r)
{
	struct MHD_Response *response =
	        MHD_create_response_from_buffer(strlen(r->truth.id), r->truth.id,
	                                        MHD_RESPMEM_MUST_COPY);

	truth_says(&r->truth, "resumed");
	truth_work(&r->truth, WORK_US);
	truth_says(&r->truth, "end");
	r->state = SENT;
	enum MHD_Result ret = MHD_queue_response(r->connection, MHD_HTTP_OK, response);

	MHD_destroy_response(response);
	return ret;
}

static enum MHD_Result fall_asleep(struct request *r)
{
	const char *id = MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, "id");

	snprintf(r->truth.id, sizeof(r->truth.id), "%s", id ? id : "");
	truth_says(&r->truth, "start");
	r->state = ASLEEP;
	MHD_suspend_connection(r->connection);
	pthread_mutex_lock(&asleep.lock);
	asleep.all[asleep.n++] = r;
	pthread_mutex_unlock(&asleep.lock);
	return MHD_YES;
}

static enum MHD_Result serve(void *nothing, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *data, size_t *n,
                             void **of)
{
	struct request *r = (struct request *)*of;

	(void)nothing, (void)url, (void)method, (void)version, (void)data, (void)n;
	if (!r) {
		*of = r = (struct request *)calloc(1, sizeof(*r));
		r->connection = connection;
		return MHD_YES;
	}
	return r->state == FRESH ? fall_asleep(r) : r->state == DONE ? answer(r) : MHD_YES;
}

static void completed(void *nothing, struct MHD_Connection *connection, void **of,
                      enum MHD_RequestTerminationCode how)
{
	struct request *r = (struct request *)*of;

	(void)nothing, (void)connection, (void)how;
	if (r)
		truth_says(&r->truth, "completed");
	free(r);
	*of = NULL;
}

int main(int argc, char **argv)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_ALLOW_SUSPEND_RESUME |
	                 MHD_USE_ITC;
	pthread_t thread;

	pthread_create(&thread, NULL, work, NULL);
	if (!MHD_start_daemon(flags, 0, NULL, NULL, serve, NULL, MHD_OPTION_LISTEN_SOCKET,
	                      http_listen(argc, argv), MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
	                      MHD_OPTION_CONNECTION_LIMIT, MOST, MHD_OPTION_END))
		return 1;
	for (;;)
		pause();
}
