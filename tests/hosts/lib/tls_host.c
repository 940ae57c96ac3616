/* tls_host.c PEM PLUGIN PORT [PLUGIN PORT]... - loads plugins that serve over TLS, each with all it
 * needs in a scope of its own, and lets each serve on its port.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include "../http.h"

#include <dlfcn.h>

struct plugin {
	int (*serve)(int listener, const char *pem_file);
	int listener;
	const char *pem;
};

static void *run(void *arg)
{
	struct plugin *p = (struct plugin *)arg;

	exit(p->serve(p->listener, p->pem));
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	for (int i = 2; i + 1 < argc; i += 2) {
		struct plugin *p = (struct plugin *)malloc(sizeof(*p));
		void *handle = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
		pthread_t thread;

		if (!handle) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		p->serve = (int (*)(int, const char *))dlsym(handle, "tls_serve");
		p->pem = argv[1];
		p->listener = http_listen_on(atoi(argv[i + 1]), 16);
		pthread_create(&thread, NULL, run, p);
	}
	for (;;)
		pause();
}
