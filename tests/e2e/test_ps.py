#!/usr/bin/env python3
# test_ps.py - reqprof ps: the requests in flight in real servers, what is done for each, and for
# whom it waits.
#
# Room: tests.  SPDX-License-Identifier: MIT
import os
import signal
import stat
import subprocess
import threading
import time

import harness
from harness import (AS_ROOT, Client, ask, check, equal, free_port, need, place, ps, request, run,
                     server, shown_in_ps, until)
from hosts import host, twins
from plain_nginx import proxy
from upstream import Upstream

PS = {'REQPROF_PS': '1'}


def row(pid, path, true=lambda r: True):
    """The one row of PATH, once TRUE(row)."""
    found = until('%s in reqprof ps %d' % (path, pid),
                  lambda: [r for r in ps(pid) if r['path'] == path and true(r)])
    equal(len(found), 1, 'rows of ' + path)
    return found[0]


def a_thread_is_shown_running_and_waiting():
    with twins(host('flicker'), env=PS) as both:
        one = both.servers[True]
        both.unflagged('/quick/0')
        shown_in_ps(one.pid)
        until('nothing in flight', lambda: ps(one.pid) == [])
        for path, doing in (('/sleep/1500', 'sleep 1.500 s'), ('/burn/700', 'runs')):
            began = time.monotonic()
            asked = threading.Thread(target=both.unflagged, args=(path + '?secret=x',))
            asked.start()
            r = row(one.pid, path, lambda r: r['doing'] == doing)
            equal((r['pid'], r['method'], r['status'], r['flagged'], r['server']),
                  (one.pid, 'GET', 0, False, 'flicker'))
            check(r['tid'] and r['tid'] != one.pid, 'its thread is', r)
            check(0 < r['age_ns'] <= (time.monotonic() - began) * 1e9, 'its age is', r)
            check(r['waits_ns'] <= r['age_ns'], 'it waits longer than it lives', r)
            asked.join()
        until('nothing in flight', lambda: ps(one.pid) == [])


def one_that_is_flagged_is_shown_as_well():
    with twins(host('flicker'), env=PS) as both:
        one = both.servers[True]
        both.unflagged('/quick/0')
        shown_in_ps(one.pid)
        asked = threading.Thread(target=both.flagged, args=('/sleep/800',))
        asked.start()
        r = row(one.pid, '/sleep/800', lambda r: r['doing'].startswith('sleep'))
        check(r['flagged'] and r['tid'], 'it is shown as', r)
        asked.join()
        until('nothing in flight', lambda: ps(one.pid) == [])


def one_that_is_flagged_later_is_sampled():
    """Its thread sits where others did before it."""
    with twins(host('flicker'), env=PS) as both:
        for _ in range(4):
            both.unflagged('/burn/5')
        for _ in range(3):
            _, s = both.flagged('/burn/300')
            ticks = [p for p in s.samples if p['kind'] == 'tick']
            check(len(ticks) >= 100, 'there are', len(ticks), 'ticks in', s.account)
            both.unflagged('/burn/5')


def an_event_loop_says_whom_it_asked():
    with place() as here, Upstream(1.5) as up, proxy(here, up, PS) as nginx:
        with Client(nginx.port) as first:  # makes the table
            first.send(request('/a'))
            shown_in_ps(nginx.pid)
            with Client(nginx.port) as second:
                second.send(request('/b'))
                r = row(nginx.pid, '/b', lambda r: not r['tid'])
                equal(r['doing'], 'upstream tcp 127.0.0.1:%d' % up.port)
                second.answer()
            first.answer()
        until('nothing in flight', lambda: ps(nginx.pid) == [])


def a_wait_has_its_peer():
    need('php')
    with place() as here, Upstream(1.5) as up:
        port = free_port()
        app = here.file('app.php', '<?php if ($_SERVER["REQUEST_URI"] != "/") { '
                        'file_get_contents("http://127.0.0.1:%d/"); } echo "done";' % up.port)
        with server(here, ['php', '-n', '-d', 'allow_url_fopen=1', '-S', '127.0.0.1:%d' % port, app],
                    port, env=PS) as php:
            ask(port, '/', close=True)
            shown_in_ps(php.pid)
            asked = threading.Thread(target=ask, args=(port, '/far'), kwargs={'close': True})
            asked.start()
            r = row(php.pid, '/far', lambda r: '127.0.0.1:%d' % up.port in r['doing'])
            check(r['doing'].split()[0] in ('poll', 'recv', 'read'), 'it does', r)
            asked.join()


