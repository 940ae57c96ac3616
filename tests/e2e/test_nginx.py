#!/usr/bin/env python3
# test_nginx.py - nginx: files, a proxied upstream, two workers under another user, reload.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os
import pwd
import signal

import battery
import configs
from configs import USER
from harness import PYTHON, Skip, Server, ask, body_of, check, equal, files, free_port, place
from harness import run, sessions, until

UPSTREAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'py_threads.py')


@contextlib.contextmanager
def nginx(here, shim=True, upstream=1, **named):
    port = free_port()
    one = Server(here, configs.nginx(here, port, upstream), port, shim, **named)
    try:
        yield one
    finally:
        one.stop()


@contextlib.contextmanager
def proxying(here, shim=True):
    """nginx before a Python server, which is bare in both rounds."""
    port = free_port()
    upstream = Server(here, [PYTHON, UPSTREAM, str(port)], port, shim=False)
    try:
        with nginx(here, shim, port) as one:
            yield one.port
    finally:
        upstream.stop()


def workers(one):
    with open('/proc/%d/task/%d/children' % (one.pid, one.pid)) as children:
        return set(map(int, children.read().split()))


def a_request_proxied_to_a_slow_upstream_waits_for_it():
    with place(USER) as here, proxying(here) as port:
        raw = ask(port, '/slow?profile=1')
        s, = sessions(here.sessions, 1)
        equal(s.request['bytes_out'], len(raw), 'bytes_out')
        check(s.account['duration_ns'] >= 290e6, 'it is over too early', s.account)
        check(s.account['cpu_ns'] <= 150e6, 'the CPU of the upstream is not of this process',
              s.account)
        away = s.account['waits_ns'] + s.account['idle_ns']
        check(away >= 290e6, 'it neither waits nor is idle for 0.29 s', s.account)


def workers_write_to_the_usual_directory_of_their_user():
    with place() as here:
        usual = '/tmp/reqprof-%d' % os.stat(here.sessions).st_uid
        if USER:
            usual = '/tmp/reqprof-%d' % pwd.getpwnam(USER).pw_uid
        before, was_there = set(files(usual)), os.path.isdir(usual)
        with nginx(here, env={'REQPROF_DIR': None}) as one:
            ask(one.port, '/small.txt?profile=1&n=%d' % one.pid)
            new = until('a session in ' + usual, lambda: set(files(usual)) - before)
            equal(os.stat(usual).st_mode & 0o7777, 0o700, 'the mode of ' + usual)
            equal(here.said(), '', 'REQPROF_LOG')
        for path in new:
            equal(os.stat(path).st_mode & 0o7777, 0o600, 'the mode of ' + path)
            os.remove(path)
        if not was_there:
            os.rmdir(usual)


def a_directory_that_workers_cannot_write_changes_no_answer_and_is_told():
    if not USER:
        raise Skip('needs root, so that the workers are another user')
    with place() as here:
        with nginx(here, False) as one:
            bare = ask(one.port, '/small.txt?profile=1')
        with nginx(here) as one:
            for _ in range(3):
                equal(battery.same_but_for_the_clock(ask(one.port, '/small.txt?profile=1')),
                      battery.same_but_for_the_clock(bare))
            said = until('a line in REQPROF_LOG', here.said)
        equal(files(here.sessions, '*'), [], 'the directory holds')
        check(here.sessions in said, 'REQPROF_LOG does not name the directory:', said)


def reload_keeps_serving_and_new_workers_record():
    with place(USER) as here, nginx(here) as one:
        ask(one.port, '/small.txt?n=1&profile=1')
        old = workers(one)
        one.child.send_signal(signal.SIGHUP)
        until('new workers', lambda: len(workers(one)) == 2 and not workers(one) & old)
        equal(body_of(ask(one.port, '/small.txt?n=2&profile=1')), b'a small file\n')
        found = sessions(here.sessions, 2)
        equal([s.target for s in found], ['/small.txt?n=1', '/small.txt?n=2'], 'targets')
        check(found[0].request['pid'] in old and found[1].request['pid'] in workers(one),
              'the processes of the sessions are not the old and a new worker')


def a_worker_that_dies_is_replaced_and_the_new_one_records():
    with place(USER) as here, nginx(here) as one:
        ask(one.port, '/small.txt?n=1&profile=1')
        first, = sessions(here.sessions, 1)
        old = workers(one)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        until('new workers', lambda: len(workers(one)) == 2 and not workers(one) & old)
        ask(one.port, '/small.txt?n=2&profile=1')
        second = sessions(here.sessions, 2)[1]
        check(first.request['pid'] in old and second.request['pid'] in workers(one),
              'the processes of the sessions are not the old and a new worker')


def it_quits_as_asked():
    with place(USER) as here, nginx(here) as one:
        ask(one.port, '/large.bin?profile=1')
        equal(one.stop(signal.SIGQUIT), 0, 'the exit status')


@contextlib.contextmanager
def alone(here, shim=True):
    with nginx(here, shim) as one:
        yield one.port


TALKS = [talk for path in ('/hi', '/small.txt', '/large.bin')
         for talk in battery.plain_talks(path) + battery.pipelined_talks(path) +
         battery.head_talks(path)]
SAME = ['If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT']
TALKS += [
    battery.Talk('unchanged', '304').one('/small.txt?n=70', 'query', headers=SAME)
    .one('/small.txt?n=71', headers=SAME).one('/small.txt?n=72', 'header', headers=SAME),
    battery.Talk('a part', '206').one('/large.bin?n=73', 'query', headers=['Range: bytes=9-99999'])
    .one('/large.bin?n=74', 'header', headers=['Range: bytes=0-9,20-29']),
    battery.Talk('missing', '404').one('/none?n=75', 'query').one('/none?n=76', 'header'),
]
PROXIED = battery.plain_talks('/hello') + battery.plain_talks('/big') + \
    battery.pipelined_talks('/hello') + battery.post_talks('/echo') + \
    battery.expecting_talks('/echo') + battery.chunked_talks('/echo') + battery.head_talks('/hello')
files_same = battery.Battery(alone, TALKS, owner=USER)
proxied_same = battery.Battery(proxying, PROXIED, owner=USER)
run(*files_same.tests('files'), *proxied_same.tests('proxied'),
    a_request_proxied_to_a_slow_upstream_waits_for_it,
    workers_write_to_the_usual_directory_of_their_user,
    a_directory_that_workers_cannot_write_changes_no_answer_and_is_told,
    reload_keeps_serving_and_new_workers_record,
    a_worker_that_dies_is_replaced_and_the_new_one_records, it_quits_as_asked)
