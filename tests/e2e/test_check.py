#!/usr/bin/env python3
# test_check.py - budgets of a real server: kept and broken ones, and files that are none.
#
# Room: tests.  SPDX-License-Identifier: MIT
import json
import os
import subprocess

import harness
from harness import check, equal, files, place, run, server, until

SHOP = os.path.join(harness.BUILD, 'hosts/shop')


def judged(here, text, *words):
    path = here.file('budgets.txt', text)
    env = dict(os.environ, REQPROF_DIR=here.sessions)
    return subprocess.run([harness.TOOL, 'check', path, *words], env=env, capture_output=True,
                          text=True, check=False)


def budgets_are_kept_or_broken_by_line():
    with place() as here:
        port = harness.free_port()
        with server(here, [SHOP, str(port)], port):
            for _ in range(3):
                for target in ('/stock', '/receipt'):
                    harness.ask(port, target, headers=['X-Reqprof: save'])
            until('the sessions', lambda: len(files(here.sessions)) == 6)
            kept = judged(here, '# the shop\nGET /stock: upstream_requests = 1, wall > 60 ms, '
                                'count(fsync) = 0\n/receipt: fsyncs = 1, wall p95 < 20s\n')
            equal((kept.returncode, kept.stderr), (0, ''), kept.stdout)
            check(kept.stdout.endswith('0 of 5 bounds broken\n'), kept.stdout)
            broken = judged(here, '\n/stock: upstream_requests <= 0\n/none: wall < 1s\n')
            equal(broken.returncode, 1)
            check(broken.stdout.startswith('broken ' + here.path + '/budgets.txt:2: /stock: '
                                           'upstream_requests <= 0: 1 in 3 requests, worst '),
                  broken.stdout)
            check('budgets.txt:3: /none: wall < 1s: no request of that route' in broken.stdout,
                  broken.stdout)
            told = json.loads(judged(here, '/stock: cpu median < 10s\n', '--json').stdout)
            bound, = told['bounds']
            equal((told['broken'], bound['kept'], bound['requests'], bound['line']),
                  (0, True, 3, 1))
            check(bound['low'] <= bound['value'] <= bound['high'] < bound['limit'], bound)
            some = judged(here, '/receipt: wall < 20s\n', 'route=/stock')
            equal(some.returncode, 1, some.stdout)
            bad = judged(here, '/stock: wall < 1s\n/stock: wall < fast\n')
            equal((bad.returncode, bad.stdout, bad.stderr.count('\n')), (2, '', 1))
            check("budgets.txt:2: 'fast' is no time" in bad.stderr, bad.stderr)
            gone = subprocess.run([harness.TOOL, 'check', here.path + '/nothing'],
                                  capture_output=True, text=True, check=False)
            equal(gone.returncode, 2)
            check('nothing cannot be read: No such file' in gone.stderr, gone.stderr)


run(budgets_are_kept_or_broken_by_line)
