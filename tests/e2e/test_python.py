#!/usr/bin/env python3
# test_python.py - http.server with a thread for each connection.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os

import battery
import slow
from harness import PYTHON, Client, ask, check, equal, files, free_port, place, request, run
from harness import server, sessions, until

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'py_threads.py')


@contextlib.contextmanager
def python(here, shim=True, **named):
    port = free_port()
    with server(here, [PYTHON, PROGRAM, str(port)], port, shim, **named):
        yield port


def a_sleep_is_a_wait_and_a_burn_is_samples():
    with place() as here, python(here) as port:
        s = slow.sleep_and_burn_are_told(here, port)
        equal(s.truncated(), [])


def four_flagged_requests_at_once_keep_their_functions_apart():
    with place() as here, python(here) as port:
        slow.four_at_once_keep_apart(here, port)


def a_flagged_request_holds_nothing_of_an_unflagged_neighbour():
    with place() as here, python(here) as port:
        slow.all_at_once(port, ['/zlib?profile=1', '/sha', '/sha'])
        s, = sessions(here.sessions, 1)
        equal(s.ns_in(slow.in_library('libcrypto.')), 0, 'time in libcrypto')
        check(s.ns_in(slow.in_library('libz.')) > 0, 'there is no time in libz')


def a_client_that_leaves_in_mid_request_ends_its_session():
    with place() as here, python(here) as port:
        with Client(port) as client:
            client.send(request('/slow?profile=1'))
        s, = sessions(here.sessions, 1)
        equal(s.target, '/slow')
        check(s.told['complete'], 'it is not complete', s.told['incomplete_why'])


def nothing_is_made_before_the_first_flagged_request():
    with place() as here:
        port = free_port()
        with server(here, [PYTHON, PROGRAM, str(port)], port) as one:
            ask(port, '/hello', close=True)
            until('the thread of the connection to end', lambda: threads_of(one.pid) == 1)
            equal(files(here.sessions, '*'), [], 'what is in the directory')
            equal(here.said(), '', 'REQPROF_LOG')


def threads_of(pid):
    return len(os.listdir('/proc/%d/task' % pid))


TALKS = battery.plain_talks('/hello') + battery.plain_talks('/big') + \
    battery.pipelined_talks('/hello') + battery.post_talks('/echo') + \
    battery.expecting_talks('/echo') + battery.head_talks('/hello')
same = battery.Battery(python, TALKS)
run(*same.tests(), a_sleep_is_a_wait_and_a_burn_is_samples,
    four_flagged_requests_at_once_keep_their_functions_apart,
    a_flagged_request_holds_nothing_of_an_unflagged_neighbour,
    a_client_that_leaves_in_mid_request_ends_its_session,
    nothing_is_made_before_the_first_flagged_request)
