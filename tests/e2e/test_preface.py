#!/usr/bin/env python3
# test_preface.py - the PROXY protocol, both versions, before HTTP: nginx and a host of our own.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os
import socket
import struct

import configs
from configs import USER
from harness import PYTHON, Client, check, equal, files, free_port, place, request, run, server
from harness import sessions
from over_tls import certificate, encrypted

THREADS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'py_threads.py')
SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'


def binary(family, addresses, command=1):
    return SIGNATURE + struct.pack('>BBH', 0x20 | command, family << 4 | 1, len(addresses)) + \
        addresses


def ip4(client):
    return binary(1, socket.inet_aton(client) + socket.inet_aton('127.0.0.1') +
                  struct.pack('>HH', 4711, 80))


def ip6(client):
    return binary(2, socket.inet_pton(socket.AF_INET6, client) +
                  socket.inet_pton(socket.AF_INET6, '::1') + struct.pack('>HH', 4711, 80))


# preface, the peer that the session must tell (None: it may not)
PREFACES = [
    (b'PROXY TCP4 127.0.0.1 127.0.0.1 4711 80\r\n', '127.0.0.1:4711'),
    (b'PROXY TCP6 ::1 ::1 4711 80\r\n', '[::1]:4711'),
    (b'PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n', None),
    (b'PROXY TCP6 2001:db8::9 ::1 4711 80\r\n', None),
    (b'PROXY UNKNOWN\r\n', None),
    (ip4('127.0.0.1'), '127.0.0.1:4711'),
    (ip6('::1'), '[::1]:4711'),
    (ip6('::1').replace(b'\0\x24', b'\0\x27', 1) + b'\4\0\0', '[::1]:4711'),
    (ip4('203.0.113.9'), None),
    (ip6('2001:db8::9'), None),
    (binary(0, b''), None),
    (binary(0, b'', command=0), ''),  # the proxy's own connection: whoever is connected
]


@contextlib.contextmanager
def nginx(here, shim=True, pem=None):
    port = free_port()
    who = 'location = /hello { return 200 "hello $proxy_protocol_addr\\n"; }'
    argv = configs.nginx(here, port, listen=' proxy_protocol', locations=who, pem=pem)
    with server(here, argv, port, shim):
        yield port


def nginx_with_tls(here, shim=True):
    return nginx(here, shim, certificate(here))


@contextlib.contextmanager
def own(here, shim=True):
    port = free_port()
    with server(here, [PYTHON, THREADS, str(port), 'proxied'], port, shim):
        yield port


def conversation(port, cuts, tls):
    """For each preface, cut into two at each of CUTS: three requests, two of them flagged."""
    got, n = [], 0
    for preface, _ in PREFACES:
        for cut in cuts:
            with Client(port) as client:
                client.send(*[p for p in (preface[:cut], preface[cut:]) if p], pause=0.003)
                if tls:
                    client.socket = encrypted(client.socket)
                for flag in ('', '&profile=1', '&profile=1'):
                    n += 1
                    client.send(request('/hello?n=%d%s' % (n, flag)))
                    got.append(client.answer().split(b'\r\n\r\n', 1)[1])
    return got


def the_gate_asks_for_the_client_that_is_named(start, cuts=(0,), owner=None, tls=False):
    with place(owner) as here:
        with start(here, False) as port:
            wanted = conversation(port, cuts, tls)
        equal(files(here.sessions), [], 'the sessions of the bare server')
        with start(here) as port:
            got = conversation(port, cuts, tls)
            n = sum(peer is not None for _, peer in PREFACES) * len(cuts) * 2
            found = {s.target: s for s in sessions(here.sessions, n)}
        equal(got, wanted, 'the answers')
        for i in range(len(PREFACES) * len(cuts) * 3):
            told = found.get('/hello?n=%d' % (i + 1))
            peer = PREFACES[i // (3 * len(cuts))][1] if i % 3 else None
            check((told is None) == (peer is None), 'request', i + 1, 'is', told, 'and not', peer)
            if told:
                tells(told, peer)
        said = [line for line in here.said().splitlines() if ' was refused: ' not in line]
        equal(said, [], 'REQPROF_LOG')


def tells(s, peer):
    for key, value in (('ended', 'complete'), ('protocol', 'HTTP/1.1'), ('status', 200),
                       ('peer', peer or s.request['peer'])):
        equal(s.request[key], value, s.target + ': ' + key)
    equal(s.request['bytes_in'], len(request(s.target + '&profile=1')), s.target + ': bytes_in')
    check(peer or s.request['peer'].startswith('127.0.0.1:'), 'the peer is', s.request['peer'])


def nginx_serves_and_the_gate_asks_for_the_client_that_is_named():
    the_gate_asks_for_the_client_that_is_named(nginx, owner=USER)


def nginx_with_tls_behind_the_preface_as_well():
    the_gate_asks_for_the_client_that_is_named(nginx_with_tls, owner=USER, tls=True)


def a_host_reads_byte_by_byte_and_the_gate_asks_for_the_client_that_is_named():
    the_gate_asks_for_the_client_that_is_named(own, (3, 13))


run(nginx_serves_and_the_gate_asks_for_the_client_that_is_named,
    nginx_with_tls_behind_the_preface_as_well,
    a_host_reads_byte_by_byte_and_the_gate_asks_for_the_client_that_is_named)
