#!/usr/bin/env python3
# test_tls_hosts.py - which library's functions are the true ones, and that these return what they
# would have returned.
#
# Room: tests.  Hosts are linked with the libraries alone, so no headers of theirs are needed.
# SPDX-License-Identifier: MIT
import contextlib
import glob
import os

import hosts
from harness import PYTHON, SHIM, Server, Skip, body_of, check, equal, free_port, place, request, run
from harness import sessions
from over_tls import TlsClient, certificate, older_client

HERE = os.path.dirname(os.path.abspath(__file__))
OPENSSL = ['-l:libssl.so.3', '-l:libcrypto.so.3']
COPY = 'tls/libssl.so.9'
hosts.PARTS.update({
    'tls/ours.so': ('tls_openssl.c', hosts.LIBRARY + OPENSSL),
    'tls/other.so': ('tls_openssl.c', hosts.LIBRARY + ['$OUT/' + COPY, '-l:libcrypto.so.3',
                                                       '-Wl,-rpath,$ORIGIN']),
    'tls/host': ('tls_host.c', []),
    'tls/linked': ('tls_host.c', ['-Wl,--no-as-needed', '-l:libssl.so.3']),
    'tls/shout.so': ('tls_shout.c', hosts.LIBRARY),
    'tls/gnutls': ('tls_gnutls.c', ['-l:libgnutls.so.30']),
})
# _ssl serves on the first port, a plugin with a library of its own on the second.
BOTH = '''
import ctypes, runpy, socket, sys, threading
_, program, port, pem, plugin, other = sys.argv
listener = socket.create_server(('127.0.0.1', int(other)))
serve = ctypes.CDLL(plugin).tls_serve
threading.Thread(target=serve, args=(listener.fileno(), pem.encode()), daemon=True).start()
sys.argv[1:] = [port, pem]
runpy.run_path(program, run_name='__main__')
'''


def library(name):
    found = glob.glob('/usr/lib/*-linux-gnu/' + name) + glob.glob('/lib/*-linux-gnu/' + name)
    if not found:
        raise Skip('there is no ' + name)
    return found[0]


def plugins():
    """Two plugins, and the libraries that they need: libssl, and a copy under another name."""
    os.makedirs(os.path.join(hosts.OUT, 'tls'), exist_ok=True)
    with open(library('libssl.so.3'), 'rb') as source:
        image = source.read().replace(b'libssl.so.3\0', b'libssl.so.9\0')
    with open(os.path.join(hosts.OUT, COPY), 'wb') as copy:
        copy.write(image)
    return hosts.built('tls/ours.so'), hosts.built('tls/other.so')


def libraries_of(session):
    """Which libssl is on the stacks on which SESSION waited for its body."""
    files = {os.path.basename(f['module'] or '') for w in session.waits for f in session.stack(w)}
    return {name for name in files if name.startswith('libssl')}


def post_late(port, target):
    raw = request(target, method='POST', body=b'late')
    with TlsClient(port) as client:
        client.send(raw[:-4], raw[-4:], pause=0.1)
        return client.answer()


@contextlib.contextmanager
def started(here, argv, port, shim=True, env=None):
    one = Server(here, argv, port, shim, env)
    try:
        yield
    finally:
        one.stop()


def each_uses_its_own(argv_of, wanted):
    """ARGV_OF(pem, two ports) serves on both; a body is waited for in the library WANTED there."""
    answers = {}
    for shim in (False, True):
        with place() as here:
            ports, pem = (free_port(), free_port()), certificate(here)
            with started(here, argv_of(pem, *ports), ports[0], shim):
                answers[shim] = [body_of(post_late(port, '/echo?n=%d&profile=1' % i))
                                 for i, port in enumerate(ports * 2)]
                told = sessions(here.sessions, 4 if shim else 0)
                equal(here.said(), '', 'REQPROF_LOG')
    equal(answers[True], answers[False], 'the answers')
    for i, s in enumerate(told):
        equal(s.target, '/echo?n=%d' % i, 'the target')
        equal(s.lost, {}, 'lost')
        equal(libraries_of(s), {wanted[i % 2]}, 'where it waits')


def two_copies_that_plugins_keep_to_themselves_are_told_apart():
    ours, other = plugins()
    host = hosts.built('tls/host')
    each_uses_its_own(lambda pem, one, two: [host, pem, ours, str(one), other, str(two)],
                      ['libssl.so.3', 'libssl.so.9'])


def a_plugin_is_bound_to_the_copy_of_the_program_where_the_loader_binds_it_so():
    ours, other = plugins()
    host = hosts.built('tls/linked')
    each_uses_its_own(lambda pem, one, two: [host, pem, ours, str(one), other, str(two)],
                      ['libssl.so.3', 'libssl.so.3'])


