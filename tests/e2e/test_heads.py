#!/usr/bin/env python3
# test_heads.py - X-Reqprof-Id and Server-Timing in the answers of flagged requests: what they say,
# where they are drawn, and that a kernel that takes a few bytes at a time changes no other byte.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import fcntl
import os
import re
import socket
import struct
import termios
import time

import harness
from harness import Client, ask, check, equal, place, run, server, sessions, until
from hosts import host
from over_tls import certificate, encrypted
from pages import chromium

TRICKLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'py_trickle.py')
FLAG = ['X-Reqprof: save']
BODY = 9000
# A Unix socket's small buffer takes twice 2240 bytes: our lines lie across that.
HEADS = list(range(4340, 4490, 5))
FULL = 2000  # more than the tickets that come before the first answer


class Slow(Client):
    """Over a Unix socket; takes few bytes at a time."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(harness.PATIENCE)
        self.socket.connect(path)
        self.rest = b''

    def more(self):
        got = self.socket.recv(700)
        self.rest += got
        return len(got)


class SlowTls(Slow):
    def __init__(self, path):
        super().__init__(path)
        self.socket = encrypted(self.socket)

    def send(self, *pieces):
        """Reads only when the server has filled the socket, and so was refused."""
        super().send(*pieces)
        seen = [0]

        def full():
            seen.append(unread(self.socket))
            time.sleep(0.005)
            return seen[-1] > FULL and len(set(seen[-4:])) == 1
        until('the server to fill its socket', full)


def unread(sock):
    return struct.unpack('i', fcntl.ioctl(sock.fileno(), termios.FIONREAD, b'\0' * 4))[0]


@contextlib.contextmanager
def trickle(here, mode, shim):
    path = here.file('%s-%d.socket' % (mode, shim))
    argv = [harness.PYTHON, '-u', TRICKLE, mode, path]
    if mode == 'tls':
        argv.append(certificate(here))
    env = {'REQPROF_CONCURRENT': '32', 'REQPROF_KEEP': '1000'}
    with server(here, argv, path, shim=shim, env=env if shim else None):
        yield path


def answers(path, mode, heads, body=BODY, headers=FLAG):
    got = []
    with (SlowTls if mode == 'tls' else Slow)(path) as client:
        for head in heads:
            client.send(harness.request('/?head=%d&body=%d' % (head, body), headers=headers))
            got.append(client.answer())
    return got


def calls(here, n):
    """What the calls of each of N answers returned."""
    def told():
        with open(here.file('server.out')) as out:
            lines = out.read().split('\n')[:-1]  # the last one may be on its way
        return len(lines) == n and lines
    return [[int(n) for n in line.split()] for line in until('what the server tells', told)]


def stops_at(counts, at):
    """A call stopped where AT bytes of the answer were out."""
    sums, so_far = set(), 0
    for n in counts:
        so_far += max(n, 0)
        sums.add(so_far)
    return at in sums


def trickles(mode, heads=None):
    heads = heads or HEADS
    with place() as here:
        with trickle(here, mode, False) as path:
            bare = answers(path, mode, heads)
            calls(here, len(heads))
        with trickle(here, mode, True) as path:
            seen = answers(path, mode, heads)
            told = calls(here, 2 * len(heads))[len(heads):]
            found = sessions(here.sessions, len(heads))
        for head, one, other in zip(heads, bare, seen):
            equal(other, one, '%s, a head of %d bytes' % (mode, head))
            equal(one.id, None, 'the id of a bare answer')
        # Where a server cuts its empty line in two, the first half is out when the second comes.
        cut = [mode == 'pieces' and not (head - 1) % 7 for head in heads]
        equal([not c and s.id or None for s, c in zip(found, cut)], [raw.id for raw in seen], 'ids')
        equal({s.request['bytes_out'] for s in found}, {head + BODY for head in heads})
        for counts, head in zip(told, heads):
            check(0 not in counts, mode, 'a call sent nothing:', counts)
            equal(sum(max(n, 0) for n in counts), head + BODY, mode + ': what the server counted')
        equal(here.said(), '', 'REQPROF_LOG')
    return sum(stops_at(counts, head - 2) for counts, head in zip(told, heads)), told


def short_writes_end_inside_our_lines_and_nothing_else_is_changed():
    for mode in ('send', 'write', 'sendmsg', 'writev', 'sendfile'):
        # The kernel had room up to the lines, or for some of them: then the host has heard of a
        # short count that is exactly there.
        stopped, _ = trickles(mode)
        check(stopped > 5, mode, 'only', stopped, 'calls ended at our lines')


def heads_in_small_calls_and_blocking_ones_are_as_ever():
    trickles('pieces', HEADS[::10])
    _, told = trickles('blocking', HEADS[::4])
    equal({len(counts) for counts in told}, {1}, 'calls that blocked')


def tls_that_is_told_again_is_asked_again_with_the_same():
    _, told = trickles('tls')
    again = [sum(n < 0 for n in counts) for counts in told]
    check(sum(map(bool, again)) > 5, 'there always was room:', again)
    equal({max(counts) for counts in told}, {head + BODY for head in HEADS}, 'what was taken')


def what_cannot_be_replaced_after_all_has_our_lines():
    """The page is asked for, and the answer has no body: known when its head was held for long."""
    for mode in ('send', 'writev', 'pieces'):
        with place() as here:
            here.settings['REQPROF_OPEN'] = 'loopback'
            with trickle(here, mode, False) as path:
                bare = answers(path, mode, HEADS[::5], 0)
            with trickle(here, mode, True) as path:
                seen = answers(path, mode, HEADS[::5], 0, ['X-Reqprof: text'])
                found = sessions(here.sessions, len(seen))
            equal(seen, bare, 'answers')
            ids = [s.id for s in found]
            check(all(raw.id in (one, None if mode == 'pieces' else one)
                      for raw, one in zip(seen, ids)), mode, [raw.id for raw in seen], ids)
            check(any(raw.id for raw in seen), mode, 'no lines')


def timing(raw):
    """The entries of Server-Timing: milliseconds by name."""
    return {name: float(ms) for name, ms in re.findall(r'([a-z-]+);dur=([0-9.]+)', raw.timing)}


def the_lines_say_what_was_known_when_the_head_was_written():
    with place() as here:
        port = harness.free_port()
        with server(here, [host('shop'), str(port)], port):
            told = timing(ask(port, '/checkout', headers=FLAG))
            s, = sessions(here.sessions, 1)
            cpu, wall = s.account['cpu_ns'] / 1e6, s.account['duration_ns'] / 1e6
            waits = {}
            for wait in s.waits:
                waits[wait['kind']] = waits.get(wait['kind'], 0) + wait['span_ns'] / 1e6
            # All of its work was done by then.
            check(0.9 * cpu - 1 < told['cpu'] <= cpu + 1, 'cpu', told, cpu)
            check(0.9 * wall - 5 < told['ttfb'] <= wall, 'ttfb', told, wall)
            for kind in 'recv', 'mutex', 'sleep':
                check(abs(told['wait-' + kind] - waits[kind]) < 1, kind, told, waits)
            raw = ask(port, '/cart')
            equal((raw.id, b'eqprof' in raw), (None, False), 'what an unflagged request gets')


def routes_and_off_and_refused_ones_have_none():
    for env, target, n in (({'REQPROF_ROUTES': '/cart'}, '/cart', 1),
                           ({'REQPROF_HEADERS': 'off'}, '/cart?profile=1', 1),
                           ({'REQPROF_CONCURRENT': '1', 'REQPROF_BURST': '1',
                             'REQPROF_RATE': '0.01'}, '/cart?profile=1', 1)):
        with place() as here:
            port = harness.free_port()
            with server(here, [host('shop'), str(port)], port, env=env):
                first = ask(port, target)
                equal(bool(first.id), 'REQPROF_RATE' in env, 'the first')
                if first.id:
                    equal(ask(port, target).id, None, 'one that is refused')
                sessions(here.sessions, n)


def a_browser_draws_it():
    """What the network panel shows: the entries of the page and of what it fetched."""
    with place() as here:
        port = harness.free_port()
        url = 'http://127.0.0.1:%d' % port
        with server(here, [host('shop'), str(port)], port):
            tab = chromium().page()
            tab.visit(url + '/checkout?profile=save')
            page = tab.js(ENTRIES % 'performance.getEntriesByType("navigation")[0]')
            check({'ttfb', 'cpu', 'wait-sleep', 'wait-recv', 'wait-mutex'} <= set(page), page)
            check(page['wait-sleep'] >= 30 and page['ttfb'] >= page['cpu'] > 0, page)
            tab.js('fetch("/cart", {headers: {"X-Reqprof": "save"}}).then((r) => r.text())')
            cart = tab.js(ENTRIES % 'performance.getEntriesByName("%s/cart")[0]' % url)
            check(cart and 'wait-sleep' not in cart and cart['cpu'] > 0, cart)
            equal(tab.js('document.body.innerText').split()[0], 'paid')
            sessions(here.sessions, 2)


ENTRIES = 'Object.fromEntries(%s.serverTiming.map((t) => [t.name, t.duration]))'

run(short_writes_end_inside_our_lines_and_nothing_else_is_changed,
    heads_in_small_calls_and_blocking_ones_are_as_ever,
    tls_that_is_told_again_is_asked_again_with_the_same,
    what_cannot_be_replaced_after_all_has_our_lines,
    the_lines_say_what_was_known_when_the_head_was_written,
    routes_and_off_and_refused_ones_have_none, a_browser_draws_it)
