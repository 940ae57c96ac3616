#!/usr/bin/env python3
# test_waits.py - every blocking call returns what it returned without the shim, and the session
# tells it: its kind, its object, and its span as the host measured it.
#
# Room: tests.  Rows are in tests/hosts/waits_*.c.  Values must be equal at once; a time that is
# off is measured again, since this machine has other work.  SPDX-License-Identifier: MIT
import contextlib
import os
import re
import subprocess

import harness
from harness import Failed, Skip, ask, body_of, check, equal, files, place, server, until

HOSTS = ['waits_fd', 'waits_net', 'waits_lock', 'waits_event', 'waits_time', 'waits_proc']
TICK_US = 10_000  # a call may end this much later or earlier than without the shim
SPAN_US = 1_000   # the session's span against the host's own measurement
LISTED_US = 25    # shorter waits are summed by kind
TRIES = 3
FLAGS = {'1ms': 'X-Reqprof: save; interval=1ms', '100us': 'X-Reqprof: save; interval=100us'}
ANSWER = re.compile(r'(\S+) ret=(\S+) errno=(\d+) bytes=(\S+) ms=\d+ us=(\d+) \| (.*?) \| (.*)\n')


class Late(Failed):
    """Something took another time; it may be the machine."""


class Row:
    """What the host said of one call."""

    def __init__(self, raw):
        text = body_of(raw).decode()
        if ' skip=' in text:
            raise Skip(text.split('skip=')[1].strip().replace('-', ' '))
        self.told = ANSWER.fullmatch(text)
        check(self.told, 'the host said', repr(text))
        self.values = self.told.group(2, 3, 4)
        self.us = int(self.told.group(5))
        self.kind, self.object = self.told.group(6, 7)


def build_library():
    out = os.path.join(harness.BUILD, 'hosts', 'lib')
    os.makedirs(out, exist_ok=True)
    subprocess.run(['cc', '-shared', '-fPIC', '-O2', '-g', '-o', os.path.join(out, 'slow.so'),
                    os.path.join(harness.ROOT, 'tests', 'hosts', 'lib', 'slow.c')], check=True)


class Pair:
    """One host twice: bare, and with the shim."""

    def __init__(self, stack, name):
        self.name = name
        self.here = stack.enter_context(place())
        program = os.path.join(harness.BUILD, 'hosts', name)
        self.ports = {}
        for shim in (False, True):
            port = harness.free_port()
            stack.enter_context(server(self.here, [program, str(port)], port, shim=shim))
            self.ports[shim] = port
        self.rows = body_of(ask(self.ports[False], '/')).decode().split()

    def ask(self, row, shim, *headers):
        return Row(ask(self.ports[shim], '/wait/' + row, headers=headers, close=True))

    def ask_flagged(self, row, flag):
        """What the host said, and the session that came of it."""
        before = set(files(self.here.sessions))
        said = self.ask(row, True, flag)
        new = until('the session of ' + row, lambda: set(files(self.here.sessions)) - before, 5)
        check(len(new) == 1, 'one request made', len(new), 'sessions')
        return said, harness.export(new.pop())


def compare(said, bare, how):
    equal(said.values, bare.values, '(ret, errno, bytes) ' + how)
    if abs(said.us - bare.us) > TICK_US:
        raise Late('%s it took %d us and not %d' % (how, said.us, bare.us))


def told(said, session, how):
    """The session has the wait that the host had."""
    check(session.told['complete'], how, 'the session is not complete')
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


def try_row(pair, row):
    bare = pair.ask(row, False)
    compare(pair.ask(row, True), bare, 'unflagged')
    for how, flag in FLAGS.items():
        said, session = pair.ask_flagged(row, flag)
        compare(said, bare, 'at ' + how)
        told(said, session, 'at ' + how)


def test_of(pair, row):
    def test():
        for left in reversed(range(TRIES)):
            try:
                return try_row(pair, row)
            except Late:
                if not left:
                    raise
    test.__name__ = '%s/%s is as without the shim, and told' % (pair.name, row)
    return test


def main():
    build_library()
    with contextlib.ExitStack() as stack:
        pairs = [Pair(stack, name) for name in HOSTS]
        harness.run(*[test_of(pair, row) for pair in pairs for row in pair.rows])


main()
