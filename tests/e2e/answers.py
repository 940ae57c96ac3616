# answers.py - servers whose answers are replaced, and what stands in for the page.
#
# Room: tests.  A small program (tests/hosts/pager.c) makes the page, so that its bytes are known.
# SPDX-License-Identifier: MIT
import collections
import contextlib
import os
import shutil

import configs
import harness
import hosts
from harness import PYTHON, Skip, body_of, check, equal, free_port, need, server
from harness import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
# TARGETS: what is asked for; KEEPS: the connection, between answers; OWNER: of its sessions.
Kind = collections.namedtuple('Kind', 'name start targets keeps owner', defaults=[None])
PAGE = b'a page of the profile '
LIGHTTPD = '''
server.bind = "127.0.0.1"
server.port = %(port)d
server.document-root = "%(path)s/www"
server.modules = ( "mod_accesslog" )
accesslog.filename = "%(path)s/access.log"
'''
ASGI = '''
async def app(scope, receive, send):
    if scope['type'] != 'http':
        return
    body = b'hello\\n' if scope['path'] == '/hello' else b'0123456789abcdef' * 20000
    length = [] if scope['path'] == '/chunked' else [(b'content-length', b'%d' % len(body))]
    await send({'type': 'http.response.start', 'status': 200, 'headers': length})
    await send({'type': 'http.response.body', 'body': body})
'''
SSE = '''
import asyncio
async def app(scope, receive, send):
    if scope['type'] != 'http':
        return
    await send({'type': 'http.response.start', 'status': 200,
                'headers': [(b'content-type', b'text/event-stream')]})
    for i in range(5):
        await send({'type': 'http.response.body', 'body': b'data: %d\\n\\n' % i,
                    'more_body': True})
        await asyncio.sleep(0.05)
    await send({'type': 'http.response.body', 'body': b''})
'''
# /200+OK: the head comes byte by byte.
PIECES = '''
import socket, sys, time, urllib.parse
listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))
while True:
    one, _ = listener.accept()
    got = one.recv(65536)
    if not got:
        continue
    status = urllib.parse.unquote_plus(got.split()[1].decode().split('?')[0][1:])
    kind = 'text/event-stream' if 'Stream' in status else 'text/plain'
    head = 'HTTP/1.1 %s\\r\\nContent-Type: %s\\r\\nConnection: close\\r\\n\\r\\n' % (status, kind)
    for letter in head:
        one.send(letter.encode())
    if not status.startswith('304'):
        one.send(b'the body')
    one.close()
'''
ONCE = '''
import socket, sys
listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))
got = b''
while not got:
    one, _ = listener.accept()
    got = one.recv(65536)
one.send(b'HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nhello\\n')
'''
RACK = '''
run lambda { |env|
  path = env['PATH_INFO']
  body = path == '/hello' ? "hello\\n" : '0123456789abcdef' * 20000
  length = path == '/chunked' ? {} : { 'Content-Length' => body.bytesize.to_s }
  [200, length, [body]]
}
'''


