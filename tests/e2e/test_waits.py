#!/usr/bin/env python3
# test_waits.py - every blocking call returns what it returned without the shim, and the session
# tells it: its kind, its object, and its span as the host measured it.
#
# Room: tests.  Rows are in tests/hosts/waits_*.c.  Values must be equal at once; a time that is
# off is measured again, since this machine has other work.  SPDX-License-Identifier: MIT
import contextlib
import re

from harness import Failed, Skip, check, equal, run, shown_in_ps
from hosts import HEADERS, Twins, built, host, text

HOSTS = ['waits_fd', 'waits_net', 'waits_lock', 'waits_event', 'waits_time', 'waits_proc']
TICK_US = 10_000  # a call may end this much later or earlier than without the shim
SPAN_US = 1_000   # the session's span against the host's own measurement
LISTED_US = 200   # shorter waits may be summed by kind (those below 20 us are)
BULK = 1 << 20    # such an amount may go faster than it did
TRIES = 3
CAUGHT_US = 3_000
CAUGHT = {'REQPROF_SLOW': '%dus' % CAUGHT_US, 'REQPROF_SLOW_INTERVAL': '1ms', 'REQPROF_PS': '1'}
ANSWER = re.compile(r'(\S+) ret=(\S+) errno=(\d+) bytes=(\S+) ms=\d+ us=(\d+) \| (.*?) \| (.*)\n')


class Late(Failed):
    """Something took another time; it may be the machine."""


class Row:
    """What the host said of one call."""

    def __init__(self, raw):
        line = text(raw)
        if ' skip=' in line:
            raise Skip(line.split('skip=')[1].strip().replace('-', ' '))
        told = ANSWER.fullmatch(line)
        check(told, 'the host said', repr(line))
        self.values = told.group(2, 3, 4)
        self.us = int(told.group(5))
        self.kind, self.object = told.group(6, 7)


def compare(said, bare, how):
    equal(said.values, bare.values, '(ret, errno, bytes) ' + how)
    early = said.us < bare.us - TICK_US and int(bare.values[2]) < BULK
    if early or said.us > bare.us + TICK_US:
        raise Late('%s it took %d us and not %d' % (how, said.us, bare.us))


def told(said, session, how):
    """The session has the wait that the host had."""
    if said.kind == '-':
        return
    of_kind = [w for w in session.waits if w['kind'] == said.kind]
    if not of_kind and said.us < LISTED_US:
        return
    seen = ['%s of %s for %d us' % (w['kind'], w['object'], w['span_ns'] / 1000)
            for w in session.waits]
    check(of_kind, how, 'no wait is called', said.kind, 'but there is', seen)
    named = [w for w in of_kind if (w['object'] or '') == said.object]
    check(named, how, 'no %s is of %r but there is' % (said.kind, said.object), seen)
    off = min(abs(w['span_ns'] / 1000 - said.us) for w in named)
    if off > SPAN_US:
        raise Late('%s the span is %d us off %d; there is %s' % (how, off, said.us, seen))


def try_row(both, row):
    target = '/wait/' + row
    bare = Row(both.bare(target))
    compare(Row(both.unflagged(target)), bare, 'unflagged')
    for interval in HEADERS:
        raw, session = both.flagged(target, interval)
        compare(Row(raw), bare, 'at ' + interval)
        told(Row(raw), session, 'at ' + interval)


def try_caught(both, row):
    """Nobody flags it, and it is slow enough to be kept; its thread is called all the time."""
    target = '/wait/' + row
    bare = Row(both.bare(target))
    if bare.us < 2 * CAUGHT_US:
        compare(Row(both.unflagged(target)), bare, 'watched')
        return
    raw, session = both.caught(target)
    compare(Row(raw), bare, 'caught')
    told(Row(raw), session, 'caught')


def test_of(what, name, attempt, both, row):
    def test():
        for left in reversed(range(TRIES)):
            try:
                return attempt(both, row)
            except Late:
                if not left:
                    raise
    test.__name__ = '%s/%s is as without the shim, and told%s' % (name, row, what)
    return test


def main():
    built('slow.so')
    with contextlib.ExitStack() as stack:
        tests = []
        for name in HOSTS:
            both, kept = Twins(stack, host(name)), Twins(stack, host(name), env=CAUGHT)
            rows = text(both.bare('/')).split()
            kept.unflagged('/')  # the table of those in flight is made now
            shown_in_ps(kept.servers[True].pid)
            tests += [test_of('', name, try_row, both, row) for row in rows]
            tests += [test_of(', unflagged', name, try_caught, kept, row) for row in rows]
        run(*tests)


main()
