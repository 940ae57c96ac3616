#!/usr/bin/env python3
# nginx.py - requests a second of an unmodified nginx with and without the shim, nothing flagged.
#
# A pair is four short wrk runs, ABBA, so that a drift of the machine falls out; who is A is drawn.
# A fresh pair of servers for each, so that no luck of memory layout lasts.  CPU of the worker a request is steadier than wrk's rate: neighbours
# on the machine do not enter it.  Prints pairs for stats.py.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
from harness import Skip, free_port, need, place, server  # noqa: E402

N_PAIRS = int(os.environ.get('BENCH_PAIRS', '11'))
SECONDS = 1  # of each run
PINNED = os.cpu_count() > 1 and hasattr(os, 'sched_setaffinity')
PATHS = {'nginx, return 200': '/200', 'nginx, file of 6 KiB': '/file.html'}
CONFIG = '''
worker_processes 1; %(pin)s daemon off; pid %(path)s/nginx.pid; error_log %(path)s/error.log;
events { worker_connections 256; }
http { access_log off; sendfile on; keepalive_requests 100000000;
%(temporary)s
server { listen 127.0.0.1:%(port)d; root %(path)s; location = /200 { return 200 "ok\\n"; } } }
'''
TEMPORARY = '\n'.join('%s_temp_path %%s/%s;' % (kind, kind)
                      for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))


@contextlib.contextmanager
def nginx(here, shim):
    port = free_port()
    config = here.file('nginx.conf', CONFIG % {
        'path': here.path, 'port': port, 'pin': 'worker_cpu_affinity 01;' if PINNED else '', 'temporary': TEMPORARY.replace('%s', here.path)})
    here.file('file.html', b'x' * 6144)
    with server(here, ['nginx', '-c', config], port, shim) as one:
        yield one


def worker_of(master):
    with open('/proc/%d/task/%d/children' % (master, master)) as children:
        return int(children.read().split()[0])


def cpu_ns(pid):
    with open('/proc/%d/schedstat' % pid) as stat:
        return int(stat.read().split()[0])


def load(one, path):
    """Requests a second, and ns of the worker's CPU a request."""
    worker = worker_of(one.pid)
    before = cpu_ns(worker)
    said = subprocess.run(['taskset', '-c', '1'] * PINNED + ['wrk', '-t1', '-c16', '-d%ds' % SECONDS,
                           'http://127.0.0.1:%d%s' % (one.port, path)],
                          capture_output=True, text=True, check=True).stdout
    if 'Non-2xx' in said or 'Socket errors' in said:
        sys.exit('nginx.py: wrk saw errors:\n' + said)
    n = int(re.search(r'(\d+) requests in', said).group(1))
    return float(re.search(r'Requests/sec: *([\d.]+)', said).group(1)), (cpu_ns(worker) - before) / n


def pair(name, path):
    with place() as a, place() as b, nginx(a, True) as with_it, nginx(b, False) as without:
        first, second = random.sample([with_it, without], 2)
        runs = [(one, load(one, path)) for one in (first, second, second, first)]
        halves = {one: [sum(numbers) / 2 for numbers in zip(*(r for o, r in runs if o is one))]
                  for one in (first, second)}
        preloaded = open('/proc/%d/maps' % worker_of(with_it.pid)).read()
        if 'libreqprof' not in preloaded:
            sys.exit('nginx.py: the shim is not in nginx')
        for what, how, unit, goal, i in ((', requests a second', 'ratio', '', '>=0.99', 0),
                                         (', CPU a request', 'more', 'ns', '-', 1)):
            print(name + what, how, unit, goal, halves[with_it][i], halves[without][i],
                  sep='\t', flush=True)


def main():
    try:
        need('nginx', 'wrk')
    except Skip as skip:
        print('SKIP nginx:', skip, file=sys.stderr)
        sys.exit(3)
    for _ in range(N_PAIRS):
        for name, path in PATHS.items():
            pair(name, path)


if __name__ == '__main__':
    main()
