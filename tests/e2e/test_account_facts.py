#!/usr/bin/env python3
# test_account_facts.py - what must hold whatever the time: sleepers sleep on, a pool's thread is its
# maker's only until it waits for work, and what lay unread or stalled is told.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import glob
import json
import re
import subprocess
import threading
import time

import harness
from harness import Client, Failed, ask, check, equal, request, run, server, sessions
from hosts import HEADERS, host, place

FLAG = [HEADERS['1ms']]


@contextlib.contextmanager
def mix(env=None):
    with place() as here:
        port = harness.free_port()
        with server(here, [host('mix'), str(port)], port, env=env) as one:
            yield here, port, one.pid


def switches(pid):
    """Voluntary and forced switches of every thread but ours."""
    told = {}
    for path in glob.glob('/proc/%d/task/*/status' % pid):
        with open(path) as status:
            text = status.read()
        if not re.search(r'^Name:\treqprof$', text, re.M):
            told[path] = tuple(int(n) for n in re.findall(r'ctxt_switches:\t(\d+)', text))
    return told


def while_it_dozes(flagged, env=None):
    """How often any thread was switched while one of them waits a second for nothing."""
    for _ in range(5):
        told, took = look_while_it_dozes(flagged, env)
        if took < 1:
            return told
    raise Failed('we never looked in time: the last time after %.3f s' % took)


def look_while_it_dozes(flagged, env):
    """The same, and how long after the request we looked: the wait may be over after a second."""
    with mix(env) as (here, port, pid), Client(port) as client:
        sent = time.monotonic()
        client.send(request('/doze', headers=FLAG if flagged else ()))
        time.sleep(0.3)
        before = switches(pid)
        time.sleep(0.5)
        after = switches(pid)
        took = time.monotonic() - sent
        check(client.answer().endswith(b'dozed 0\n'))
        if flagged or env:
            session = sessions(here.sessions, 1)[0]
            check(session.ns_waiting('epoll_wait') > 8e8, session.waits)
    equal(sorted(before), sorted(after), 'the threads')
    return sum(sum(after[t]) - sum(before[t]) for t in after), took


def sleepers_are_never_woken():
    equal(while_it_dozes(False), 0, 'switches without a flag')
    equal(while_it_dozes(True), 0, 'switches while a flagged request waits')
    slow = {'REQPROF_SLOW': '500ms', 'REQPROF_SLOW_INTERVAL': '1ms'}
    equal(while_it_dozes(False, slow), 0, 'switches while a slow request waits')


def a_pools_thread_is_its_makers_until_it_waits_for_work():
    with mix() as (here, port, _):
        answers = []
        maker = threading.Thread(
            target=lambda: answers.append(ask(port, '/pool', headers=FLAG, close=True)))
        maker.start()
        time.sleep(0.3)
        for _ in range(3):
            check(ask(port, '/job', close=True).endswith(b'done\n'))
        maker.join()
        check(answers[0].endswith(b'made\n'))
        session = sessions(here.sessions, 1)[0]
        names = session.names()
        check('work_of_the_maker' in names, 'the new thread is not followed:', sorted(names))
        check('work_of_somebody' not in names, 'work of others is told:', sorted(names))
        equal(len(session.account['lanes']), 2, 'lanes')


def a_request_that_lay_unread_says_so():
    with mix() as (here, port, _), Client(port) as client:
        client.send(request('/doze'))
        time.sleep(0.3)
        client.send(request('/doze', headers=FLAG))
        sent = time.monotonic()
        client.answer()
        lay_ns = (time.monotonic() - sent) * 1e9
        client.answer()
        counters = sessions(here.sessions, 1)[0].told['counters']
        tick_ns = counters['arrival_tick_ns']
        check(lay_ns > 4 * tick_ns, 'the client was too slow')
        check(0.5 * lay_ns < counters['unread_ns'] < 1.5 * lay_ns + tick_ns,
              'unread', counters, 'and not', lay_ns)
        check('accept_queue_ns' not in counters, counters)


def what_the_client_reads_slowly_is_the_clients():
    """The server blocks in send; phases and account call it the client's."""
    with mix() as (here, port, _), Client(port) as client:
        client.send(request('/mix', headers=FLAG))
        client.stuck()
        time.sleep(0.3)
        client.answer()
        session = sessions(here.sessions, 1)[0]
        wall = session.account['wall']
        check(wall['client_reads_ns'] > 2e8 and wall['client_sends_ns'] == 0, wall)
        told = {}
        for verb in ('phases', 'account'):
            done = subprocess.run([harness.TOOL, verb, '--json', session.told['path']],
                                  capture_output=True, check=True)
            told[verb] = json.loads(done.stdout)['sessions'][0]
            text = subprocess.run([harness.TOOL, verb, '--no-unicode', session.told['path']],
                                  capture_output=True, check=True).stdout.decode()
            check(re.search('client.* reads' if verb == 'account' else '^client reads .*#', text,
                            re.M), verb, 'says', text)
        equal(told['account']['account'], session.account, 'the account')
        check(sum(w['span_ns'] for w in told['phases']['client'] if w['way'] == 'reads') > 2e8,
              told['phases'])


run(sleepers_are_never_woken,
    a_pools_thread_is_its_makers_until_it_waits_for_work,
    a_request_that_lay_unread_says_so,
    what_the_client_reads_slowly_is_the_clients)
