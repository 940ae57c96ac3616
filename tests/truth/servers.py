# servers.py - the servers whose threads are asked for the truth, each started under the shim that
# counts.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import functools
import glob
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'e2e'))
import configs
import harness
import hosts
from harness import PYTHON, Server, Skip, free_port, need
from load import Load, PipelinedLoad
from load_h2 import H2Load

SHIM = os.path.join(harness.BUILD, 'truth', 'libreqprof.so')
APP = os.path.join(harness.ROOT, 'tests/truth/app.php')
IDS = '/?id=%%s&steps=%s'
NGINX = '''
%(user)s
worker_processes 1;
daemon off;
pid %(path)s/nginx.pid;
error_log %(path)s/nginx.err;
events { worker_connections 512; }
http {
	access_log off;
	default_type text/plain;
	keepalive_requests 1000000;''' + configs.TEMPS + '''
	upstream up { server 127.0.0.1:%(upstream)d; keepalive 4; }
	server {
		listen 127.0.0.1:%(port)d%(listen)s;
		root %(path)s/www;
		location = /file { try_files /gt/$arg_id/start /whoever.txt; }
		location = /aio { aio threads; sendfile off; try_files /gt/$arg_id/start /whoever.txt; }
		location = /proxy { set $id $arg_id; try_files /gt/$id/start @up; }
		location @up {
			proxy_pass http://up;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
		}
		location = /answered { internal; try_files /gt/$id/upstream /whoever.txt; }
	}
}
'''
APACHE = '''
Protocols %s
StartServers 2
ThreadsPerChild 64
MinSpareThreads 16
MaxSpareThreads 128
MaxRequestWorkers 128
MaxKeepAliveRequests 0
RewriteEngine On
RewriteCond %%{QUERY_STRING} ^id=([^&]+)
RewriteCond /gt/%%1/start -f [OR]
RewriteCond %%{REQUEST_URI} ^/file$
RewriteRule .* /whoever.txt
'''


@contextlib.contextmanager
def serving(here, tally, argv, port, **env):
    # Many sessions a second, and none is read: the machine is for the server.
    env = {**env, 'LD_PRELOAD': SHIM, 'REQPROF_KEEP': '20', 'REQPROF_INTERVAL': '10ms',
           'PYTHONDONTWRITEBYTECODE': '1', **tally.env}
    one = Server(here, argv, port, env=env)
    try:
        yield port
    finally:
        one.stop()


def given(here):
    """Its sessions are written by workers of another user."""
    if configs.USER:
        here.give(here.sessions, configs.USER)


def whoever(here):
    # Apache says otherwise of a file that has just been made.
    os.utime(here.file('www/whoever.txt', 'whoever\n'), (1700000000, 1700000000))


@contextlib.contextmanager
def upstream(here, header=''):
    port = free_port()
    one = Server(here, [hosts.host('truth_upstream'), str(port), header], port, shim=False)
    try:
        yield port
    finally:
        one.stop()


@contextlib.contextmanager
def nginx(here, tally, listen=''):
    need('nginx')
    port = free_port()
    whoever(here)
    with upstream(here, 'X-Accel-Redirect: /answered') as up:
        conf = here.file('nginx.conf', NGINX % dict(
            path=here.path, port=port, upstream=up, listen=listen,
            user='user %s;' % configs.USER if configs.USER else ''))
        given(here)
        argv = ['nginx', '-c', conf, '-e', here.file('nginx.err')]
        with serving(here, tally, argv, port):
            yield port


def nginx_h2(here, tally):
    return nginx(here, tally, ' http2')


nginx_h2.load = H2Load


