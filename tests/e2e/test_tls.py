#!/usr/bin/env python3
# test_tls.py - servers that do TLS themselves, by a library that can be stood in front of: a
# request tells the same over https as over http.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os
import shutil
import subprocess
import time

import battery
import configs
import slow
from configs import USER
from hosts import host
from harness import PYTHON, TOOL, Skip, body_of, check, equal, files, free_port, place, request
from harness import run, server, sessions
from over_tls import TlsClient, ask_tls, certificate, older_client

HERE = os.path.dirname(os.path.abspath(__file__))


# ---- nginx and apache --------------------------------------------------------------------------

@contextlib.contextmanager
def behind(here, argv_of, shim):
    """What ARGV_OF(here, port, upstream, pem) starts, in front of a Python server without TLS."""
    port, up, pem = free_port(), free_port(), certificate(here)
    here.file('www/huge.bin', bytes(range(256)) * 40000)
    with server(here, [PYTHON, os.path.join(HERE, 'py_threads.py'), str(up)], up, shim=False):
        with server(here, argv_of(here, port, up, pem=pem), port, shim):
            yield port


def nginx(here, shim=True):
    return behind(here, configs.nginx, shim)


def apache(here, shim=True):
    return behind(here, configs.apache, shim)


# ---- python and node ---------------------------------------------------------------------------

@contextlib.contextmanager
def script(here, shim, argv):
    port = free_port()
    with server(here, [*argv, str(port), certificate(here)], port, shim):
        yield port


def threads(here, shim=True):
    return script(here, shim, [PYTHON, os.path.join(HERE, 'py_threads.py')])


def asyncio(here, shim=True):
    return script(here, shim, [PYTHON, os.path.join(HERE, 'py_asyncio.py')])


def node(here, shim=True):
    shared = 'process.exit(process.config.variables.node_shared_openssl ? 0 : 1)'
    for program in (os.environ.get('NODE'), 'node', 'nodejs'):
        if program and shutil.which(program) and \
                subprocess.run([program, '-e', shared], check=False).returncode == 0:
            return script(here, shim, [program, os.path.join(HERE, 'app.js')])
    raise Skip('no node here has its OpenSSL as a library (Debian\'s does; NODE names one)')


def owner_of(start):
    """Who serves, and so writes the sessions, where it is not we."""
    return USER if start in (nginx, apache) else None


def a_request_of_an_older_client_tells_the_same():
    for start in (nginx, apache, threads, asyncio):
        with place(owner_of(start)) as here, start(here) as port:
            raw = ask_tls(port, '/echo?profile=1', older_client, method='POST', body=b'x' * 30000)
            s, = sessions(here.sessions, 1)
            equal(s.request['bytes_out'], len(raw), 'bytes_out')
            equal(s.told['counters']['over_tls'], 1, 'over_tls')
            equal(s.lost, {}, 'lost')


def behind_a_preface_the_gate_asks_for_the_client_that_is_named():
    def proxied(*args, **named):
        return configs.nginx(*args, listen=' proxy_protocol', **named)
    with place(USER) as here, behind(here, proxied, True) as port:
        for n, client in enumerate(('127.0.0.1', '203.0.113.9')):
            preface = b'PROXY TCP4 %s 127.0.0.1 4711 443\r\n' % client.encode()
            with TlsClient(port, preface=preface) as one:
                one.send(request('/hi?n=%d&profile=1' % n))
                equal(body_of(one.answer()), b'hi\n', 'the answer')
        s, = sessions(here.sessions, 1)
        equal((s.target, s.request['peer']), ('/hi?n=0', '127.0.0.1:4711'), 'who asked for what')
        equal(s.told['counters']['over_tls'], 1, 'over_tls')


def a_sleep_and_a_burn_are_told_as_without():
    with place() as here, threads(here) as port:
        s = slow.sleep_and_burn_are_told(here, port, asked=ask_tls)
        read = [w for w in s.waits if w['kind'] in ('read', 'recv')]
        check(all('client' in w['object'] for w in read), 'it reads from others than its client',
              [w['object'] for w in read])


