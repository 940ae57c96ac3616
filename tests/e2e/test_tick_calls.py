#!/usr/bin/env python3
# test_tick_calls.py - what a tick asks of the kernel, as strace sees it: two clocks, and the way
# back.  The walk itself asks nothing.
#
# Room: tests.  test_tripwire.c shows the same of locks and of malloc.
# SPDX-License-Identifier: MIT
import collections
import re
import subprocess

from harness import SHIM, Skip, ask, check, files, free_port, need, place, run, server, until
from hosts import HEADERS, host
import harness

TICK = re.compile(r'^(\d+) +--- SIG\w+ \{si_signo=\w+, si_code=SI_TIMER')
CALL = re.compile(r'^(\d+) +(\w+)\(([^,)]*)')
# By design (hot/sampler.c): the thread's CPU time; and why it did not run, if it did not.
CLOCKS = {('clock_gettime', 'CLOCK_THREAD_CPUTIME_ID'), ('getrusage', 'RUSAGE_THREAD')}


def ticks(trace):
    """The system calls of each tick of each thread, up to its return."""
    inside, done = {}, []
    for line in trace.splitlines():
        tick, call = TICK.match(line), CALL.match(line)
        if tick:
            inside[tick[1]] = []
        elif call and call[1] in inside:
            if call[2] == 'rt_sigreturn':
                done.append(inside.pop(call[1]))
            else:
                inside[call[1]].append((call[2], call[3]))
    return done


def a_tick_asks_the_kernel_for_two_clocks_and_nothing_else():
    need('strace')
    if subprocess.run(['strace', '-qq', '-o', '/dev/null', 'true'], check=False,
                      capture_output=True).returncode != 0:
        raise Skip('strace may not trace here')
    with place() as here:
        port, trace = free_port(), here.file('trace')
        argv = ['strace', '-f', '-qq', '-o', trace, '-E', 'LD_PRELOAD=' + SHIM, host('burn'),
                str(port)]
        env = {k: v for k, v in harness.shim_settings(here).items() if k != 'LD_PRELOAD'}
        with server(here, argv, port, shim=False, env=env):
            ask(port, '/burn', headers=[HEADERS['1ms']], close=True)
            until('the session', lambda: files(here.sessions))
        with open(trace) as lines:
            done = ticks(lines.read())
    calls = collections.Counter(call for tick in done for call in tick)
    print('%d ticks; besides rt_sigreturn: %s' % (len(done), dict(calls)))
    check(len(done) >= 50, 'there were only', len(done), 'ticks')
    for tick in done:
        check(len(tick) == len(set(tick)), 'a tick asks twice:', tick)
    other = {call: n for call, n in calls.items() if call not in CLOCKS}
    # Once for each page that the stack had not reached before: may it be read?
    check({name for name, _ in other} <= {'rt_sigprocmask'}, 'other calls:', other)
    check(sum(other.values()) <= 8, 'pages of the stack were probed', other)


run(a_tick_asks_the_kernel_for_two_clocks_and_nothing_else)