@contextlib.contextmanager
def apache(here, tally, protocols='http/1.1'):
    """mpm_event; a rule looks for a file that does not exist before the true one is sent."""
    port = free_port()
    whoever(here)
    argv = configs.apache(here, port, 9)
    for module in ('rewrite', 'http2') if 'h2c' in protocols else ('rewrite',):
        if not os.path.exists('%s/mod_%s.so' % (configs.MODULES, module)):
            raise Skip('there is no mod_%s.so' % module)
        with open(here.file('apache.conf'), 'a') as conf:
            conf.write('LoadModule %s_module %s/mod_%s.so\n' % (module, configs.MODULES, module))
    with open(here.file('apache.conf'), 'a') as conf:
        conf.write(APACHE % protocols)
    given(here)
    with serving(here, tally, argv, port):
        yield port


def apache_h2(here, tally):
    return apache(here, tally, 'h2c http/1.1')


apache_h2.load = functools.partial(H2Load, give_up=False)  # it hangs up on who resets streams


@contextlib.contextmanager
def php_fpm(here, tally):
    """Behind a bare nginx."""
    port, pool = free_port(), here.file('fpm.sock')
    given(here)
    argv = configs.nginx(here, port, **configs.to_fpm(pool, APP, '/$'))
    with serving(here, tally, configs.php_fpm(here, pool, 16), pool):
        with harness.server(here, argv, port, shim=False):
            yield port


def own(program, *how):
    @contextlib.contextmanager
    def start(here, tally):
        port = free_port()
        with upstream(here) as up:
            argv = [hosts.host(program), str(port), str(up), *how]
            with serving(here, tally, argv, port):
                yield port
    return start


def app(*argv, needs=(), can=None):
    """ARGV with $PORT, $HERE (this folder), $PLACE and $UPSTREAM put in."""
    @contextlib.contextmanager
    def start(here, tally):
        need(*needs)
        if can:
            can()
        port = free_port()
        with upstream(here) as up:
            words = {'$PORT': port, '$HERE': HERE, '$PLACE': here.path, '$UPSTREAM': up}
            full = list(argv)
            for word, value in words.items():
                full = [a.replace(word, str(value)) for a in full]
            with serving(here, tally, full, port, TRUTH_UPSTREAM=str(up)):
                yield port
    return start


def module(name):
    def can():
        if harness.subprocess.run([PYTHON, '-c', 'import ' + name], capture_output=True,
                                  check=False).returncode:
            raise Skip('there is no Python module ' + name)
    return can


def there(path, why):
    def can():
        if not os.path.exists(path):
            raise Skip(why)
    return can


def jdks():
    """Where there are Java's tools, and which Java it is, the newest first."""
    found = []
    for release in glob.glob('/usr/lib/jvm/*/release'):
        with open(release) as lines:
            version = re.search(r'JAVA_VERSION="(\d+)', lines.read())
        tools = os.path.join(os.path.dirname(release), 'bin')
        if version and os.path.exists(os.path.join(tools, 'javac')):
            found.append((int(version.group(1)), tools))
    return sorted(found, reverse=True)


def java_by(tools, *how):
    @contextlib.contextmanager
    def start(here, tally):
        classes = here.file('classes')
        os.mkdir(classes)
        harness.subprocess.run([os.path.join(tools, 'javac'), '-d', classes,
                                os.path.join(HERE, 'App.java')], check=True)
        argv = [os.path.join(tools, 'java'), '-Xmx256m', '-cp', classes, 'App', '$PORT', '$UPSTREAM']
        with app(*argv, *how)(here, tally) as port:
            yield port
    return start


def java(here, tally):
    need('java', 'javac')
    return java_by('')(here, tally)


def java_virtual(here, tally):
    new = [tools for version, tools in jdks() if version >= 21]
    if not new:
        raise Skip('there is no Java 21 or newer in /usr/lib/jvm')
    return java_by(new[0], 'virtual')(here, tally)


def java_pipelined(here, tally):
    return java(here, tally)


def nginx_pipelined(here, tally):
    return nginx(here, tally)


java_pipelined.load = nginx_pipelined.load = PipelinedLoad
java_virtual.load = Load  # virtual threads have no clock of their own to burn by


