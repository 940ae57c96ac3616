#!/usr/bin/env python3
# test_node.py - node's http: one thread, one loop, requests that interleave.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os

import battery
import slow
from harness import ask, check, equal, free_port, need, place, run, server, sessions

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'app.js')


@contextlib.contextmanager
def node(here, shim=True):
    need('node')
    port = free_port()
    with server(here, ['node', PROGRAM, str(port)], port, shim) as one:
        yield one.port


def a_burn_is_samples():
    with place() as here, node(here) as port:
        raw = ask(port, '/burn?profile=1', close=True)
        s, = sessions(here.sessions, 1)
        burnt = slow.told_ns(raw)
        check(s.account['cpu_ns'] >= 0.7 * burnt, 'the CPU time', s.account['cpu_ns'],
              'is less than what the server burnt,', burnt)
        sampled = sum(p['cpu_ns'] for p in s.samples)
        check(sampled >= 0.7 * burnt, 'the samples hold', sampled, 'ns of CPU of', burnt)


def a_timer_is_idle_time_and_no_cpu():
    with place() as here, node(here) as port:
        ask(port, '/sleep?profile=1', close=True)
        s, = sessions(here.sessions, 1)
        away = s.account['waits_ns'] + s.account['idle_ns']
        check(away >= 250e6, 'it neither waits nor is idle', s.account)
        check(s.account['duration_ns'] >= 290e6, 'it is over too early', s.account)


def a_neighbour_that_burns_while_a_flagged_request_sleeps_is_not_its_cpu():
    with place() as here, node(here) as port:
        raws = slow.all_at_once(port, ['/sleep?profile=1', '/burn'])
        s, = sessions(here.sessions, 1)
        check(s.account['cpu_ns'] <= slow.told_ns(raws[1]) / 2, 'it has the CPU of its neighbour',
              s.account)
        equal(s.target, '/sleep')


TALKS = battery.plain_talks('/hello') + battery.plain_talks('/big') + \
    battery.plain_talks('/file') + battery.pipelined_talks('/hello') + \
    battery.post_talks('/echo') + battery.expecting_talks('/echo') + \
    battery.chunked_talks('/echo') + battery.head_talks('/hello')
same = battery.Battery(node, TALKS, whole_stacks=False)
run(*same.tests(), a_burn_is_samples, a_timer_is_idle_time_and_no_cpu,
    a_neighbour_that_burns_while_a_flagged_request_sleeps_is_not_its_cpu)
