#!/usr/bin/env python3
# test_chain.py - reqprof show --chain: one request, its sessions in nginx and in what nginx asked.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os

import configs
import harness
import slow
from harness import AS_ROOT, ask, check, equal, export, files, free_port, need, place, run
from harness import server, tool, until

HERE = os.path.dirname(os.path.abspath(__file__))
TRACE = 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
NGINX = '''
%(user)s
worker_processes 1;
daemon off;
pid %(path)s/nginx%(port)d.pid;
error_log %(path)s/nginx.err;
events { worker_connections 256; }
http {
	access_log off;''' + configs.TEMPS + '''
	upstream up { server %(upstream)s; keepalive 4; }
	server {
		listen 127.0.0.1:%(port)d;
		location / { %(how)s }
	}
}
'''
PROXY = '''
	proxy_pass http://up;
	proxy_http_version 1.1;
	proxy_set_header Connection "";
'''
FASTCGI = '''
	include /etc/nginx/fastcgi_params;
	fastcgi_param SCRIPT_FILENAME %s;
	fastcgi_pass up;
	fastcgi_keep_conn on;
''' % os.path.join(HERE, 'app.php')


@contextlib.contextmanager
def nginx(here, upstream, how=PROXY, shim=True, **env):
    need('nginx')
    port = free_port()
    conf = here.file('nginx%d.conf' % port, NGINX % dict(
        user='user root;' if AS_ROOT else '', path=here.path, port=port, upstream=upstream, how=how))
    with server(here, ['nginx', '-c', conf, '-e', here.file('nginx.err')], port, shim, env=env):
        yield port


@contextlib.contextmanager
def gunicorn(here, **env):
    need('gunicorn')
    port = free_port()
    argv = ['gunicorn', '--bind', '127.0.0.1:%d' % port, '--chdir', HERE, '--log-level', 'warning',
            '--workers', '1', '--worker-class', 'gthread', '--threads', '8',
            '--worker-tmp-dir', here.path, 'py_wsgi:app']
    with server(here, argv, port, env=dict(env, PYTHONDONTWRITEBYTECODE='1')):
        yield '127.0.0.1:%d' % port


@contextlib.contextmanager
def php_fpm(here, where):
    at = int(where.partition(':')[2]) if ':' in where else where
    argv = configs.php_fpm(here, at, children=8, user='root' if AS_ROOT else None)
    with server(here, argv, at):
        yield 'unix:' + where if ':' not in where else where


def chain(path):
    return tool('show', '--chain', path)


def sessions(here, n):
    """The N sessions, by the program of the server."""
    until('sessions', lambda: len(files(here.sessions)) == n and not files(here.sessions, 'part'))
    by_server = {}
    for path in files(here.sessions):
        session = export(path)
        by_server.setdefault(session.request['server'], []).append((path, session))
    return by_server


def frames(told):
    return [call['function'] for call in told['calls'] if 'function' in call]


def one_tree(path, session, server):
    """The chain of SESSION has one more session, of SERVER, and its time is that of the first."""
    told = chain(path)
    alone = tool('show', path)
    first, second = (s['request'] for s in told['sessions'])
    equal(first['target'], session.target, 'the first')
    equal(second['target'], session.target, 'the second')
    check(server in second['server'], 'the second is of', second['server'])
    all_ns, alone_ns = told['calls'][0]['total_ns'], alone['calls'][0]['total_ns']
    check(alone_ns <= all_ns <= 1.05 * alone_ns + 20e6, 'the tree has', all_ns, 'and not', alone_ns)
    asked = [f for f in frames(told) if f.startswith('[asked: ')]
    equal(len(asked), 1, 'calls of another server')
    check('GET ' + session.target in asked[0], asked[0])
    return told


def each_finds_its_own(here, port, server, n=6):
    slow.all_at_once(port, ['/slow?n=%d%s' % (i, '&profile=1' if i % 2 else '')
                            for i in range(2 * n)])
    found = sessions(here, 2 * n)
    for path, session in found['nginx']:
        told = one_tree(path, session, server)
        check(any('[wait: sleep' in f or 'nanosleep' in f or '[wait: select' in f
                  for f in frames(told)), 'it does not sleep:', frames(told))
    return found


def gunicorn_behind_nginx_is_found_by_the_connection():
    with place() as here, gunicorn(here) as up, nginx(here, up) as port:
        found = each_finds_its_own(here, port, 'gunicorn')
        path, _ = found['gunicorn'][0]
        equal(len(chain(path)['sessions']), 1, 'sessions after the last server')


def php_fpm_behind_nginx_is_found_over_tcp():
    with place() as here, php_fpm(here, '127.0.0.1:%d' % free_port()) as up, \
            nginx(here, up, FASTCGI) as port:
        each_finds_its_own(here, port, 'php-fpm', 3)


def php_fpm_behind_nginx_is_found_over_a_path():
    with place() as here, php_fpm(here, here.file('fpm.sock')) as up, \
            nginx(here, up, FASTCGI) as port:
        ask(port, '/slow?n=1&profile=1')
        (path, session), = sessions(here, 2)['nginx']
        one_tree(path, session, 'php-fpm')


def a_trace_joins_across_a_server_that_is_not_recorded():
    with place() as here, gunicorn(here) as up, nginx(here, up, shim=False) as between, \
            nginx(here, '127.0.0.1:%d' % between) as port:
        ask(port, '/slow?n=1&profile=1', headers=[TRACE])
        ask(port, '/slow?n=2&profile=1')
        found = sessions(here, 4)['nginx']
        told = {s.target: len(chain(path)['sessions']) for path, s in found}
        equal(told, {'/slow?n=1': 2, '/slow?n=2': 1}, 'sessions of the chains')


def a_proxy_that_says_so_needs_the_secret():
    says_so = PROXY + 'proxy_set_header X-Forwarded-For $remote_addr;'
    with place() as here:
        secret = here.file('secret', '0123456789abcdef0123\n')
        os.chmod(secret, 0o600)
        env = {'REQPROF_SECRET_FILE': secret}
        with gunicorn(here, **env) as up, nginx(here, up, says_so, **env) as port:
            ask(port, '/slow?profile=0123456789abcdef0123')
            (path, _), = sessions(here, 2)['nginx']
            equal(len(chain(path)['sessions']), 2, 'sessions of the chain')


def as_text_it_says_who_was_asked_and_how_that_is_known():
    with place() as here, gunicorn(here) as up, nginx(here, up) as port:
        ask(port, '/slow?n=1&profile=1')
        (path, _), = sessions(here, 2)['nginx']
        text = harness.subprocess.run([harness.TOOL, 'show', '--chain', '--no-unicode', path],
                                      capture_output=True, text=True, check=True).stdout
        check('with gunicorn' in text and 'found by the connection: asked at ' + up in text, text)
        check('[asked: gunicorn' in text, text)


run(gunicorn_behind_nginx_is_found_by_the_connection, php_fpm_behind_nginx_is_found_over_tcp,
    php_fpm_behind_nginx_is_found_over_a_path, a_trace_joins_across_a_server_that_is_not_recorded,
    a_proxy_that_says_so_needs_the_secret, as_text_it_says_who_was_asked_and_how_that_is_known)