def uvicorn(loop, what='app_asgi', needs=''):
    return app(PYTHON, '-m', 'uvicorn', '--app-dir', '$HERE', '--port', '$PORT', '--loop', loop,
               '--log-level', 'warning', what + ':app', can=module('uvicorn, ' + loop + needs))


GUNICORN = app('gunicorn', '--bind', '127.0.0.1:$PORT', '--chdir', HERE, '--log-level', 'warning',
               '--worker-tmp-dir', '$PLACE', '--workers', '1', '--worker-class', 'gthread',
               '--threads', '16', '--worker-connections', '256', 'app_wsgi:app',
               needs=['gunicorn'])
EXPRESS_FOLDER = os.path.join(harness.BUILD, 'readers/node_modules/express')
NODE_ARGV = ['node', os.path.join(HERE, 'app.js'), '$PORT', '$UPSTREAM']
NODE = app(*NODE_ARGV, needs=['node'])
EXPRESS = app(*NODE_ARGV, EXPRESS_FOLDER, needs=['node'],
              can=there(EXPRESS_FOLDER, 'there is no express (make readers, by npm)'))
def python_loop(how):
    return app(PYTHON, os.path.join(HERE, 'app_loop.py'), '$PORT', how)


READING_TASKS = app(PYTHON, os.path.join(HERE, 'app_sock.py'), '$PORT')
POOL = app(PYTHON, os.path.join(HERE, 'app_pool.py'), '$PORT')
THREADS = app(PYTHON, os.path.join(HERE, 'app_threads.py'), '$PORT')

MICROHTTPD = own('truth_mhd')
MICROHTTPD.load = Load  # it has no steps, so none to burn in

