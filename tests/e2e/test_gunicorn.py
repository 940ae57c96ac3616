#!/usr/bin/env python3
# test_gunicorn.py - gunicorn with sync workers (one request each) and with threads.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os

import battery
import slow
from harness import check, equal, free_port, need, place, run, server, sessions

HERE = os.path.dirname(os.path.abspath(__file__))


@contextlib.contextmanager
def gunicorn(here, kind, shim=True):
    need('gunicorn')
    port = free_port()
    argv = ['gunicorn', '--bind', '127.0.0.1:%d' % port, '--chdir', HERE, '--log-level', 'warning',
            '--no-sendfile', '--worker-tmp-dir', here.path] + kind + ['py_wsgi:app']
    with server(here, argv, port, shim, env={'PYTHONDONTWRITEBYTECODE': '1'}):
        yield port


def sync(here, shim=True):
    return gunicorn(here, ['--workers', '2'], shim)


def threads(here, shim=True):
    return gunicorn(here, ['--workers', '1', '--worker-class', 'gthread', '--threads', '4'], shim)


def sync_a_sleep_is_a_wait_and_a_burn_is_samples():
    with place() as here, sync(here) as port:
        equal(slow.sleep_and_burn_are_told(here, port).truncated(), [])


def threads_a_sleep_is_a_wait_and_a_burn_is_samples():
    with place() as here, threads(here) as port:
        equal(slow.sleep_and_burn_are_told(here, port).truncated(), [])


def threads_four_flagged_requests_at_once_keep_their_functions_apart():
    with place() as here, threads(here) as port:
        slow.four_at_once_keep_apart(here, port)


def sync_each_worker_leaves_its_own_sessions():
    with place() as here, sync(here) as port:
        slow.all_at_once(port, ['/slow?n=%d&profile=1' % i for i in range(4)])
        pids = {s.request['pid'] for s in sessions(here.sessions, 4)}
        check(1 <= len(pids) <= 2, 'processes of the sessions:', pids)


# gthread answers only the first of several pipelined requests, bare as well: survey, section 1.
TALKS = battery.plain_talks('/hello') + battery.post_talks('/echo') + battery.head_talks('/hello')
ALONE = [one for talk in TALKS for one in talk.apart()]
sync_same = battery.Battery(sync, ALONE)
threads_same = battery.Battery(threads, TALKS)
run(*sync_same.tests('sync'), *threads_same.tests('threads'),
    sync_a_sleep_is_a_wait_and_a_burn_is_samples,
    sync_each_worker_leaves_its_own_sessions,
    threads_a_sleep_is_a_wait_and_a_burn_is_samples,
    threads_four_flagged_requests_at_once_keep_their_functions_apart)
