#!/usr/bin/env python3
# nginx.py - requests a second of an unmodified nginx with and without the shim, nothing flagged.
#
# A pair is four short wrk runs, ABBA, so that a drift of the machine falls out; who is A is drawn.
# Fresh servers for each pair: no luck of memory layout lasts.  Requests a second of the worker's
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
PATHS = {'nginx, return 200': '/200', 'nginx, file of 6 KiB': '/file.html',
         'nginx, return 200 over TLS': '/200'}
CONFIG = '''
worker_processes 1; daemon off; pid %(path)s/nginx.pid; error_log %(path)s/error.log;
events { worker_connections 256; }
http { access_log off; sendfile on; keepalive_requests 100000000;
%(temporary)s
server { listen 127.0.0.1:%(port)d%(tls)s; root %(path)s; location = /200 { return 200 "ok\\n"; } } }
'''
TEMPORARY = '\n'.join('%s_temp_path %%s/%s;' % (kind, kind)
                      for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))


@contextlib.contextmanager
def nginx(here, shim, tls):
    port, pem = free_port(), certificate(here) if tls else ''
    config = here.file('nginx.conf', CONFIG % {
        'path': here.path, 'port': port,
        'tls': ' ssl; ssl_certificate %s; ssl_certificate_key %s' % (pem, pem) if tls else '',
        'temporary': TEMPORARY.replace('%s', here.path)})
    here.file('file.html', b'x' * 6144)
    with server(here, ['nginx', '-c', config], port, shim) as one:
        yield one


def worker_of(master):
    def children():
        with open('/proc/%d/task/%d/children' % (master, master)) as pids:
            return pids.read().split()
    return int(until('a worker', children)[0])


def cpu_ns(pid):
    with open('/proc/%d/schedstat' % pid) as stat:
        return int(stat.read().split()[0])


def load(one, url):
    """Requests a second of wrk's, a second of the worker's CPU, and ns of that a request."""
    worker = worker_of(one.pid)
    before = cpu_ns(worker)
    said = subprocess.run(['wrk', '-t1', '-c16', '-d%ds' % SECONDS,
                           url % one.port],
                          capture_output=True, text=True, check=True).stdout
    if 'Non-2xx' in said or 'Socket errors' in said:
        sys.exit('nginx.py: wrk saw errors:\n' + said)
    each_ns = (cpu_ns(worker) - before) / int(re.search(r'(\d+) requests in', said).group(1))
    rate = float(re.search(r'Requests/sec: *([\d.]+)', said).group(1))
    return {'rate': rate, 'cpu_rate': 1e9 / each_ns, 'cpu_ns': each_ns}


def pair(name, path):
    tls = 'TLS' in name
    url = ('https' if tls else 'http') + '://127.0.0.1:%d' + path
    with place() as a, place() as b, nginx(a, True, tls) as with_it, \
            nginx(b, False, tls) as without:
        first, second = random.sample([with_it, without], 2)
        runs = [(one, load(one, url)) for one in (first, second, second, first)]
        halves = {one: {key: sum(run[key] for who, run in runs if who is one) / 2
                        for key in runs[0][1]} for one in (first, second)}
        preloaded = open('/proc/%d/maps' % worker_of(with_it.pid)).read()
        if 'libreqprof' not in preloaded:
            sys.exit('nginx.py: the shim is not in nginx')
        for what, how, unit, goal, i in (
                ('requests a second', 'ratio', '', '>=0.99', 'rate'),
                ('requests a CPU second', 'ratio', '', '>=0.99', 'cpu_rate'),
                ('CPU a request', 'more', 'ns', '-', 'cpu_ns')):
            print(name + ': ' + what, how, unit, goal, halves[with_it][i], halves[without][i],
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