def page(n):
    """The N bytes that the stand-in writes."""
    line = bytes(PAGE[i % 22] for i in range(63)) + b'\n'
    return (line * (n // 64 + 1))[:n]


def pager(here, n=64, ms=0):
    """The settings that let the stand-in make pages of N bytes, after MS milliseconds."""
    folder = here.file('pager')
    os.makedirs(folder, exist_ok=True)
    program = here.file('pager/reqprof')
    if not os.path.exists(program):
        shutil.copy(hosts.host('pager'), program)
    here.file('pager/bytes', '%d\n' % n)
    here.file('pager/ms', '%d\n' % ms)
    return {'REQPROF_TOOL': program, 'REQPROF_OPEN': 'loopback'}


def starts(*argv, needs=(), files=None, can=None, env=None):
    """A server of ARGV with $PORT, $HERE, $PLACE and $HOSTS put in."""
    @contextlib.contextmanager
    def start(here, shim=True, before=None, **more):
        need(*needs)
        if can:
            can()
        for name, content in (files or {}).items():
            here.file(name, content)
        port = free_port()
        words = {'$PORT': str(port), '$HERE': HERE, '$PLACE': here.path,
                 '$HOSTS': os.path.join(harness.BUILD, 'hosts')}
        full = list(argv)
        for word, value in words.items():
            full = [a.replace(word, value) for a in full]
        settings = dict(env or {}, PYTHONDONTWRITEBYTECODE='1', **(pager(here) if shim else {}))
        with server(here, full, port, shim, env=dict(settings, **more), before=before) as one:
            yield one
    return start


def python_has(module):
    def can():
        if subprocess.run([PYTHON, '-c', 'import ' + module], capture_output=True,
                          check=False).returncode:
            raise Skip('there is no Python module ' + module)
    return can


def configured(make, **options):
    @contextlib.contextmanager
    def start(here, shim=True, before=None, **more):
        port = free_port()
        argv = make(here, port, **options)
        os.utime(here.file('www/big.bin', bytes(range(256)) * 12000), (1700000000, 1700000000))
        settings = dict(pager(here) if shim else {}, **more)
        with server(here, argv, port, shim, env=settings, before=before) as one:
            yield one
    return start


def nginx(here, port, pem=None):
    argv = configs.nginx(here, port, upstream=9, pem=pem)
    path = here.file('nginx.conf')
    with open(path) as conf:
        text = conf.read()
    here.file('nginx.conf', text.replace('access_log off', 'access_log %s' % here.file('access.log'))
              .replace('worker_processes 2', 'worker_processes 1'))
    return argv


def lighttpd(here, port):
    need('lighttpd')
    configs.pages(here)
    conf = here.file('lighttpd.conf', LIGHTTPD % dict(path=here.path, port=port))
    return ['lighttpd', '-D', '-f', conf]


def apache(here, port):
    return configs.apache(here, port, upstream=9)


GUNICORN = ['gunicorn', '--bind', '127.0.0.1:$PORT', '--chdir', HERE, '--log-level', 'warning',
            '--no-sendfile', '--worker-tmp-dir', '$PLACE', '--workers', '1']
FILES = ['/small.txt', '/big.bin']
BODIES = ['/hello', '/big']
KINDS = [
    Kind('nginx', configured(nginx), FILES, True, configs.USER),
    Kind('apache', configured(apache), FILES, True, configs.USER),
    Kind('lighttpd', configured(lighttpd), FILES, True),
    Kind('python', starts(PYTHON, '$HERE/py_threads.py', '$PORT'), BODIES, True),
    Kind('gunicorn sync', starts(*GUNICORN, 'py_wsgi:app', needs=['gunicorn']),
         BODIES + ['/big?open'], False),
    Kind('gunicorn gthread', starts(*GUNICORN, '--worker-class', 'gthread', '--threads', '4',
                                    'py_wsgi:app', needs=['gunicorn']),
         BODIES + ['/big?open'], True),
    Kind('uvicorn', starts(PYTHON, '-m', 'uvicorn', '--app-dir', '$PLACE', '--port', '$PORT',
                           '--log-level', 'warning', 'asgi:app', files={'asgi.py': ASGI},
                           can=python_has('uvicorn')), BODIES + ['/chunked'], True),
    Kind('node', starts('node', '$HERE/app.js', '$PORT', needs=['node']), BODIES, True),
    Kind('php', starts('php', '-n', '-S', '127.0.0.1:$PORT', '$HERE/app.php', needs=['php']),
         BODIES, False),
    Kind('java', starts('java', '-Xmx256m', '$HERE/Answers.java', '$PORT', needs=['javac']),
         BODIES + ['/chunked'], True),
    Kind('puma', starts('puma', '-q', '-b', 'tcp://127.0.0.1:$PORT', '-t', '2:4', '$PLACE/app.ru',
                        files={'app.ru': RACK}, needs=['puma']), BODIES + ['/chunked'], True),
]


# Not for every test.
OTHERS = [
    Kind('says', starts('$HOSTS/says', '$PORT'),
         ['/' + by + call for by in ('', 'sys-') for call in
          ('write', 'writev', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile', 'splice')], True),
    Kind('sse', starts(PYTHON, '-m', 'uvicorn', '--app-dir', '$PLACE', '--port', '$PORT',
                       '--log-level', 'warning', 'sse:app', files={'sse.py': SSE},
                       can=python_has('uvicorn')), ['/'], True),
    Kind('pieces', starts(PYTHON, '$PLACE/pieces.py', '$PORT', files={'pieces.py': PIECES}),
         ['/200+OK'], False),
    Kind('once', starts(PYTHON, '$PLACE/once.py', '$PORT', files={'once.py': ONCE}), ['/'], False),
]


def kind(name):
    found, = [k for k in KINDS + OTHERS if k.name == name]
    return found


def request(target, **named):
    """From a page of this machine."""
    return harness.request(target, **named).replace(b'Host: test', b'Host: localhost')


def flagged(target, mode='text'):
    return target + ('&' if '?' in target else '?') + 'profile=' + mode


def is_page(raw, bare, n=64, what=''):
    """RAW is the page of N bytes in place of BARE."""
    head, status = raw.split(b'\r\n\r\n')[0] + b'\r\n', bare.split(b'\r\n')[0]
    check(raw.startswith(status + b'\r\n'), what, 'begins with', raw[:60], 'and not', status)
    equal(body_of(raw), page(n), what)
    lines = [line.lower() for line in head.split(b'\r\n')]
    for line in (b'content-length: %d' % n, b'cache-control: no-store',
                 b'x-reqprof-original-status: ' + status.split()[1]):
        check(line in lines, what, 'has no line', line, head)
    was = [line.lower() for line in bare.split(b'\r\n\r\n')[0].split(b'\r\n')
           if line.lower().startswith(b'connection:')]
    equal([line for line in lines if line.startswith(b'connection:')], was, what + ': connection')


def processes(one):
    """The server's, all of them."""
    found, todo = [], [one.pid]
    while todo:
        found.append(todo.pop())
        for task in tasks(found[-1]):
            with contextlib.suppress(OSError), open(task + '/children') as children:
                todo += map(int, children.read().split())
    return found


def tasks(pid):
    with contextlib.suppress(OSError):
        return ['/proc/%d/task/%s' % (pid, tid) for tid in os.listdir('/proc/%d/task' % pid)]
    return []


def open_descriptors(one):
    n = 0
    for pid in processes(one):
        with contextlib.suppress(OSError):
            n += len(os.listdir('/proc/%d/fd' % pid))
    return n


def our_threads(one):
    found = []
    for pid in processes(one):
        for task in tasks(pid):
            with contextlib.suppress(OSError), open(task + '/comm') as comm:
                found += [name for name in comm.read().split() if name == 'reqprof-answer']
    return found