def pythons_own_and_a_second_copy_beside_it_are_told_apart():
    _, other = plugins()
    program = os.path.join(HERE, 'py_threads.py')
    each_uses_its_own(lambda pem, one, two: [PYTHON, '-c', BOTH, program, str(one), pem, other,
                                             str(two)], ['libssl.so.3', 'libssl.so.9'])


def raws_of(port, targets):
    """On one connection, each asked unflagged and flagged."""
    raws = []
    with TlsClient(port) as client:
        for target in targets:
            for headers in ([], ['X-Reqprof: 1']):
                client.send(request(target, headers=headers))
                raws.append(client.answer())
    return raws


def another_preloaded_library_is_called_as_without():
    ours, _ = plugins()
    host, shout = hosts.built('tls/linked'), hosts.built('tls/shout.so')
    told = []
    for order in (shout, SHIM + ':' + shout, shout + ':' + SHIM):
        with place() as here:
            port, pem = free_port(), certificate(here)
            with started(here, [host, pem, ours, str(port)], port,
                         env={'LD_PRELOAD': order}):
                told.append(raws_of(port, ['/hi']))
                found = sessions(here.sessions, 1 if SHIM in order else 0)
            equal([s.lost for s in found], [{}] * len(found), 'lost')
    check(b'HTTP/1.1 200 OK\r\nCONTENT' in told[0][0], 'the other library is silent', told[0])
    equal(told[1:], [told[0]] * 2, 'the answers')


def answers_of(argv_of, *targets):
    """The answers of a host to TARGETS, unflagged and flagged: bare, then with the shim."""
    told = []
    for shim in (False, True):
        with place() as here:
            port, pem = free_port(), certificate(here)
            with started(here, argv_of(pem, str(port)), port, shim):
                raws = raws_of(port, targets)
                found = sessions(here.sessions, len(targets) if shim else 0)
                equal([s.request['bytes_out'] for s in found],
                      [len(raw) for raw in raws[1::2]][:len(found)], 'bytes_out')
                equal([s.lost for s in found], [{}] * len(found), 'lost')
        told.append([body_of(raw).decode() for raw in raws])
    return told


def what_fails_in_the_library_fails_as_without():
    ours, _ = plugins()
    host = hosts.built('tls/host')
    bare, shimmed = answers_of(lambda pem, port: [host, pem, ours, port], '/errors', '/hi',
                               '/errors')
    equal(shimmed, bare, 'what the host saw')
    check('error 2, queue\n' in bare[0] and 'queue 8' in bare[0], 'the host saw no failures:',
          bare[0])


def a_conversation_that_begins_anew_is_still_followed():
    ours, _ = plugins()
    with place() as here:
        port, pem = free_port(), certificate(here)
        with started(here, [hosts.built('tls/host'), pem, ours, str(port)], port):
            targets = ['/hi', '/anew', '/hi?n=1', '/anew', '/hi?n=2']
            with older_client(port) as client:
                for target in targets:
                    client.send(request(target, headers=['X-Reqprof: 1']))
                    client.answer()
            equal([s.target for s in sessions(here.sessions, 5)], targets, 'the targets')


def gnutls_tells_the_same():
    library('libgnutls.so.30')
    host = hosts.built('tls/gnutls')
    bare, shimmed = answers_of(lambda pem, port: [host, port, pem], '/hi', '/again')
    equal(shimmed, bare, 'the answers')


def gnutls_waits_for_its_client():
    library('libgnutls.so.30')
    with place() as here:
        port, pem = free_port(), certificate(here)
        with started(here, [hosts.built('tls/gnutls'), str(port), pem], port):
            raw = post_late(port, '/late?profile=1')
            s, = sessions(here.sessions, 1)
        equal(s.request['bytes_out'], len(raw), 'bytes_out')
        check(any('client' in w['object'] and w['span_ns'] >= 90e6 for w in s.waits),
              'it did not wait for its body', [(w['object'], w['span_ns']) for w in s.waits])


run(two_copies_that_plugins_keep_to_themselves_are_told_apart,
    a_plugin_is_bound_to_the_copy_of_the_program_where_the_loader_binds_it_so,
    pythons_own_and_a_second_copy_beside_it_are_told_apart,
    what_fails_in_the_library_fails_as_without,
    a_conversation_that_begins_anew_is_still_followed,
    another_preloaded_library_is_called_as_without, gnutls_tells_the_same,
    gnutls_waits_for_its_client)
