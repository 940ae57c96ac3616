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
# hot/stack_code.c: a HOW that does not exist, and the address it is about.
PROBE = re.compile(r'^(\d+) +rt_sigprocmask\(0xf+, 0x([0-9a-f]+)')
# By design (hot/sampler.c): the thread's CPU time; and why it did not run, if it did not.
CLOCKS = {('clock_gettime', 'CLOCK_THREAD_CPUTIME_ID'), ('getrusage', 'RUSAGE_THREAD')}
PAGE_BYTES = 4096


def ticks(trace):
    """The system calls of each tick of each thread, up to its return; each with its first argument,
    a probe with the address that it is about.  And (thread, address) of all probes of the trace,
    each with whether a tick made it."""
    inside, done, probes = {}, [], []
    for line in trace.splitlines():
        tick, call, probe = TICK.match(line), CALL.match(line), PROBE.match(line)
        if tick:
            inside[tick[1]] = []
        elif probe:
            probes.append((probe[1], int(probe[2], 16), probe[1] in inside))
            if probe[1] in inside:
                inside[probe[1]].append(('probe', int(probe[2], 16)))
        elif call and call[1] in inside:
            if call[2] == 'rt_sigreturn':
                done.append(inside.pop(call[1]))
            else:
                inside[call[1]].append((call[2], call[3]))
    return done, probes


def judge_probes(probes):
    """A tick asks of a page of its stack whether it may be read, when its thread's stack had not
    reached that page before: never of one that the thread asked of, in a tick or out of it."""
    known = set()
    for thread, addr, in_tick in probes:
        page = (thread, addr // PAGE_BYTES)
        if in_tick:
            check(addr % PAGE_BYTES == 0, 'a tick probes what is no page: %#x' % addr)
            check(page not in known, 'a page is probed again: %#x' % addr)
        if addr % PAGE_BYTES == 0:
            known.add(page)


def a_tick_asks_the_kernel_for_two_clocks_and_nothing_else():
    need('strace')
    if subprocess.run(['strace', '-qq', '-o', '/dev/null', 'true'], check=False,
                      capture_output=True).returncode != 0:
        raise Skip('strace may not trace here')
    with place() as here:
        port, trace = free_port(), here.file('trace')
        argv = ['strace', '-f', '-qq', '-e', 'raw=rt_sigprocmask', '-o', trace,
                '-E', 'LD_PRELOAD=' + SHIM, host('burn'), str(port)]
        env = {k: v for k, v in harness.shim_settings(here).items() if k != 'LD_PRELOAD'}
        with server(here, argv, port, shim=False, env=env):
            ask(port, '/burn', headers=[HEADERS['1ms']], close=True)
            until('the session', lambda: files(here.sessions))
        with open(trace) as lines:
            done, probes = ticks(lines.read())
    calls = collections.Counter(call for tick in done for call in tick)
    print('%d ticks; besides rt_sigreturn: %s' % (len(done), dict(calls)))
    check(len(done) >= 50, 'there were only', len(done), 'ticks')
    # Those of its start are there in any case: else nothing here is told apart as a probe.
    check(probes, 'no probe was seen')
    for tick in done:
        check(len(tick) == len(set(tick)), 'a tick asks twice:', tick)
    other = {call: n for call, n in calls.items() if call not in CLOCKS}
    check({name for name, _ in other} <= {'probe'}, 'other calls:', other)
    check(sum(other.values()) <= 8, 'pages of the stack were probed', other)
    judge_probes(probes)


run(a_tick_asks_the_kernel_for_two_clocks_and_nothing_else)
