#!/usr/bin/env python3
# test_blame.py - who held the lock: the true holder in each of 100 contentions, with the place
# where it was let go; and nobody where the wait was for something else.
#
# Room: tests.  The truth is said by tests/hosts/contend.c.  SPDX-License-Identifier: MIT
import subprocess
import threading

import harness
from harness import ask, check, equal, files, run, until
from hosts import HEADERS, host, text, twins

N_CONTENTIONS = 100


def released_in(session, wait):
    """The functions on the stack of the holder's release; empty when it is not known."""
    stack = wait['held']['stack']
    if stack is None:
        return []
    return [session.functions[f]['function'] for f in session.told['stacks'][stack]]


def warm_up(both):
    """The first flagged request of a process: the tables of stacks come while it runs."""
    both.flagged('/innocent')


def the_true_holder_is_named_in_100_of_100_contentions():
    with twins(host('contend')) as both:
        warm_up(both)
        raw, s = both.flagged('/contend')
        truth = [line.split() for line in text(raw).splitlines()]
        equal(len(truth), N_CONTENTIONS, 'the number of contentions')
        locks = sorted((w for w in s.waits if w['kind'] in ('mutex', 'rwlock')),
                       key=lambda w: w['at_ns'])
        equal(len(locks), N_CONTENTIONS, 'the number of waits for locks')
        for (kind, lock, tid, place, whose), w in zip(truth, locks):
            equal((w['kind'], w['object']), (kind, lock), 'kind and lock')
            equal(w['held']['tid'], int(tid), '%s %s: the holder' % (kind, lock))
            own = s.told['id'] if whose == 'own' else None
            equal(w['held']['request'], own, '%s %s: whose the holder was' % (kind, lock))
            equal(w['held']['words'], 'held by thread ' + tid + (
                ' (this request)' if own else ''))
            check(place in released_in(s, w), kind, lock, 'was let go in', place, 'and not on',
                  released_in(s, w))
        others = {w['kind'] for w in s.waits if w['held'] and w not in locks}
        equal(others, set(), 'other waits with a holder')


def waits_tells_the_same():
    with twins(host('contend')) as both:
        warm_up(both)
        raw, s = both.flagged('/contend')
        told = harness.tool('waits', '-n', '0', '--json', s.told['path'])
        rows = {(r['kind'], r['object']): r for r in told['rows']}
        for line in text(raw).splitlines():
            kind, lock, tid, place, _ = line.split()
            one, = rows[kind, lock]['holders']
            equal(one['tid'], int(tid), 'the holder of %s %s' % (kind, lock))
            check(place in [f['function'] for f in one['let_go']], line, one['let_go'])
        equal(sum(r['count'] for r in rows.values()), len(s.waits), 'waits in all rows')
        for by in ('kind', 'stack'):
            other = harness.tool('waits', '--by', by, '-n', '0', '--json', s.told['path'])
            equal(other['whole_ns'], told['whole_ns'], 'the sum by ' + by)


def nobody_is_blamed_for_a_wait_that_was_for_something_else():
    with twins(host('contend')) as both:
        for interval in HEADERS:
            _, s = both.flagged('/innocent', interval)
            kinds = [w['kind'] for w in s.waits]
            check('sem wait' in kinds and 'cond wait' in kinds, 'waits are missing:', kinds)
            held = [(w['kind'], w['held']['words']) for w in s.waits if w['held']]
            equal(held, [('rwlock', 'held by readers')], 'what is held')


def a_spinlock_is_cpu_and_no_wait():
    with twins(host('contend')) as both:
        warm_up(both)
        _, s = both.flagged('/spin')
        equal([w for w in s.waits if w['held']], [])
        spun = s.ns_in(lambda f: 'spin_lock' in f['function'])
        check(spun >= 20e6, 'it spun for 60 ms, and the samples say', spun)


def the_request_of_the_holder_is_named():
    with twins(host('contend')) as both:
        warm_up(both)
        port, answers = both.servers[True].port, {}

        def one(path):
            answers[path] = ask(port, path + '?profile=1', close=True)
        askers = [threading.Thread(target=one, args=(p,)) for p in ('/hold', '/take')]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        until('three sessions', lambda: len(files(both.here.sessions)) == 3)
        found = {s.target: s for s in map(harness.export, files(both.here.sessions))}
        lock, tid, place = text(answers['/hold']).split()
        s = found['/take']
        w, = [w for w in s.waits if w['held']]
        equal((w['object'], w['held']['tid']), (lock, int(tid)))
        equal(w['held']['request'], found['/hold'].told['id'], 'the request of the holder')
        check(place in released_in(s, w), 'it was let go in', place, 'and not on',
              released_in(s, w))
        shown = subprocess.run([harness.TOOL, 'show', '--show-all', s.told['path']],
                               capture_output=True, check=True).stdout.decode()
        name = '[wait: mutex %s held by thread %s (request %s)]' % (
            lock, tid, found['/hold'].told['id'])
        check(name in shown, name, 'is not in', shown)


run(the_true_holder_is_named_in_100_of_100_contentions,
    waits_tells_the_same,
    nobody_is_blamed_for_a_wait_that_was_for_something_else,
    a_spinlock_is_cpu_and_no_wait,
    the_request_of_the_holder_is_named)
