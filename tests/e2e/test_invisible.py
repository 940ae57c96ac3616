#!/usr/bin/env python3
# test_invisible.py - what a host and its neighbours can see of the shim: nothing before the first
# flagged request; after it, in the kernel's tables only, one caught signal and one thread.
#
# Room: tests.  SPDX-License-Identifier: MIT
import collections
import os
import re
import signal
import subprocess

import harness
from harness import (ask, check, equal, files, free_port, need, place, run, server, shim_settings,
                     until)
from hosts import host, same_answers, text, twins

GIVEN = ('env LD_PRELOAD=', 'env REQPROF')  # by us
IN_KERNEL = ('SigQ', 'SigCgt', 'threads', 'ID:', 'ClockID:')  # told by /proc, not by calls


def but_libc(line):
    """Signals 32 and 33 are libc's own: it takes them with a process's second thread, also where
    whoever started the process had them ignored."""
    if not line.startswith('SigIgn'):
        return line
    return 'SigIgn:\t%016x' % (int(line.split()[-1], 16) & ~(3 << 31))


def state(raw):
    """What the host tells of itself, but what we put into its environment."""
    return [but_libc(line) for line in text(raw).splitlines() if not line.startswith(GIVEN)]


def as_calls_tell(raw):
    return [line for line in state(raw) if not line.startswith(IN_KERNEL)]


def of(raw, word):
    return [line.split()[-1] for line in state(raw) if line.startswith(word)]


def caught(raw):
    """The signals that the kernel says are caught."""
    bits = int(of(raw, 'SigCgt')[0], 16)
    return {n + 1 for n in range(64) if bits >> n & 1}


def without_queue(raw):
    """SigQ counts the signals of the whole user, of other processes, too."""
    return [line for line in state(raw) if not line.startswith('SigQ')]


def a_host_sees_nothing_before_a_flagged_request():
    with twins(host('witness')) as both:
        for _ in range(3):
            equal(without_queue(both.unflagged('/state')), without_queue(both.bare('/state')))
        both.finish()


def the_kernel_shows_nothing_before_a_flagged_request():
    with twins(host('witness')) as both:
        both.unflagged('/calls')
        bare, shim = both.servers[False].pid, both.servers[True].pid
        # The answer is there before its connection is closed.
        until('both to be at rest', lambda: len(outside(bare)[1]) == len(outside(shim)[1]) == 4)
        equal(outside(shim), outside(bare), 'what /proc shows')
        both.finish()


def outside(pid):
    """What /proc shows of a process: signals, threads, descriptors, timers."""
    def read(name):
        with open('/proc/%d/%s' % (pid, name)) as f:
            return f.read()
    wanted = re.compile('Sig[^Q]|Shd|Threads|NoNew|Seccomp')
    lines = [l for l in read('status').splitlines() if wanted.match(l)]
    fds = sorted(os.listdir('/proc/%d/fd' % pid))
    timers = read('timers') if os.path.exists('/proc/%d/timers' % pid) else ''
    return lines, fds, timers, os.listdir('/proc/%d/task' % pid) == [str(pid)]


def no_directory_is_made_before_a_flagged_request():
    with place() as here:
        port, folder = free_port(), here.file('not-yet')
        with server(here, [host('witness'), str(port)], port, env={'REQPROF_DIR': folder}):
            ask(port, '/state', close=True)
            check(not os.path.exists(folder), 'the directory of sessions is there')
            ask(port, '/state?profile=1', close=True)
            until('a session', lambda: files(folder))
            equal(os.stat(folder).st_mode & 0o777, 0o700, 'its mode')


def but_pending(line, signals):
    """A tick that comes due inside a system call pends until the call returns."""
    if not line.startswith('SigPnd'):
        return line
    return 'SigPnd:\t%016x' % (int(line.split()[-1], 16) & ~sum(1 << s - 1 for s in signals))


def a_host_sees_nothing_after_a_flagged_request_by_any_call():
    with twins(host('witness')) as both:
        bare = as_calls_tell(both.bare('/state'))
        for flagged in (True, False, True, False):
            raw = both.flagged('/state')[0] if flagged else both.unflagged('/state')
            ticks = {s for s in caught(raw) if s > signal.SIGRTMIN} if flagged else ()
            equal([but_pending(line, ticks) for line in as_calls_tell(raw)], bare, 'the state')
            # Said openly: the kernel's tables show one real-time signal of ours, and 33, which
            # libc catches as soon as a process has a second thread; and one thread.
            ours = caught(raw) - {33}
            check(len(ours) == 1 and min(ours) > signal.SIGRTMIN, 'caught are', caught(raw))
            more = int(of(raw, 'threads')[0]) - int(of(both.bare('/state'), 'threads')[0])
            check(more in (0, 1), 'there are', more, 'threads more')
        both.finish()


