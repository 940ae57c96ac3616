/* test_alike.c - what of a wait's name is the same for every request.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/alike.h"

#include "tests/support/suite.h"

static const struct {
	const char *kind, *name, *one_process, *processes;
} cases[] = {
        {"recv", "tcp 127.0.0.1:5432", "tcp 127.0.0.1:5432", "tcp 127.0.0.1:5432"},
        {"recv", "tcp 127.0.0.1:37101 GET /stock", "tcp 127.0.0.1:37101 GET /stock",
         "tcp 127.0.0.1 GET /stock"},
        {"send", "client tcp 127.0.0.1:43500", "client tcp 127.0.0.1", "client tcp 127.0.0.1"},
        {"send", "client tcp [::1]:80 (peer reads slowly)", "client tcp [::1] (peer reads slowly)",
         "client tcp [::1] (peer reads slowly)"},
        {"recv", "client unix:/run/a:12345", "client unix:/run/a:12345",
         "client unix:/run/a:12345"},
        {"poll", "2 fds: client tcp 10.0.0.1:5, tcp 10.0.0.2:6",
         "2 fds: client tcp 10.0.0.1, tcp 10.0.0.2:6",
         "2 fds: client tcp 10.0.0.1, tcp 10.0.0.2:6"},
        {"mutex", "0x1c5220", "0x1c5220", ""},
        {"mutex", "0x1c5g20", "0x1c5g20", "0x1c5g20"},
        {"waitpid", "4242", "", ""},
        {"join thread", "4242", "", ""},
        {"sleep", "5 ms", "5 ms", "5 ms"},
        {"pread", "/var/lib/0x12:99999", "/var/lib/0x12:99999", "/var/lib/0x12:99999"},
        {"upstream", "tcp 10.0.0.5:40000 SELECT", "tcp 10.0.0.5:40000 SELECT",
         "tcp 10.0.0.5 SELECT"},
        {"upstream", "tcp 10.0.0.5:80 GET /at/1.2.3.4:40000",
         "tcp 10.0.0.5:80 GET /at/1.2.3.4:40000", "tcp 10.0.0.5:80 GET /at/1.2.3.4:40000"},
        {"recv", "", "", ""},
};

START_TEST(what_changes_with_each_request_goes)
{
	struct rp_heap heap = {0};

	ck_assert_str_eq(rp_alike_object(&heap, cases[_i].kind, cases[_i].name, false),
	                 cases[_i].one_process);
	ck_assert_str_eq(rp_alike_object(&heap, cases[_i].kind, cases[_i].name, true),
	                 cases[_i].processes);
	rp_heap_free(&heap);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alike");
	TCase *all = tcase_create("alike");

	tcase_add_loop_test(all, what_changes_with_each_request_goes, 0,
	                    sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
