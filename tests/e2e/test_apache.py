#!/usr/bin/env python3
# test_apache.py - apache2 with mpm_event: a listener thread hands requests to worker threads
# that block every signal.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os

import battery
import configs
from configs import USER
from harness import PYTHON, Server, ask, check, equal, free_port, place, run, sessions

UPSTREAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'py_threads.py')


@contextlib.contextmanager
def apache(here, shim=True):
    """apache2 before a Python server, which is bare in both rounds."""
    port, up = free_port(), free_port()
    upstream = Server(here, [PYTHON, UPSTREAM, str(up)], up, shim=False)
    try:
        one = Server(here, configs.apache(here, port, up), port, shim)
        try:
            yield port
        finally:
            one.stop()
    finally:
        upstream.stop()


def a_request_proxied_to_a_slow_upstream_waits_for_it():
    with place(USER) as here, apache(here) as port:
        raw = ask(port, '/slow?profile=1')
        s, = sessions(here.sessions, 1)
        equal(s.request['bytes_out'], len(raw), 'bytes_out')
        equal(s.truncated(), [])
        check(s.account['cpu_ns'] <= 150e6, 'the CPU of the upstream is not of this process',
              s.account)
        check(s.ns_waiting() >= 290e6, 'it does not wait 0.29 s:',
              [(w['kind'], w['object'], w['span_ns']) for w in s.waits])


TALKS = [talk for path in ('/small.txt', '/large.bin')
         for talk in battery.plain_talks(path) + battery.pipelined_talks(path) +
         battery.head_talks(path)]
PROXIED = battery.plain_talks('/hello') + battery.pipelined_talks('/hello') + \
    battery.post_talks('/echo') + battery.expecting_talks('/echo') + battery.chunked_talks('/echo')
run(*battery.Battery(apache, TALKS, owner=USER).tests('files'),
    *battery.Battery(apache, PROXIED, owner=USER).tests('proxied'),
    a_request_proxied_to_a_slow_upstream_waits_for_it)
