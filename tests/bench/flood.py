#!/usr/bin/env python3
# flood.py - how long others wait at a server to which somebody sends 10 000 flagged requests with a
# leaked secret: the 99th percentile, against that beside the same flood without the trigger.
#
# One nginx under the shim for both halves, whose bounds are full again before each: a burst of 10 pages,
# then two a second.  Who is first is drawn.  Pairs for stats.py.
#
# Room: tests.  SPDX-License-Identifier: MIT
import multiprocessing
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
from answers import KINDS, request  # noqa: E402
from harness import Client, Skip, need, place  # noqa: E402

N_PAIRS = int(os.environ.get('BENCH_PAIRS', '7'))
N, RATE, CONNECTIONS, PER_CONNECTION = 10000, 2000, 4, 500
KEY = 'the-leaked-secret-of-a-server'
REFILL_S = 6  # of the burst, at two a second


def flood(port, target, done):
    """N requests, RATE a second."""
    clients, each = [], N // PER_CONNECTION // CONNECTIONS
    began = time.monotonic()
    sent = 0
    for _ in range(each):
        clients = [Client(port) for _ in range(CONNECTIONS)]
        for _ in range(PER_CONNECTION):
            for client in clients:
                client.send(request(target))
            for client in clients:
                client.answer()
            sent += CONNECTIONS
            time.sleep(max(0, began + sent / RATE - time.monotonic()))
        for client in clients:
            client.socket.close()
    done.set()


def percentile_us(port, target):
    """Of what an unflagged request takes while the flood comes in."""
    done = multiprocessing.Event()
    other = multiprocessing.Process(target=flood, args=(port, target, done))
    other.start()
    took = []
    while not done.is_set():
        with Client(port) as client:
            for _ in range(PER_CONNECTION):
                began = time.perf_counter()
                client.send(request('/small.txt'))
                client.answer()
                took.append(time.perf_counter() - began)
                time.sleep(0.001)
                if done.is_set():
                    break
    other.join()
    took.sort()
    return {99: took[len(took) * 99 // 100] * 1e6, 50: took[len(took) // 2] * 1e6}


def main():
    try:
        need('nginx')
    except Skip as skip:
        print('SKIP flood:', skip, file=sys.stderr)
        sys.exit(3)
    kind = next(kind for kind in KINDS if kind.name == 'nginx')
    with place(kind.owner) as here:
        secret = here.file('secret', KEY + '\n')
        os.chmod(secret, 0o600)
        with kind.start(here, True, REQPROF_SECRET_FILE=secret, REQPROF_TOOL=None, REQPROF_OPEN=None,
                        REQPROF_RATE='2', REQPROF_BURST='10', REQPROF_CONCURRENT='4') as one:
            targets = {'flagged': '/small.txt?profile=text.' + KEY, 'plain': '/small.txt?profile=0'}
            percentile_us(one.port, targets['flagged'])  # the tables are made once
            for _ in range(N_PAIRS):
                time.sleep(REFILL_S)
                got = {name: percentile_us(one.port, targets[name])
                       for name in random.sample(list(targets), 2)}
                for of, goal in (50, '-'), (99, '<=1.05'):
                    print('nginx, flood with a leaked secret: %dth percentile of others' % of, 'ratio', '',
                          goal, got['flagged'][of], got['plain'][of], sep='\t', flush=True)


if __name__ == '__main__':
    main()
