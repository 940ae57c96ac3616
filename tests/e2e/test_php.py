#!/usr/bin/env python3
# test_php.py - php -S: one thread; sleeps that any signal would cut short.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os

import battery
import slow
from harness import ask, body_of, check, equal, free_port, need, place, run, server, sessions

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'app.php')


@contextlib.contextmanager
def php(here, shim=True):
    need('php')
    port = free_port()
    with server(here, ['php', '-n', '-S', '127.0.0.1:%d' % port, PROGRAM], port, shim) as one:
        yield one.port


def a_sleep_is_a_wait_and_a_burn_is_samples():
    with place() as here, php(here) as port:
        equal(slow.sleep_and_burn_are_told(here, port).truncated(), [])


def a_sampled_sleep_is_not_cut_short():
    with place() as here, php(here) as port:
        equal(body_of(ask(port, '/sleep?profile=1')), b'sleep() gives 0 after a second\n')
        s, = sessions(here.sessions, 1)
        check(s.ns_waiting('sleep') >= 990e6, 'the sleep is not told', s.waits)


# php -S closes after each answer, and, bare as well, within a head that comes in pieces.
TALKS = [one for path in ('/hello', '/big')
         for talk in battery.plain_talks(path) + battery.head_talks(path) for one in talk.apart()
         if len(one.steps[0].segments) == 1]
TALKS += [one for talk in battery.post_talks('/echo') for one in talk.apart()]
same = battery.Battery(php, TALKS)
run(*same.tests(), a_sleep_is_a_wait_and_a_burn_is_samples, a_sampled_sleep_is_not_cut_short)
