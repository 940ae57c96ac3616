#!/usr/bin/env python3
# test_steps.py - whole programs one instruction at a time: the walk is right at each.
#
# Room: tests.  With STEPS_TABLE=FILE (make steps) for longer; each row is appended there.
# SPDX-License-Identifier: MIT
import os
import subprocess

import harness
import hosts
import steps
from harness import PYTHON, Skip, ask, check, equal, free_port, need, place, run, server, until

FULL = bool(os.environ.get('STEPS_TABLE'))
HERE = os.path.dirname(os.path.abspath(__file__))


def settings(here, **wanted):
    """The stepper in place of the shim."""
    need('llvm-symbolizer')
    if not os.path.exists(steps.LIBRARY):
        raise Skip('there is no ' + steps.LIBRARY + ': make steps-library')
    env = {'LD_PRELOAD': steps.LIBRARY, 'STEPS_OUT': here.file('scores')}
    env.update({'STEPS_' + name: str(n) for name, n in wanted.items()})
    return env


def told(here, name, wanted_steps=0):
    out = here.file('scores')
    if wanted_steps:
        until('%d steps' % wanted_steps,
              lambda: sum(s.steps for s in steps.read(out)) >= wanted_steps, 120)
    return steps.judge(name, steps.read(out), steps.Maps(out + '.maps'))


def the_demo_host_is_walked_right():
    """Without libunwind: in threads that are stepped together it waits for the loader's lock."""
    with place() as here:
        port, threads = free_port(), 6
        env = settings(here, THREADS=threads, MAX=150000 if FULL else 15000)
        with server(here, [hosts.host('shop'), str(port)], port, shim=False, env=env):
            for target in ('/', '/stock', '/ledger', '/receipt', '/cart', '/'):
                check(b' 200 ' in ask(port, target, close=True), target)
        told(here, 'the demo host')


NGINX = '''
daemon off; master_process off; error_log stderr; pid %(path)s/pid;
events { }
http {
  access_log off; gzip on; gzip_types text/plain; gzip_min_length 1; default_type text/plain;
  client_body_temp_path %(path)s/t1; proxy_temp_path %(path)s/t2; fastcgi_temp_path %(path)s/t3;
  uwsgi_temp_path %(path)s/t4; scgi_temp_path %(path)s/t5;
  server { listen 127.0.0.1:%(port)d; root %(path)s/www; }
}
'''


def nginx_that_compresses_is_walked_right():
    need('nginx')
    with place() as here:
        port, n = free_port(), 1000000 if FULL else 250000
        here.file('www/index.txt', ' '.join('%d words' % (i * i) for i in range(200)))
        config = here.file('nginx.conf', NGINX % {'path': here.path, 'port': port})
        env = settings(here, AT=3, MAX=n, EVERY=3, UNW=20)
        argv = ['/usr/sbin/nginx', '-p', here.path, '-c', config]
        with server(here, argv, port, shim=False, env=env):
            def enough():
                raw = ask(port, '/index.txt', headers=['Accept-Encoding: gzip'], close=True)
                check(b'Content-Encoding: gzip' in raw, raw[:300])
                return sum(s.steps for s in steps.read(here.file('scores'))) >= n
            until('%d steps' % n, enough, 200)
        told(here, 'nginx serving gzip')
        score, = steps.read(here.file('scores'))
        check(score.seeded <= 8, 'frames from libunwind:', score.seeded)


def python_is_walked_right():
    with place() as here:
        env = dict(os.environ, **settings(here, THREADS=1, MAX=3000000 if FULL else 300000,
                                          EVERY=40, UNW=3))
        argv = [PYTHON, os.path.join(HERE, 'steps_app.py')]
        equal(subprocess.run(argv, env=env, timeout=200).returncode, 0, 'the end of python')
        told(here, 'python3: json, re, zlib, sha256, exceptions')


run(the_demo_host_is_walked_right, nginx_that_compresses_is_walked_right, python_is_walked_right)
