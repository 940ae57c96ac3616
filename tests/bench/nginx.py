#!/usr/bin/env python3
# nginx.py - requests a second of an unmodified nginx with and without the shim, nothing flagged.
#
# A pair is four short runs of wrk (h2load for HTTP/2), ABBA, so that a drift of the machine falls
# out; who is A is drawn.  Fresh servers for each pair: no luck of memory layout lasts.  Requests a second of the worker's
# CPU are steadier than wrk's rate, which neighbours on the machine move too.  Pairs for stats.py.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
from harness import Skip, free_port, need, place, server, until  # noqa: E402
from over_tls import certificate  # noqa: E402

N_PAIRS = int(os.environ.get('BENCH_PAIRS', '15'))
SECONDS = 1  # of each run
# name: path, listener, goal
PATHS = {'nginx, return 200': ('/200', 'plain', '>=0.99'),
         'nginx, file of 6 KiB': ('/file.html', 'plain', '>=0.99'),
         'nginx, return 200 over TLS': ('/200', 'tls', '>=0.99'),
         'nginx, HTTP/2, return 200': ('/200', 'h2', '>=0.95')}
CONFIG = '''
worker_processes 1; daemon off; pid %(path)s/nginx.pid; error_log %(path)s/error.log;
events { worker_connections 256; }
http { access_log off; sendfile on; keepalive_requests 100000000;
%(temporary)s
keepalive_timeout 1h; http2_max_requests 100000000;
server { listen 127.0.0.1:%(plain)d; listen 127.0.0.1:%(h2)d http2;
listen 127.0.0.1:%(tls)d ssl; ssl_certificate %(pem)s; ssl_certificate_key %(pem)s; root %(path)s; location = /200 { return 200 "ok\\n"; } } }
'''
TEMPORARY = '\n'.join('%s_temp_path %%s/%s;' % (kind, kind)
                      for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))


@contextlib.contextmanager
def nginx(here, shim):
    ports = {listener: free_port() for listener in ('plain', 'tls', 'h2')}
    config = here.file('nginx.conf', CONFIG % {
        'path': here.path, 'pem': certificate(here),
        'temporary': TEMPORARY.replace('%s', here.path), **ports})
    here.file('file.html', b'x' * 6144)
    with server(here, ['nginx', '-c', config], ports['plain'], shim) as one:
        one.ports = ports
        yield one


def worker_of(master):
    def children():
        with open('/proc/%d/task/%d/children' % (master, master)) as pids:
            return pids.read().split()
    return int(until('a worker', children)[0])


def cpu_ns(pid):
    with open('/proc/%d/schedstat' % pid) as stat:
        return int(stat.read().split()[0])


def by_wrk(url):
    """Requests, and how many of them a second."""
    said = subprocess.run(['wrk', '-t1', '-c16', '-d%ds' % SECONDS, url], capture_output=True,
                          text=True, check=True).stdout
    if 'Non-2xx' in said or 'Socket errors' in said:
        sys.exit('nginx.py: wrk saw errors:\n' + said)
    return (int(re.search(r'(\d+) requests in', said).group(1)),
            float(re.search(r'Requests/sec: *([\d.]+)', said).group(1)))


def by_h2load(url):
    said = subprocess.run(['h2load', '-t1', '-c4', '-m16', '-D%d' % SECONDS, url],
                          capture_output=True, text=True, check=True).stdout
    if ' 0 failed, 0 errored' not in said:
        sys.exit('nginx.py: h2load saw errors:\n' + said)
    return (int(re.search(r'(\d+) succeeded', said).group(1)),
            float(re.search(r'([\d.]+) req/s', said).group(1)))


def load(one, path, listener):
    """Requests a second of the load's, a second of the worker's CPU, and ns of that a request."""
    worker = worker_of(one.pid)
    before = cpu_ns(worker)
    n, rate = (by_h2load if listener == 'h2' else by_wrk)(
        '%s://127.0.0.1:%d%s' % ('https' if listener == 'tls' else 'http', one.ports[listener],
                                 path))
    each_ns = (cpu_ns(worker) - before) / n
    return {'rate': rate, 'cpu_rate': 1e9 / each_ns, 'cpu_ns': each_ns}


def pair(name, path, listener, goal):
    with place() as a, place() as b, nginx(a, True) as with_it, nginx(b, False) as without:
        first, second = random.sample([with_it, without], 2)
        runs = [(one, load(one, path, listener)) for one in (first, second, second, first)]
        halves = {one: {key: sum(run[key] for who, run in runs if who is one) / 2
                        for key in runs[0][1]} for one in (first, second)}
        preloaded = open('/proc/%d/maps' % worker_of(with_it.pid)).read()
        if 'libreqprof' not in preloaded:
            sys.exit('nginx.py: the shim is not in nginx')
        for what, how, unit, aim, i in (
                ('requests a second', 'ratio', '', goal, 'rate'),
                ('requests a CPU second', 'ratio', '', goal, 'cpu_rate'),
                ('CPU a request', 'more', 'ns', '-', 'cpu_ns')):
            print(name + ': ' + what, how, unit, aim, halves[with_it][i], halves[without][i],
                  sep='\t', flush=True)


def main():
    try:
        need('nginx', 'wrk', 'h2load')
    except Skip as skip:
        print('SKIP nginx:', skip, file=sys.stderr)
        sys.exit(3)
    for _ in range(N_PAIRS):
        for name, row in PATHS.items():
            pair(name, *row)


if __name__ == '__main__':
    main()
