#!/usr/bin/env python3
# others.py [WORD...] - how long unflagged requests take while one request in a hundred is flagged,
# against the same load of which nothing is, at the servers of tests/truth (those whose name has a WORD).
#
# Two servers under the shim, of which one is never flagged; they have their turns as ABBA, who is A
# is drawn.  tests/hosts/asker.c asks at a steady rate of 16 connections, a part of what the server
# can do at its best.  Others may work on this machine: a turn begins when it idles, or after some
# seconds; of a server that answers many the turns are short and more; the median of a half's counts.
#
# Two times of each request (asker.c): one with what the asker itself waited for, which competes for
# the processors with our thread as well, and one as a client elsewhere would see it.
#
# Sessions are kept in memory: an ext4 without a journal looks at every inode that was freed in the
# last minutes before it makes a file (33 to 250 us a file after 18 000, in the kernel, where nobody
# is let in), and all that were made here are deleted.  BENCH_SESSIONS=/tmp has them elsewhere.
#
# A failed request, a changed byte, or a flagged request without its session ends the program.  Pairs
# for stats.py.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', 'e2e'), os.path.join(HERE, '..', 'truth')]
import harness  # noqa: E402
import servers  # noqa: E402
from harness import Skip, ask, body_of, files, place, until  # noqa: E402
from hosts import host  # noqa: E402

N_PAIRS = int(os.environ.get('BENCH_PAIRS', '3'))
SECONDS = float(os.environ.get('BENCH_SECONDS', '1'))  # of each of the four turns of ABBA
MEMORY = os.environ.get('BENCH_SESSIONS', '/dev/shm')
CONNECTIONS, ONE_IN = 16, 100
OF_CAPACITY = float(os.environ.get('BENCH_OF_CAPACITY', '0.4'))
PARTS, ENOUGH = 4, 1000  # of a turn, and requests for one
PATIENCE, MOMENT, IDLE = 5, 0.06, 0.85  # seconds, and the part of all processors in a moment
TIMES = {'': 0, ', seen from elsewhere': 2}  # and where asker.c says them
# Of servers.ALL: what is asked for (a timer or an upstream, then 160 us of work), streams of HTTP/2.
ROWS = {
    'nginx files': ('/file?id=x', 0),
    'nginx proxy': ('/proxy?id=x', 0),
    'nginx HTTP/2, files': ('/file?id=x', 4),
    'apache event': ('/file?id=x', 0),
    'apache event, HTTP/2': ('/file?id=x', 4),
    'php-fpm': ('/?id=x', 0),
    'python threads': ('/?id=x&steps=ub', 0),
    'gunicorn gthread': ('/?id=x&steps=ub', 0),
    'uvicorn asyncio, all': ('/?id=x&steps=tb', 0),
    'uvicorn uvloop, all': ('/?id=x&steps=tb', 0),
    'node, all': ('/?id=x&steps=tb', 0),
    'java HttpServer': ('/?id=x&steps=tb', 0),
    'C accept, workers': ('/?id=x&steps=tb', 0),
    'C loop, all': ('/?id=x&steps=tub', 0),
}


class Settings:
    """Of a server under the shim that is used, not under the one of tests/truth."""
    env = {'LD_PRELOAD': harness.SHIM, 'REQPROF_KEEP': '100000', 'REQPROF_INTERVAL': None,
           'REQPROF_RATE': '100000', 'REQPROF_BURST': '100000', 'REQPROF_CONCURRENT': '32'}


def idle_s():
    with open('/proc/stat') as stat:
        return int(stat.readline().split()[4]) / os.sysconf('SC_CLK_TCK')


def rests():
    """Does nobody else work on this machine?"""
    idle, began = idle_s(), time.monotonic()
    time.sleep(MOMENT)
    return idle_s() - idle >= IDLE * os.cpu_count() * (time.monotonic() - began)


def await_rest():
    end = time.monotonic() + PATIENCE
    while not rests() and time.monotonic() < end:
        pass


def run(port, target, streams, rate, one_in, seconds=SECONDS):
    said = subprocess.run([host('asker'), str(port), str(CONNECTIONS), str(streams), str(rate),
                           str(seconds), str(one_in), target, target + '&profile=1'],
                          capture_output=True, text=True, check=True)
    answers, flagged, failed, changed, *us = said.stdout.split()
    if int(failed) or int(changed) or not int(answers):
        sys.exit('others.py: %s: %s failed, %s changed of %s\n%s' % (
            target, failed, changed, answers, said.stderr))
    return {'rate': int(answers) / seconds, 'flagged': int(flagged),
            **{(whose, of): float(us[at + (of == 99)])
               for whose, at in TIMES.items() for of in (50, 99)}}


@contextlib.contextmanager
def in_memory():
    """A place whose sessions are in memory."""
    with place() as here, tempfile.TemporaryDirectory(
            dir=MEMORY if os.path.isdir(MEMORY) else None) as memory:
        os.chmod(memory, 0o755)
        here.sessions = os.path.join(memory, 'sessions')
        os.mkdir(here.sessions, 0o700)
        yield here


def recorded(here, n):
    """Ends the program unless there are N sessions; then there are none."""
    until('%d sessions' % n, lambda: len(files(here.sessions)) >= n)
    until('the last of them', lambda: not files(here.sessions, 'part'))
    found = files(here.sessions)
    if len(found) != n:
        sys.exit('others.py: %d flagged requests, %d sessions' % (n, len(found)))
    for path in found:
        os.unlink(path)


def turns(rate, first, second):
    """Whose turn it is, and for how long."""
    parts = PARTS if rate * SECONDS / PARTS >= ENOUGH else 1
    return [first, second, second, first] * parts, SECONDS / parts


def pair(name, start, target, streams):
    with in_memory() as a, in_memory() as b, start(a, Settings) as with_it, \
            start(b, Settings) as without:
        flagged, plain = (with_it, ONE_IN), (without, 0)
        if not streams and body_of(ask(without, target)) not in (b'x', b'whoever\n'):
            sys.exit('others.py: %s answers %s' % (name, ask(without, target)))
        recorded(a, run(with_it, target, streams, 0, ONE_IN, 0.5)['flagged'])
        rate = OF_CAPACITY * max(run(without, target, streams, 0, 0, 0.5)['rate']
                                 for _ in range(3))
        order, seconds = turns(rate, *random.sample([flagged, plain], 2))
        runs = []
        for who in order:
            await_rest()
            runs.append((who, run(who[0], target, streams, rate, who[1], seconds)))
            recorded(a, runs[-1][1]['flagged'])
        print('%s: asked' % name, 'value', '/s', '-', round(rate), sep='\t')
        for whose in TIMES:
            for of, goal in (50, '-'), (99, '<=1.05'):
                half = [statistics.median(one[whose, of] for who, one in runs if who is wanted)
                        for wanted in (flagged, plain)]
                print('%s%s: %dth percentile' % (name, whose, of), 'ratio', '', goal, *half,
                      sep='\t', flush=True)


def main():
    rows = {name: start for name, start, *_ in servers.ALL if name in ROWS and
            (not sys.argv[1:] or any(word in name for word in sys.argv[1:]))}
    for _ in range(N_PAIRS):
        for name in list(rows):
            try:
                pair(name, rows[name], *ROWS[name])
            except Skip as skip:
                print('SKIP %s: %s' % (name, skip), file=sys.stderr)
                del rows[name]
    sys.exit(0 if rows else 3)


if __name__ == '__main__':
    main()