def the_table_is_its_users_alone_and_what_is_left_of_it_is_removed():
    with twins(host('flicker'), env=PS) as both:
        one = both.servers[True]
        both.unflagged('/quick/0')
        path = shown_in_ps(one.pid)
        equal(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        equal(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o700)
        equal(os.stat(path).st_uid, os.geteuid())
        one.stop(signal.SIGKILL)
        gone = lambda: not ps(one.pid) and not os.path.exists(path)
        until('the table of a dead process is removed', gone)
        with open(path, 'wb') as half_made:  # it ended in the making of it
            half_made.truncate(1 << 16)
        until('a table without a mark is removed', gone)
        equal(both.here.said(), '')


def a_process_that_ends_takes_its_table_along():
    with twins(host('flicker'), env=PS) as both:
        one = both.servers[True]
        both.unflagged('/quick/0')
        path = shown_in_ps(one.pid)
        with Client(one.port) as client:
            client.send(request('/exit/1'))
            while client.more():
                pass
        until('its end', one.ended)
        check(not os.path.exists(path), 'the table of a process that ended is still there')


def what_cannot_be_shown_is_said_and_served():
    if not AS_ROOT:
        raise harness.Skip('a directory of another user needs root')
    with twins(host('flicker'), env=PS, before=lambda: os.setuid(4712)) as both:
        made = '/dev/shm/reqprof-4712'
        os.mkdir(made, 0o755)  # root's, and open to others
        try:
            both.unflagged('/quick/0')
            until('the log', both.here.said)
            check('belongs to another user' in both.here.said(), 'the log says', both.here.said())
            both.unflagged('/quick/0')
        finally:
            os.rmdir(made)


def tables_of(pid, began):
    """Those that this process may have made: one that was killed before may have had its number."""
    return [table for table in harness.glob.glob('/dev/shm/reqprof-*/%d' % pid)
            if os.stat(table).st_mtime >= began]


def nobody_asked_and_there_is_none():
    began = time.time()
    with twins(host('flicker')) as both:
        both.unflagged('/quick/0')
        both.flagged('/quick/0')
        equal(tables_of(both.servers[True].pid, began), [], 'tables')
    done = subprocess.run([harness.TOOL, 'ps', '999999999'], capture_output=True, text=True,
                          check=False)
    equal(done.returncode, 1)
    check('REQPROF_PS' in done.stderr, 'reqprof ps says', done.stderr)


def run_turns_it_on():
    began = time.time()
    with place() as here:
        port = free_port()
        argv = [harness.TOOL, 'run', '--', host('flicker'), str(port)]
        with server(here, argv, port, shim=False, env={'REQPROF_DIR': here.sessions}) as one:
            ask(port, '/quick/0', close=True)
            shown_in_ps(one.pid)
            equal(len(tables_of(one.pid, began)), 1, 'its table')
        began = time.time()
        argv = [harness.TOOL, 'run', '--ps', '0', '--', host('flicker'), str(port)]
        with server(here, argv, port, shim=False, env={'REQPROF_DIR': here.sessions}) as one:
            ask(port, '/quick/0', close=True)
            time.sleep(0.2)
            equal(tables_of(one.pid, began), [], 'tables')


run(a_thread_is_shown_running_and_waiting, one_that_is_flagged_is_shown_as_well,
    one_that_is_flagged_later_is_sampled, an_event_loop_says_whom_it_asked, a_wait_has_its_peer,
    the_table_is_its_users_alone_and_what_is_left_of_it_is_removed,
    a_process_that_ends_takes_its_table_along, what_cannot_be_shown_is_said_and_served,
    nobody_asked_and_there_is_none, run_turns_it_on)
