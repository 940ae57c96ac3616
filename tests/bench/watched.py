#!/usr/bin/env python3
# watched.py - requests a second of nginx (a file of 6 KiB) and of gunicorn (four threads): bare, with
# the shim, with every request watched (REQPROF_SLOW), with those in flight shown (REQPROF_PS); the
# latter two against the shim alone.
#
# A round is two short wrk runs of each, in an order that is drawn and then turned round, so that a
# drift of the machine falls out.  Fresh servers for each round.  Lines for stats.py.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
from harness import Skip, ask, free_port, need, place, server  # noqa: E402
from nginx import CONFIG, TEMPORARY  # noqa: E402
from over_tls import certificate  # noqa: E402

N_ROUNDS = int(os.environ.get('BENCH_ROUNDS', '7'))
SECONDS = 1
E2E = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e')
SHIM, SLOW, SHOWN = {}, {'REQPROF_SLOW': '500ms', 'REQPROF_ERRORS': '5xx'}, {'REQPROF_PS': '1'}
KINDS = {'bare': None, 'shim': SHIM, 'watched': SLOW, 'shown': SHOWN}


def nginx(here, env):
    port = free_port()
    here.file('file.html', b'x' * 6144)
    config = here.file('nginx.conf', CONFIG % {
        'path': here.path, 'plain': port, 'tls': free_port(), 'h2': free_port(),
        'pem': certificate(here), 'temporary': TEMPORARY.replace('%s', here.path)})
    return server(here, ['nginx', '-c', config], port, env is not None, env=env)


def gunicorn(here, env):
    port = free_port()
    argv = ['gunicorn', '--bind', '127.0.0.1:%d' % port, '--chdir', E2E, '--log-level', 'warning',
            '--worker-tmp-dir', here.path, '--worker-class', 'gthread', '--threads', '4',
            '--keep-alive', '1000', 'py_wsgi:app']
    return server(here, argv, port, env is not None,
                  env={'PYTHONDONTWRITEBYTECODE': '1', **(env or {})})


SERVERS = {'nginx': (nginx, '/file.html', 16), 'gunicorn': (gunicorn, '/hello', 8)}


def cpu_ns(pid):
    """Of a process and all of its threads, as long as they live."""
    total = 0
    for tid in os.listdir('/proc/%d/task' % pid):
        with contextlib.suppress(FileNotFoundError), \
                open('/proc/%d/task/%s/schedstat' % (pid, tid)) as stat:
            total += int(stat.read().split()[0])
    return total


def load(one, path, connections):
    with open('/proc/%d/task/%d/children' % (one.pid, one.pid)) as children:
        worker = int(children.read().split()[0])
    before = cpu_ns(worker)
    said = subprocess.run(['wrk', '-t1', '-c%d' % connections, '-d%ds' % SECONDS,
                           'http://127.0.0.1:%d%s' % (one.port, path)],
                          capture_output=True, text=True, check=True).stdout
    if 'Non-2xx' in said:
        sys.exit('watched.py: wrk saw errors:\n' + said)
    each_ns = (cpu_ns(worker) - before) / int(re.search(r'(\d+) requests in', said).group(1))
    return float(re.search(r'Requests/sec: *([\d.]+)', said).group(1)), each_ns


def one_round(name, start, path, connections):
    with contextlib.ExitStack() as stack:
        kinds = {kind: stack.enter_context(start(stack.enter_context(place()), env))
                 for kind, env in KINDS.items()}
        for one in kinds.values():
            ask(one.port, path)
        order = random.sample(list(kinds), len(kinds))
        runs = [(kind, load(kinds[kind], path, connections)) for kind in order + order[::-1]]
        rate, each_ns = ({kind: sum(run[i] for who, run in runs if who == kind) / 2
                          for kind in kinds} for i in (0, 1))
    for kind, what in (('watched', 'REQPROF_SLOW'), ('shown', 'REQPROF_PS')):
        said = '%s: %s, ' % (what, name)
        for line in ((said + 'requests a s', 'ratio', '', '>=0.97', rate[kind], rate['shim']),
                     (said + 'a CPU second', 'ratio', '', '>=0.97', 1e9 / each_ns[kind],
                      1e9 / each_ns['shim']),
                     (said + 'than bare', 'ratio', '', '-', 1e9 / each_ns[kind],
                      1e9 / each_ns['bare'])):
            print(*line, sep='\t', flush=True)


def main():
    skipped = 0
    for _ in range(N_ROUNDS):
        for name, (start, *how) in SERVERS.items():
            try:
                need('wrk', name)
                one_round(name, start, *how)
            except Skip as skip:
                skipped += 1
                print('SKIP', name + ':', skip, file=sys.stderr)
    sys.exit(3 if skipped == N_ROUNDS * len(SERVERS) else 0)


if __name__ == '__main__':
    main()
