#!/usr/bin/env python3
# refused.py - what a refused trigger takes more than a header of the same length that nobody looks at:
# on one connection over loopback, in an order that is drawn.  Lines for stats.py.
#
# Room: tests.  SPDX-License-Identifier: MIT
import os
import random
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
import harness  # noqa: E402
from harness import Client, free_port, place, request, server  # noqa: E402
from tokens import secret_file, token  # noqa: E402

N_ROUNDS, N = 21, 400
SHOP = os.path.join(harness.BUILD, 'hosts/shop')


def kinds():
    forged = token(secret='some-other-secret', kid_of='the-secret-of-this-test-server')
    for name, key in (('a wrong secret', 'w' * 32), ('a forged signature', forged)):
        yield name, tuple(request('/', headers=['%s: html; key=%s' % (header, key)])
                          for header in ('X-Reqprof', 'X-Unknown'))


def medians(client, pair):
    times = ([], [])
    for _ in range(N):
        which = random.randrange(2)
        begin = time.perf_counter_ns()
        client.socket.sendall(pair[which])
        client.answer()
        times[which].append(time.perf_counter_ns() - begin)
    return [statistics.median(t) / 1000 for t in times]


def main():
    with place() as here:
        port = free_port()
        with server(here, [SHOP, str(port)], port,
                    env={'REQPROF_SECRET_FILE': secret_file(here)}), Client(port) as client:
            for _ in range(N_ROUNDS):
                for name, pair in kinds():
                    print('refused: %s\tmore\tus\t-\t%.6g\t%.6g' % (name, *medians(client, pair)))


main()
