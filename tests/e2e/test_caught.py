#!/usr/bin/env python3
# test_caught.py - requests that nobody flagged: the slow and the failing ones are kept, told as
# truly as if they had been, and the server notices nothing.
#
# Room: tests.  What each blocking call returns meanwhile: test_waits.py.
# SPDX-License-Identifier: MIT
import os
import re
import subprocess
import threading
import time

import harness
from harness import (Client, ask, check, equal, export, files, free_port, need, place, request, run,
                     server, sessions, tool, until)
from hosts import host, text, twins
from plain_nginx import plain_nginx, proxy
from upstream import Upstream

SLOW = {'REQPROF_SLOW': '100ms'}
PARTS = ('cpu_ns', 'waits_ns', 'not_running_ns', 'idle_ns', 'unwatched_ns', 'unexplained_ns')


def adds_up(session, own_ns=12_000_000):
    """The parts are the duration; what is unexplained, or was before the clocks were read (at most
    two looks of our thread, and whatever kept it from looking), is little."""
    a = session.account
    check(abs(sum(a[k] for k in PARTS) - a['duration_ns']) <= 6, 'the parts do not add up', a)
    limit = max(a['duration_ns'] / 100, own_ns)
    check(abs(a['unexplained_ns']) <= limit, 'too much is unexplained', a)
    return a


def counter(session, name):
    return session.told['counters'].get(name, 0)


def what_is_slow_is_kept_and_what_is_quick_is_not():
    with twins(host('flicker'), env=SLOW) as both:
        for _ in range(20):
            both.unflagged('/quick/0')
        raw, s = both.caught('/sleep/200')
        for _ in range(20):
            both.unflagged('/quick/0')
        equal(s.request['trigger'], 'slow')
        equal(counter(s, 'slow_bound_ns'), 100_000_000)
        equal(s.request['method'], 'GET')
        check(s.request['peer'].startswith('127.0.0.1:'), 'the peer is', s.request['peer'])
        sleep = max(s.waits, key=lambda w: w['span_ns'])
        equal((sleep['kind'], sleep['object']), ('sleep', '200 ms'))
        check(sleep['span_ns'] >= 199e6, 'the sleep is told as', sleep)
        check('sleep_ms' in s.names(), 'where it slept is not known', s.names())
        adds_up(s)
        said = subprocess.run([harness.TOOL, 'show', s.told['path']], capture_output=True,
                              text=True, check=True).stdout
        check('kept: slower than 100.0 ms (REQPROF_SLOW)' in said, 'show says', said)
        check('not recorded' in said, 'show says', said)
        both.finish()


def cpu_is_told_with_its_stacks():
    with twins(host('flicker'), env=SLOW) as both:
        both.caught('/burn/150')  # the first one has no tables of stacks yet
        _, s = both.caught('/burn/400')
        a = adds_up(s)
        measured = a['cpu_ns'] + a['unwatched_ns']
        check(a['cpu_ns'] <= 405e6 and measured >= 395e6, 'of 400 ms of CPU are told', a)
        ticks = [p for p in s.samples if p['wall_ns']]
        check(len(ticks) >= 5, 'there are', len(ticks), 'samples')
        in_burn = s.ns_in(lambda f: f['function'] == 'burn_us')
        check(in_burn >= 0.9 * sum(p['wall_ns'] for p in ticks), 'in burn_us are', in_burn)
        rows = tool('flat', '--cpu', '-n', '0', s.told['path'])['rows']
        check(sum(r['time_ns'] for r in rows) <= a['cpu_ns'] + 5, 'flat has more than there is')


def a_failing_status_is_kept_however_quick():
    with twins(host('flicker'), env={'REQPROF_ERRORS': '5xx,418'}) as both:
        for status in ('200', '404', '499', '418', '500', '503', '599'):
            if status in ('418', '500', '503', '599'):
                _, s = both.caught('/status/' + status)
                equal((s.request['status'], s.request['trigger']), (int(status), 'status'))
                adds_up(s)
            else:
                both.unflagged('/status/' + status)
        both.finish()


def no_call_returns_early_however_often_the_thread_is_called():
    with twins(host('flicker'), env={**SLOW, 'REQPROF_SLOW_INTERVAL': '1ms'}) as both:
        right = re.sub(r'\d+', 'N', 'rounds=1 ' + ' '.join(
            k + '=0' for k in ('poll', 'sleep', 'recv', 'sem', 'epoll', 'select')))
        called = 0
        for n in range(10):  # a busy machine may leave no time to call it
            raw, s = both.caught('/flicker/1500' if n else '/flicker/150')
            equal(re.sub(r'rounds=\d+', 'rounds=N', text(raw)).strip(),
                  right.replace('=N', '=0').replace('rounds=0', 'rounds=N'))
            adds_up(s, 30_000_000)
            called += bool(counter(s, 'ticks'))
            if n >= 2 and called:
                break
        check(called, 'it was never called: the test says nothing')


def workers_that_keep_all_signals_out_are_sampled_and_keep_their_mask():
    with twins(host('flicker'), 'blocked', env={**SLOW, 'REQPROF_SLOW_INTERVAL': '2ms'}) as both:
        bare = text(both.bare('/burn/1'))
        with Client(both.servers[True].port) as client:
            for n in range(1, 5):
                client.send(request('/burn/150'))
                equal(text(client.answer()), bare, 'the mask')
                until('session %d' % n, lambda: len(files(both.here.sessions)) == n)
        told = sessions(both.here.sessions, 4)
        check(len(told[-1].samples) > 10, 'samples of each request:', [len(s.samples) for s in told])


