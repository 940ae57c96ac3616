#!/usr/bin/env python3
# test_account.py - a request whose cost the host knows: the tool tells the same cost.
#
# Room: tests.  Nothing is rounded away in favour of us; what is off is measured again, since this
# machine has other work, and the numbers of every try are printed.  SPDX-License-Identifier: MIT
import os
import re
import subprocess

import harness
from harness import Failed, check, equal, files, run, tool, until
from hosts import HEADERS, host, text, twins
from slow import all_at_once

TRIES = 3
ANSWER = re.compile(r'burnt_us=(\d+) waited_us=(\d+) delayed_us=(\d+) peer=(\S+)\n')


def lines(*args):
    """What `reqprof ARGS` prints for people."""
    done = subprocess.run([harness.TOOL, *args], capture_output=True, check=False)
    check(done.returncode == 0, 'reqprof', *args, 'says', done.stderr.decode())
    return done.stdout.decode().splitlines()


class Told:
    """One flagged request: the host's words, its session, and the analyses of it."""

    def __init__(self, both, interval, raw=None, session=None):
        if not raw:
            raw, session = both.flagged('/burn', interval)
        self.session, self.path = session, session.told['path']
        burnt, waited, delayed, self.peer = ANSWER.fullmatch(text(raw)).groups()
        self.burnt_ms, self.waited_ms = int(burnt) / 1000, int(waited) / 1000
        self.delayed_ms = int(delayed) / 1000

    def self_ms(self, function, *flags):
        rows = tool('flat', '-n', '0', *flags, self.path)['rows']
        return sum(r['time_ns'] for r in rows if r['function'] == function) / 1e6

    def waits_ms(self):
        """The waits for the peer."""
        return [w['span_ns'] / 1e6 for w in self.session.waits
                if w['kind'] == 'recv' and w['object'] == 'tcp ' + self.peer]


def off(seen, wanted):
    return abs(seen - wanted)


def judge(t):
    """The numbers of one request as a text, and what is wrong with them."""
    account = t.session.account
    cpu, wall = t.self_ms('f', '--cpu'), t.self_ms('f')
    waits, unexplained = t.waits_ms(), account['unexplained_ns'] / 1e6
    duration = account['duration_ns'] / 1e6
    limit, idle = max(duration / 100, 1), account['not_running_ns'] / 1e6
    numbers = ('f burnt %.2f ms of CPU: told %.2f, %.2f by the wall; waited %.2f: told %s; '
               'unexplained %.3f of %.2f; cpu %.2f; delayed %.2f: told %.2f'
               % (t.burnt_ms, cpu, wall, t.waited_ms, ['%.2f' % w for w in waits], unexplained,
                  duration, account['cpu_ns'] / 1e6, t.delayed_ms, idle))
    wrong = [why for why, is_wrong in (
        ('the CPU time of f is more than 5 % off', off(cpu, t.burnt_ms) > 0.05 * t.burnt_ms),
        ('the wall time of f is less than its CPU time', wall < 0.95 * cpu),
        ('there is not one wait for the peer', len(waits) != 1),
        ('the wait is more than 2 ms off', any(off(w, t.waited_ms) > 2 for w in waits)),
        ('the time not running is more than 5 % off',
         off(idle, t.delayed_ms) > max(0.05 * duration, 2)),
        ('too much is unexplained', abs(unexplained) > limit)) if is_wrong]
    return numbers, wrong


def in_one_of_some_tries(what, tries):
    """TRIES() gives the requests of one try; in one of them nothing may be wrong."""
    for _ in range(TRIES):
        all_wrong = []
        for told in tries():
            numbers, wrong = judge(told)
            all_wrong += wrong
            print('    %s: %s%s' % (what, numbers, ''.join('; ' + w for w in wrong)))
        if not all_wrong:
            return
    raise Failed('; '.join(all_wrong))


def tell(interval):
    with twins(host('burn')) as both:
        in_one_of_some_tries('at ' + interval, lambda: [Told(both, interval)])


def cpu_waits_and_remainder_are_told_at_one_kilohertz():
    tell('1ms')


def cpu_waits_and_remainder_are_told_at_ten_kilohertz():
    tell('100us')


def on_one_cpu():
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])


def time_without_a_cpu_is_told():
    """Two requests burn at once on one CPU: each is runnable and not running half of the time."""
    with twins(host('burn'), before=on_one_cpu) as both:
        port = both.servers[True].port

        def two():
            before = set(files(both.here.sessions))
            raws = all_at_once(port, ['/burn?profile=1'] * 2)
            new = until('two sessions', lambda: len(files(both.here.sessions)) == len(before) + 2
                        and set(files(both.here.sessions)) - before)
            told = [harness.export(path) for path in new]
            # Which is which: the peer's port is the same, the wait was measured by both.
            first = sorted(told, key=lambda s: s.ns_waiting('recv'))
            return [Told(both, '1ms', raw, session) for raw, session in
                    zip(sorted(raws, key=waited), first)]
        in_one_of_some_tries('two on one CPU', two)


def waited(raw):
    return int(ANSWER.fullmatch(text(raw)).group(2))


def who_calls_and_who_is_called_is_told():
    with twins(host('burn')) as both:
        told = Told(both, '1ms')
        callers = tool('callers', 'f', '--cpu', told.path)['rows']
        equal([r['function'] for r in callers], ['g'], 'the callers of f')
        below = tool('callees', 'g', '--cpu', told.path)['rows']
        equal(below[0]['function'], 'f', 'the first of what g calls')
        check(below[0]['time_ns'] >= 0.95 * sum(r['time_ns'] for r in below), 'g calls', below)
        check(any(re.search(r'\bf\b', line) for line in lines('flat', told.path)[:4]),
              'flat begins with', lines('flat', told.path)[:4])
        check(any(re.search(r'\bg\b', line) for line in lines('callers', 'f', told.path)))
        check(any(re.search(r'\bf\b', line) for line in lines('callees', 'g', told.path)))
        shown = '\n'.join(lines('show', '--show-all', told.path))
        check('recv' in shown and told.peer in shown, 'show does not name the peer:', shown)


def the_parts_of_the_account_add_up():
    with twins(host('burn')) as both:
        for interval in HEADERS:
            a = Told(both, interval).session.account
            parts = [a[k] for k in ('cpu_ns', 'waits_ns', 'not_running_ns', 'idle_ns',
                                    'unexplained_ns')]
            equal(sum(parts), a['duration_ns'], 'the sum of %s' % parts)


run(cpu_waits_and_remainder_are_told_at_one_kilohertz,
    cpu_waits_and_remainder_are_told_at_ten_kilohertz,
    time_without_a_cpu_is_told,
    who_calls_and_who_is_called_is_told,
    the_parts_of_the_account_add_up)
