#!/usr/bin/env python3
# test_uwsgi.py - uWSGI with two threads on three sockets: HTTP, uwsgi and SCGI.
#
# Room: tests.  SPDX-License-Identifier: MIT
import collections
import contextlib
import glob
import os
import re
import signal

import battery
import gateway
import slow
from harness import Server, Skip, check, equal, files, free_port, need, place, run, sessions

HERE = os.path.dirname(os.path.abspath(__file__))
Ports = collections.namedtuple('Ports', 'http uwsgi scgi')
BODY = b'a line of the body\n' * 50
# target, method, body
ASKED = [('/hello?n=1', 'GET', b''), ('/echo?n=2', 'POST', BODY), ('/big?n=3', 'GET', b''),
         ('/hello?open&n=4', 'GET', b''), ('/echo?open&n=5', 'POST', BODY * 100),
         ('/hello?n=6', 'HEAD', b''), ('/big?open&n=7', 'GET', b'')]
WIRES = {'uwsgi': gateway.uwsgi, 'SCGI': gateway.scgi}


@contextlib.contextmanager
def uwsgi(here, shim=True):
    need('uwsgi-core')
    if not glob.glob('/usr/lib/uwsgi/plugins/python3*_plugin.so'):
        raise Skip('uwsgi has no python3 plugin')
    ports = Ports(free_port(), free_port(), free_port())
    argv = ['uwsgi-core', '--plugin', 'python3', '--need-app', '--processes', '1', '--threads',
            '2', '--chdir', HERE, '--module', 'py_wsgi:app']
    for kind, port in zip(('http', 'uwsgi', 'scgi'), ports):
        argv += ['--%s-socket' % kind, '127.0.0.1:%d' % port]
    one = Server(here, argv, ports.http, shim, env={'PYTHONDONTWRITEBYTECODE': '1'})
    try:
        yield ports
    finally:
        one.stop(signal.SIGINT)  # SIGTERM makes it load its application again


def spoken(ports):
    return {'uwsgi': ports.uwsgi, 'SCGI': ports.scgi}


def conversation(ports):
    """The whole answers: unflagged, by the query, by the header; {(wire, target): raw}."""
    got = {}
    for wire, port in spoken(ports).items():
        for target, method, body in ASKED:
            for flag in (None, 'query', 'header'):
                flagged = target + ('&profile=1' if flag == 'query' else '')
                headers = ['X-Reqprof: 1'] if flag == 'header' else []
                told = gateway.variables(flagged + '&by=%s' % flag, method, body, headers)
                raw = gateway.ask_until_closed(port, WIRES[wire](told, body))
                got[wire, target + '&by=%s' % flag, flag] = (method, raw)
    return got


def answers_are_the_same_and_each_flagged_request_leaves_one_session():
    with place() as here:
        with uwsgi(here, shim=False) as ports:
            wanted = conversation(ports)
        equal(files(here.sessions), [], 'the sessions of the bare server')
        with uwsgi(here) as ports:
            got = conversation(ports)
            found = sessions(here.sessions, 2 * 2 * len(ASKED))
        equal(got, wanted, 'the answers')
        found = {(s.request['protocol'], s.target): s for s in found}
        for (wire, target, flag), (method, raw) in got.items():
            if flag:
                tells(found[wire, target], flag, method, raw)
        equal(here.said(), '', 'REQPROF_LOG')


def tells(s, flag, method, raw):
    battery.whole(s, s.target, method=method, trigger=flag, peer='127.0.0.1:4711', status=200,
                  bytes_out=len(raw))
    battery.sampled(s, s.target)
    equal(s.truncated(), [], s.target)


def the_gate_asks_for_the_client_that_is_named():
    with place() as here, uwsgi(here) as ports:
        for wire, port in spoken(ports).items():
            for n, more in enumerate((dict(REMOTE_ADDR='203.0.113.9'), dict(REMOTE_ADDR=None),
                                      dict(HTTP_X_FORWARDED_FOR='127.0.0.1'), dict())):
                told = gateway.variables('/hello?n=%d&profile=1' % n, **more)
                gateway.ask_until_closed(port, WIRES[wire](told))
        found = sessions(here.sessions, 2)
        equal([s.target for s in found], ['/hello?n=3'] * 2, 'who was let in')


def a_sleep_is_a_wait_and_a_burn_is_samples():
    with place() as here, uwsgi(here) as ports:
        equal(slow.sleep_and_burn_are_told(here, ports.http).truncated(), [])
    for wire in WIRES:
        with place() as here, uwsgi(here) as ports:
            told = gateway.variables('/slow?profile=1')
            raw = gateway.ask_until_closed(spoken(ports)[wire], WIRES[wire](told))
            s, = sessions(here.sessions, 1)
            burnt = float(re.search(rb'burnt ([0-9.]+)', raw).group(1)) * 1e9
            check(s.ns_waiting('sleep') >= 200e6, wire, 'does not tell the sleep', s.waits)
            check(0.8 * burnt <= sum(p['cpu_ns'] for p in s.samples) <= 2 * burnt + 50e6,
                  wire, 'has other CPU time than', burnt, 'ns:', s.account)


@contextlib.contextmanager
def by_http(here, shim=True):
    with uwsgi(here, shim) as ports:
        yield ports.http


TALKS = battery.plain_talks('/hello') + battery.post_talks('/echo') + battery.head_talks('/hello')
same = battery.Battery(by_http, [one for talk in TALKS for one in talk.apart()])
run(*same.tests('http'), answers_are_the_same_and_each_flagged_request_leaves_one_session,
    the_gate_asks_for_the_client_that_is_named, a_sleep_is_a_wait_and_a_burn_is_samples)