def kept_ones_take_nothing_from_those_that_are_flagged():
    env = {'REQPROF_SLOW': '10ms', 'REQPROF_RATE': '0.01', 'REQPROF_BURST': '2',
           'REQPROF_CONCURRENT': '1'}
    with twins(host('flicker'), env=env) as both:
        threads = [threading.Thread(target=both.unflagged, args=('/sleep/400',)) for _ in range(8)]
        for thread in threads:
            thread.start()
        flagged = lambda: ask(both.servers[True].port, '/sleep/20', headers=['X-Reqprof: 1'])
        flagged()  # while eight are in flight
        for thread in threads:
            thread.join()
        flagged()
        told = sessions(both.here.sessions, 4)
        equal(sorted(s.request['trigger'] for s in told), ['header', 'header', 'slow', 'slow'])
        equal(sum(s.lost.get('caught_rate', 0) for s in told), 6)


def one_that_hangs_is_told_while_it_does():
    with twins(host('flicker'), env={**SLOW, 'REQPROF_MAX_SECONDS': '1'}) as both:
        thread = threading.Thread(target=both.unflagged, args=('/sleep/2500',))
        thread.start()
        until('its session', lambda: files(both.here.sessions))
        check(thread.is_alive(), 'it is over already')
        thread.join()
        s, = sessions(both.here.sessions, 1)
        equal(s.request['ended'], 'a limit of the recording was reached')
        check(0.9e9 < s.account['duration_ns'] < 2e9, 'it was told at', s.account)
        adds_up(s)


def a_server_that_ends_leaves_what_was_slow():
    with twins(host('flicker'), env=SLOW) as both:
        with Client(both.servers[True].port) as client:
            client.send(request('/exit/300'))
            while client.more():
                pass
        s, = sessions(both.here.sessions, 1)
        equal(s.request['ended'], 'the connection was closed')
        check([w for w in s.waits if w['kind'] == 'sleep'], 'the waits are', s.waits)


def an_event_loop_names_whom_it_asked():
    with place() as here, Upstream(0.12) as up, \
            proxy(here, up, {'REQPROF_SLOW': '50ms'}) as nginx:
        for n in (1, 2):
            ask(nginx.port, '/', close=True)
            until('session %d' % n, lambda: len(files(here.sessions)) == n)
            s = export(files(here.sessions)[-1])
            a = adds_up(s)
            wait = max(s.waits, key=lambda w: w['span_ns'])
            equal((wait['kind'], wait['object']), ('upstream', 'tcp 127.0.0.1:%d GET /' % up.port))
            check(wait['span_ns'] >= 0.95 * up.took[-1], 'it is', wait, 'and truly', up.took[-1])
            check(a['waits_ns'] >= 0.95 * up.took[-1], 'the account does not have it', a)
            equal(counter(s, 'upstreams'), 1)


def a_client_that_reads_slowly_is_called_that():
    with place() as here, plain_nginx(here, 'root %s;' % here.path,
                                      {'REQPROF_SLOW': '150ms'}) as nginx:
        here.file('big', b'x' * (16 << 20))
        with Client(nginx.port) as client:
            client.send(request('/big'))
            client.stuck()
            time.sleep(0.4)
            client.answer()
        s, = sessions(here.sessions, 1)
        a = adds_up(s)
        check(a['wall']['client_reads_ns'] >= 0.3e9, 'the client read slowly:', a['wall'])


def forked_workers_catch_their_own_from_the_first_on():
    need('gunicorn')
    for shown in '0', '1':
        workers_catch_their_own(shown)


def workers_catch_their_own(shown):
    with place() as here:
        port = free_port()
        argv = ['gunicorn', '--bind', '127.0.0.1:%d' % port, '--chdir', os.path.dirname(__file__),
                '--log-level', 'warning', '--worker-tmp-dir', here.path, '--workers', '2',
                'py_wsgi:app']
        with server(here, argv, port, env={'REQPROF_SLOW': '250ms', 'REQPROF_PS': shown,
                                            'PYTHONDONTWRITEBYTECODE': '1'}):
            for n in range(1, 5):
                ask(port, '/slow?n=%d' % n, close=True)
                until('session %d' % n, lambda: len(files(here.sessions)) == n)
            for s in sessions(here.sessions, 4):
                adds_up(s)
                equal(s.request['trigger'], 'slow')
                check(max(w['span_ns'] for w in s.waits) > 200e6, 'its sleep is not told', s.waits)


run(what_is_slow_is_kept_and_what_is_quick_is_not, cpu_is_told_with_its_stacks,
    a_failing_status_is_kept_however_quick,
    no_call_returns_early_however_often_the_thread_is_called,
    workers_that_keep_all_signals_out_are_sampled_and_keep_their_mask,
    kept_ones_take_nothing_from_those_that_are_flagged, one_that_hangs_is_told_while_it_does,
    a_server_that_ends_leaves_what_was_slow, an_event_loop_names_whom_it_asked,
    a_client_that_reads_slowly_is_called_that, forked_workers_catch_their_own_from_the_first_on)