def a_body_that_comes_late_is_waited_for_in_the_read_of_its_descriptor():
    head = request('/echo?profile=1', method='POST', body=b'y' * 1000)[:-1000]
    with place() as here, threads(here) as port:
        with TlsClient(port) as client:
            client.send(head, b'y' * 500, b'y' * 500, pause=0.2)
            client.answer()
        s, = sessions(here.sessions, 1)
        late = [w for w in s.waits if w['kind'] in ('read', 'recv') and 'client' in w['object']]
        check(sum(w['span_ns'] for w in late) >= 350e6, 'it did not wait 0.4 s for its client',
              [(w['kind'], w['object'], w['span_ns']) for w in s.waits])
        check(all(any('SSL_read' in f['function'] for f in s.stack(w)) for w in late),
              'it waits elsewhere than in SSL_read', [s.stack(w) for w in late])


def an_answer_ends_with_its_last_byte_on_the_wire():
    for start in (nginx, apache, threads, asyncio, node):
        with contextlib.ExitStack() as stack:
            here = stack.enter_context(place(owner_of(start)))
            try:
                port = stack.enter_context(start(here))
            except Skip:
                continue
            target = '/huge.bin' if start in (nginx, apache) else '/huge'
            client = stack.enter_context(TlsClient(port, room=4096))
            client.send(request(target + '?profile=1'))
            client.begun()
            time.sleep(0.6)
            raw = client.answer()
            s, = sessions(here.sessions, 1)
            equal(s.request['ended'], 'complete', 'how it ended')
            equal(s.request['bytes_out'], len(raw), 'bytes_out')
            check(s.account['duration_ns'] >= 500e6, start.__name__, 'is over before its client '
                  'has read:', s.account['duration_ns'])


def said_by(*argv):
    return subprocess.run([TOOL, *argv], capture_output=True, text=True, check=False).stdout


def doctor_and_account_say_what_tls_means_here():
    with place() as here:
        port, pem = free_port(), certificate(here)
        with server(here, [PYTHON, os.path.join(HERE, 'py_threads.py'), str(port), pem],
                    port) as one:
            ask_tls(port, '/hello?profile=1')
            sessions(here.sessions, 1)
            said = said_by('doctor', '--pid', str(one.pid))
        check('libssl.so.3 is seen' in said, 'doctor says', said)
        path, = files(here.sessions)
        check(' bytes out, inside TLS\n' in said_by('account', path), said_by('account', path))
        plain = free_port()
        with server(here, [host('shop'), str(plain)], plain) as one:
            said = said_by('doctor', '--pid', str(one.pid))
        check('no libssl or libgnutls' in said, 'doctor says', said)


FILES = battery.plain_talks('/small.txt') + battery.pipelined_talks('/large.bin') + \
    battery.head_talks('/large.bin')
PROXIED = battery.post_talks('/echo') + battery.expecting_talks('/echo') + \
    battery.chunked_talks('/echo')
SERVED = battery.plain_talks('/hello') + battery.pipelined_talks('/big') + \
    battery.post_talks('/echo') + battery.head_talks('/hello')


def same(name, start, talks, **named):
    # The assembler of libcrypto has no unwind rules everywhere: not every stack is whole.
    return battery.Battery(start, talks, connect=TlsClient, whole_stacks=False,
                           **named).tests(name)


run(*same('nginx', nginx, FILES + PROXIED, owner=USER),
    *same('apache', apache, FILES + PROXIED, owner=USER),
    *same('python_threads', threads, SERVED),
    *same('python_asyncio', asyncio, SERVED),
    *same('node', node, SERVED + battery.chunked_talks('/echo')),
    a_request_of_an_older_client_tells_the_same,
    behind_a_preface_the_gate_asks_for_the_client_that_is_named, a_sleep_and_a_burn_are_told_as_without,
    a_body_that_comes_late_is_waited_for_in_the_read_of_its_descriptor,
    an_answer_ends_with_its_last_byte_on_the_wire,
    doctor_and_account_say_what_tls_means_here)