def our_thread_and_our_timers_go_when_nothing_is_flagged():
    with twins(host('witness')) as both:
        both.flagged('/state')
        pid = both.servers[True].pid
        until('the end of our thread', lambda: len(os.listdir('/proc/%d/task' % pid)) == 1, 5)
        lines, *rest = outside(pid)
        bare_lines, *bare = outside(both.servers[False].pid)
        equal(rest, bare, 'descriptors, timers and threads')
        equal([but_libc(l) for l in lines if not l.startswith('SigCgt')],
              [but_libc(l) for l in bare_lines if not l.startswith('SigCgt')], 'signals')
        equal(without_queue(both.unflagged('/state'))[:2], ['mask 0', 'pending 0'])
        both.flagged('/state')  # and it comes back
        both.finish()


def calls_that_fail_fail_alike_and_errno_stays():
    with twins(host('witness')) as both:
        told = same_answers(both, ['/calls'])
        equal(len(told), 2)
        check(len(text(both.bare('/calls')).splitlines()) > 40, 'few calls were tried')


def pointers_to_nowhere_fail_alike():
    with twins(host('witness')) as both:
        same_answers(both, ['/pointers'])


def a_host_that_exits_says_what_it_said_and_leaves_its_session():
    seen = {}
    for shim in (False, True):
        with place() as here:
            port = free_port()
            with server(here, [host('witness'), str(port)], port, shim=shim) as one:
                ask(port, '/exit?profile=1', close=True)
                until('its end', one.ended)
            with open(here.file('server.out')) as out:
                seen[shim] = one.child.returncode, re.sub(r'\d+', 'N', out.read())
            equal(here.said(), '', 'the log of the shim')
            until('its session', lambda: len(files(here.sessions)) == shim)
    equal(seen[True], seen[False], 'status and output')
    equal(seen[True], (3, 'listening N\nlast words\n'))


def programs_that_serve_nothing_are_as_ever():
    with place() as here:
        settings = dict(os.environ)
        for argv in (['sh', '-c', 'echo out; echo err >&2; exit 7'], ['ls', '/proc/self/fd'],
                     ['grep', '-E', 'Sig(Blk|Ign|Cgt)|Threads', '/proc/self/status'],
                     ['sh', '-c', 'kill -TERM $$'], ['false'], ['/nowhere/at/all']):
            seen = []
            for extra in ({}, shim_settings(here)):
                try:
                    done = subprocess.run(argv, env={**settings, **extra}, capture_output=True,
                                          check=False)
                    seen.append((done.returncode, done.stdout, done.stderr))
                except FileNotFoundError as error:
                    seen.append(str(error))
            equal(seen[1], seen[0], 'what %s does' % argv)
        equal(files(here.sessions), [], 'the sessions')
        equal(here.said(), '', 'the log of the shim')


def system_calls(here, shim):
    """The system calls of 20 unflagged requests, counted by name."""
    port, trace = free_port(), here.file('trace-%d' % shim)
    preload = ['-E', 'LD_PRELOAD=' + harness.SHIM] if shim else []
    argv = ['strace', '-f', '-qq', '-o', trace, *preload, host('witness'), str(port)]
    env = {k: v for k, v in shim_settings(here).items() if k != 'LD_PRELOAD'}
    with server(here, argv, port, shim=False, env=env):
        for _ in range(20):
            ask(port, '/calls', close=True)
        ask(port, '/exit', close=True)  # strace ends when the host does
    with open(trace) as lines:
        after = re.split(r'\baccept\(\d', lines.read(), maxsplit=1)[1]
    return collections.Counter(re.findall(r'^\d+ +(\w+)\(', after, re.M))


def an_unflagged_request_makes_no_system_call_of_ours():
    need('strace')
    with place() as here:
        bare, shim = system_calls(here, False), system_calls(here, True)
    check(bare['nanosleep'] + bare['clock_nanosleep'] >= 20, 'the trace is empty:', bare)
    more, less = shim - bare, bare - shim
    # getpid tells a vfork child from us when a connection's descriptor is closed or copied.
    allowed = 20 * 4 + 1
    check(not less, 'fewer than without the shim:', less)
    check(set(more) <= {'getpid'} and more['getpid'] <= allowed, 'more:', more)


run(a_host_sees_nothing_before_a_flagged_request,
    the_kernel_shows_nothing_before_a_flagged_request,
    no_directory_is_made_before_a_flagged_request,
    a_host_sees_nothing_after_a_flagged_request_by_any_call,
    our_thread_and_our_timers_go_when_nothing_is_flagged,
    calls_that_fail_fail_alike_and_errno_stays,
    pointers_to_nowhere_fail_alike,
    a_host_that_exits_says_what_it_said_and_leaves_its_session,
    programs_that_serve_nothing_are_as_ever,
    an_unflagged_request_makes_no_system_call_of_ours)