LOOP = 'start timer upstream burst pool=50 pooled end'
FIBER = 'start=40 timer=40 upstream=40'
THREAD = 'start timer granted upstream pooled end'
# Name, how it starts, what is asked for (steps: tests/hosts/truth.h), and the places where the
# shim claims to know: 97 times of 100, or as often as it says.
ALL = [
    ('nginx files', nginx, '/file?id=%s', 'start'),
    ('nginx files, pipelined', nginx_pipelined, '/file?id=%s', ''),
    ('nginx HTTP/2, files', nginx_h2, '/file?id=%s', 'start=95'),
    ('nginx HTTP/2, proxy', nginx_h2, '/proxy?id=%s', 'start=90 upstream=90'),
    ('apache event', apache, '/file?id=%s', 'start'),
    ('apache event, HTTP/2', apache_h2, '/file?id=%s', ''),
    ('nginx files by threads', nginx, '/aio?id=%s', 'start'),
    ('php-fpm', php_fpm, '/?id=%s', 'start timer end'),
    ('nginx proxy', nginx, '/proxy?id=%s', 'start upstream'),
    ('C loop, upstream', own('truth_loop'), IDS % 'ub', 'start=40 upstream=40 end=40'),
    ('C loop, few upstreams', own('truth_loop', 'few'), IDS % 'ub', 'start=40'),
    ('C loop, tasks after', own('truth_loop'), IDS % 'ab', ''),
    ('C loop, slices', own('truth_loop'), IDS % 'sus', 'start=40 slice=40 end=40'),
    ('C loop, pool', own('truth_loop'), IDS % 'pb', ''),
    ('C loop, pool, eager', own('truth_loop', 'eager'), IDS % 'pb', ''),
    ('C loop, all', own('truth_loop'), IDS % 'tubps', ''),
    ('C loop, unseen', own('truth_loop', 'unseen'), IDS % 'ab', ''),
    ('C loop, handed over', own('truth_loop', 'rights'), IDS % 'ub', 'start=40 end=40'),
    ('C coroutines, all', own('truth_loop', 'coroutines'), IDS % 'tubps', ''),
    ('C coroutines that read, all', own('truth_loop', 'readers'), IDS % 'tubps',
     'start=80 timer=80 upstream=80 burst=80 end=80'),
    ('C coroutines of threads', own('truth_fibers'), IDS % 'tubs',
     'start=80 timer=80 upstream=80 burst=80 end=80'),
    ('C coroutines of threads, direct', own('truth_fibers', 'direct'), IDS % 'tubs',
     'start=80 timer=80 upstream=80 burst=80 end=80'),
    ('C fibers of threads', own('truth_fibers', 'switched'), IDS % 'tubs', FIBER),
    ('C fibers of threads, direct', own('truth_fibers', 'switched', 'direct'), IDS % 'tubs', FIBER),
    ('C fibers of threads, passed', own('truth_fibers', 'switched', 'passed'), IDS % 'tubs', ''),
    ('C fibers of threads, half passed', own('truth_fibers', 'switched', 'passed', 'half'),
     IDS % 'tubs', ''),
    ('C fibers of a loop', own('truth_fibers', 'switched', 'alone'), IDS % 'tubs', FIBER),
    ('C fibers of a loop, direct', own('truth_fibers', 'switched', 'alone', 'direct'),
     IDS % 'tubs', FIBER),
    ('C fibers of a loop, passed', own('truth_fibers', 'switched', 'alone', 'passed'),
     IDS % 'tubs', ''),
    ('C coroutines of threads, passed', own('truth_fibers', 'passed'), IDS % 'tubs', ''),
    ('C microhttpd, put to sleep', MICROHTTPD, IDS % '', ''),
    ('C thread each', own('truth_threads', 'each'), IDS % 'tubp', THREAD + ' burst pool=80'),
    ('C accept, workers', own('truth_threads', 'queue'), IDS % 'tubp', THREAD + ' burst pool=80'),
    ('C accept, workers, sets', own('truth_threads', 'queue', 'sets'), IDS % 'tubp',
     THREAD + ' burst'),
    ('C read, workers', own('truth_threads', 'jobs'), IDS % 'tubp',
     'read=40 end=40 pool=30'),
    ('C read, workers, broadcasts', own('truth_threads', 'jobs', 'broadcasts'), IDS % 'tubp',
     'read=40 end=40 pool=30'),
    ('C read, workers, growing', own('truth_threads', 'jobs', 'grows'), IDS % 'tubp', 'read=40'),
    ('C read, workers, growing, unseen', own('truth_threads', 'jobs', 'grows', 'unseen'),
     IDS % 'tubp', 'read=40'),
    ('C read, workers that put back', own('truth_threads', 'jobs', 'returns'), IDS % 'tubp',
     'read=40'),
    ('C read, workers, helped', own('truth_threads', 'jobs', 'helps'), IDS % 'tubp', 'read=40'),
    ('C read, workers, stacks', own('truth_threads', 'jobs', 'lifo'), IDS % 'tubp', 'read=40'),
    ('C read, semaphores', own('truth_threads', 'jobs', 'semaphores'), IDS % 'tubp',
     'read=40 end=30 pool=20'),
    ('C read, semaphores, stacks', own('truth_threads', 'jobs', 'semaphores', 'lifo'),
     IDS % 'tubp', 'read=40'),
    ('C read, bytes in a pipe', own('truth_threads', 'jobs', 'bytes'), IDS % 'tubp', 'read=40'),
    ('C read, counts', own('truth_threads', 'jobs', 'counts'), IDS % 'tubp', 'read=40'),
    ('C read, items in a pipe', own('truth_threads', 'jobs', 'items'), IDS % 'tubp', 'read=40'),
    ('C read, batches', own('truth_threads', 'jobs', 'batches'), IDS % 'bb', 'read=40'),
    ('C read, batches, bytes in a pipe', own('truth_threads', 'jobs', 'bytes', 'batches'),
     IDS % 'bb', 'read=40'),
    ('C read, silent batches', own('truth_threads', 'jobs', 'bytes', 'silent'), IDS % 'bb',
     'read=40'),
    ('C read, batches, counts', own('truth_threads', 'jobs', 'counts', 'batches'),
     IDS % 'bb', 'read=40'),
    ('C thread each, makes threads', own('truth_threads', 'each'), IDS % 'bct',
     'start burst made joined timer end'),
    ('C thread each, stacks', own('truth_threads', 'each', 'lifo'), IDS % 'tubp', THREAD),
    ('python threads', THREADS, IDS % 'tubp', THREAD + ' burst pool'),
    ('python, read for a pool', POOL, IDS % 'tubp', ''),
    ('gunicorn gthread', GUNICORN, IDS % 'tubp', THREAD + ' burst pool'),
    ('node, upstream', NODE, IDS % 'ub', 'start upstream burst end'),
    ('node, all', NODE, IDS % 'tubp', LOOP),
    ('express, all', EXPRESS, IDS % 'tubp', LOOP),
    ('uvicorn asyncio, upstream', uvicorn('asyncio'), IDS % 'ub',
     'start=90 granted=90 upstream=90 end=90'),
    ('uvicorn asyncio, all', uvicorn('asyncio'), IDS % 'tubp',
     'start=90 timer=90 upstream=90 pool=90 pooled=90 end=90'),
    ('uvicorn uvloop, upstream', uvicorn('uvloop'), IDS % 'ub',
     'start=90 granted=90 upstream=90 end=90'),
    ('uvicorn uvloop, all', uvicorn('uvloop'), IDS % 'tubp',
     'start=90 timer=90 upstream=90 pool=90 pooled=90 end=90'),
    ('uvicorn asyncio, sync routes', uvicorn('asyncio', 'app_sync', ', starlette'), IDS % 'tubp',
     ''),
    ('uvicorn uvloop, sync routes', uvicorn('uvloop', 'app_sync', ', starlette'), IDS % 'tubp', ''),
    ('uvicorn asyncio, tasks after', uvicorn('asyncio'), IDS % 'aub', 'start=90 end=90'),
    ('uvicorn uvloop, tasks after', uvicorn('uvloop'), IDS % 'aub', 'start=90 end=90'),
    ('uvicorn asyncio, sync, tasks after', uvicorn('asyncio', 'app_sync', ', starlette'),
     IDS % 'aub', ''),
    ('python loop, tasks', python_loop('tasks'), IDS % 'tubs',
     'start=90 timer=90 upstream=90 slice=90 end=90'),
    ('python asyncio, tasks that read', READING_TASKS, IDS % 'atubp',
     'start=80 timer=80 granted=80 upstream=80 pool=80 pooled=80 burst=80 end=80'),
    ('python loop, callbacks', python_loop('callbacks'), IDS % 'tubs', ''),
    ('java HttpServer', java, IDS % 'tubp', THREAD),
    ('java virtual threads', java_virtual, IDS % 'tubp', ''),
    ('java HttpServer, pipelined', java_pipelined, IDS % 'tubp', ''),
]
# In make check, for a moment each (tests/e2e/test_truth.py).
SLICE = ['nginx files', 'nginx files, pipelined', 'nginx HTTP/2, files',
         'nginx HTTP/2, proxy', 'php-fpm', 'nginx proxy', 'C loop, upstream', 'C loop, tasks after',
         'C loop, slices', 'C microhttpd, put to sleep', 'C loop, all', 'C loop, pool', 'C loop, unseen',
         'C coroutines that read, all',
         'C coroutines of threads', 'C fibers of threads', 'C fibers of threads, passed',
         'C fibers of a loop', 'C thread each', 'C accept, workers', 'C accept, workers, sets',
         'C read, workers', 'C read, workers, growing',
         'C read, workers, growing, unseen', 'C read, workers that put back',
         'C read, workers, helped', 'C read, batches, bytes in a pipe', 'C read, semaphores',
         'C read, semaphores, stacks',
         'C thread each, stacks', 'python, read for a pool', 'gunicorn gthread', 'node, all', 'express, all',
         'uvicorn asyncio, all', 'uvicorn uvloop, all', 'python loop, tasks', 'python asyncio, tasks that read',
         'python loop, callbacks']
