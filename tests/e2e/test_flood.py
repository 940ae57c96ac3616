#!/usr/bin/env python3
# test_flood.py - a secret has leaked, and somebody sends 10 000 flagged requests as fast as he can.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import glob
import os
import threading
import time

from answers import KINDS, request
from harness import Client, body_of, check, equal, files, place, run, until

N, AT_ONCE, PER_CONNECTION = 10000, 8, 500
SECRET = 'the leaked secret of a server'.replace(' ', '-')
BOUNDS = {'REQPROF_CONCURRENT': '4', 'REQPROF_RATE': '2', 'REQPROF_BURST': '10'}  # as they usually are
OURS = {'tree': b'GET ', 'small page': b'This request was recorded'}  # this where it took too long
RSS_MIB = 24  # what recording and pages may keep in the worker, whoever asks for how many


def leaked(here):
    path = here.file('secret', SECRET + '\n')
    os.chmod(path, 0o600)
    return dict(BOUNDS, REQPROF_SECRET_FILE=path, REQPROF_TOOL=None, REQPROF_OPEN=None)


def rss_mib(pid):
    with open('/proc/%d/status' % pid) as status:
        return int(next(line for line in status if line.startswith('VmRSS')).split()[1]) / 1024


def below(pid):
    """The processes that PID started, on whichever thread, and those that they did."""
    found = []
    for path in glob.glob('/proc/%d/task/*/children' % pid):
        with contextlib.suppress(OSError), open(path) as children:  # it may have ended
            for child in map(int, children.read().split()):
                found += [child, *below(child)]
    return found


class Flood:
    def __init__(self, port, target, n):
        self.left, self.lock, self.answers, self.failed = n, threading.Lock(), {}, []
        self.threads = [threading.Thread(target=self.send, args=(port, target)) for _ in range(AT_ONCE)]

    def send(self, port, target):
        mine = {}
        try:
            while self.left > 0:
                with Client(port) as client:
                    for _ in range(PER_CONNECTION):
                        if not self.take():
                            break
                        client.send(request(target))
                        body = body_of(client.answer())
                        kind = next((ours for ours, begin in OURS.items() if body.startswith(begin)), body)
                        mine[kind] = mine.get(kind, 0) + 1
        except Exception as error:  # of a thread: told at the end
            self.failed.append(error)
        with self.lock:
            for kind, n in mine.items():
                self.answers[kind] = self.answers.get(kind, 0) + n

    def take(self):
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def run(self, look):
        began = time.monotonic()
        for thread in self.threads:
            thread.start()
        while any(thread.is_alive() for thread in self.threads):
            look()
            time.sleep(0.005)
        return time.monotonic() - began


def ten_thousand_flagged_requests_stay_within_the_bounds():
    kind = next(kind for kind in KINDS if kind.name == 'nginx')
    with place(kind.owner) as here:
        with kind.start(here, True, **leaked(here)) as one:
            worker, = until('a worker', lambda: below(one.pid))
            with Client(one.port) as client:
                client.send(request('/small.txt'))
                own = body_of(client.answer())
            before, most, threads, seen = rss_mib(worker), [0], [0], [0]

            def look():
                most[0] = max(most[0], rss_mib(worker))
                threads[0] = max(threads[0], len(os.listdir('/proc/%d/task' % worker)))
                seen[0] = max(seen[0], len(below(worker)))
            flood = Flood(one.port, '/small.txt?profile=text.' + SECRET, N)
            seconds = flood.run(look)
            equal(flood.failed, [])
            trees = flood.answers.pop('tree', 0)
            pages = trees + flood.answers.pop('small page', 0)
            equal(list(flood.answers), [own], 'the other answers')
            equal(flood.answers[own] + pages, N)
            allowed = 10 + 2 * seconds + 1
            check(5 <= pages <= allowed, pages, 'pages in', seconds, 's', here.said())
            check(trees, 'of', pages, 'pages none is a tree', here.said())
            until('no process of ours', lambda: not below(worker))
            check(len(files(here.sessions)) <= allowed, len(files(here.sessions)), 'sessions')
            check(threads[0] <= 2 + 10 + 2, threads[0], 'threads')  # its own, the drain, a page each
            # Two pages at once: one between, tool, reader; a look is no moment.
            check(seen[0] <= 2 * 3 + 2, seen[0], 'processes')
            check(most[0] - before < RSS_MIB, 'the worker grew by', most[0] - before, 'MiB')
            print('# %d pages, %d of them trees, in %.1f s, at most %d processes and %d threads, %.1f MiB '
                  'more at most, %.1f afterwards' % (pages, trees, seconds, seen[0], threads[0],
                                                     most[0] - before, rss_mib(worker) - before))


if __name__ == '__main__':
    run(ten_thousand_flagged_requests_stay_within_the_bounds)
