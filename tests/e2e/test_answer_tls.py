#!/usr/bin/env python3
# test_answer_tls.py - the page in place of an answer inside TLS: the server's own library sends it.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os
import threading
import time

import answers
from answers import flagged, page, request
from harness import PYTHON, body_of, check, equal, place, run, sessions, until
from over_tls import TlsClient, certificate, older_client

MIB = 1 << 20
PYTHON_TLS = answers.Kind('python', answers.starts(
    PYTHON, '$HERE/py_threads.py', '$PORT', '$PLACE/both.pem'), ['/hello', '/big'], True)
ASYNCIO = answers.Kind('asyncio', answers.starts(
    PYTHON, '$HERE/py_asyncio.py', '$PORT', '$PLACE/both.pem'), ['/hello', '/big'], True)


def of_files(name, make):
    def start(here, shim=True, **more):
        return answers.configured(make, pem=here.file('both.pem'))(here, shim, **more)
    return answers.Kind(name, start, answers.FILES, True, answers.configs.USER)


NGINX = of_files('nginx', answers.nginx)
APACHE = of_files('apache', lambda here, port, pem:
                  answers.configs.apache(here, port, upstream=9, pem=pem))


@contextlib.contextmanager
def serving(kind, n=64, ms=0, shim=True):
    with place(kind.owner) as here:
        certificate(here)
        with kind.start(here, shim) as one:
            if shim:
                answers.pager(here, n, ms)
            yield here, one


def talk(one, asked, connect=TlsClient):
    got = []
    with connect(one.port) as client:
        for target, method in asked:
            client.send(request(target, method=method))
            got.append(client.answer(method))
    return got


def steps(kind):
    for target in kind.targets:
        for asked, method in ((target, 'GET'), (flagged(target), 'GET'), (target, 'GET'),
                              (flagged(target), 'GET'), (flagged(target), 'HEAD'), (target, 'GET')):
            yield asked, method


def replaced(kind):
    def test():
        for connect in (TlsClient, older_client):
            every = list(steps(kind))
            with serving(kind, shim=False) as (here, one):
                bare = talk(one, every, connect)
            with serving(kind, ms=120) as (here, one):
                shimmed = talk(one, every, connect)
                sessions(here.sessions, 6)
                equal(here.said(), '', 'the log of the shim')
            for (target, method), seen, was in zip(every, shimmed, bare):
                what = '%s %s of %s' % (method, target, kind.name)
                if 'profile' in target and method == 'GET':
                    answers.is_page(seen, was, what=what)
                else:
                    equal(body_of(seen), body_of(was), what)
    test.__name__ = kind.name + '_shows_the_page_inside_TLS'
    return test


def kept(kind):
    def test():
        every = list(steps(kind))
        with serving(kind, shim=False) as (here, one):
            bare = talk(one, every)
        with serving(kind) as (here, one):
            shimmed = talk(one, every)
            equal([body_of(raw) for raw in shimmed], [body_of(raw) for raw in bare], 'bodies')
            sessions(here.sessions, 6)
    test.__name__ = kind.name + '_answers_as_ever_inside_TLS'
    return test


def a_large_page_reaches_a_slow_reader():
    n = 4 * MIB
    for kind in (NGINX, PYTHON_TLS):
        with serving(kind, n) as (_, one):
            with TlsClient(one.port, room=16384) as client:
                client.send(request(flagged(kind.targets[0])))
                client.take_to(b'\r\n\r\n')
                got = b''
                while len(got) < n:
                    if len(got) < 300000:
                        time.sleep(0.02)
                    got += client.take(min(16384, n - len(got)))
                equal(got, page(n), 'the page of ' + kind.name)
                client.send(request(kind.targets[0]))
                check(client.answer().startswith(b'HTTP/1.1 200'), 'the next answer')


def while_the_page_is_made_nginx_serves_others_and_does_not_spin():
    with serving(NGINX, ms=1000) as (_, one):
        asked = threading.Thread(target=lambda: got.extend(talk(one, [(flagged('/small.txt'), 'GET')])))
        got, before = [], ticks(one)
        asked.start()
        time.sleep(0.2)
        began = time.monotonic()
        raw, = talk(one, [('/small.txt', 'GET')])
        equal(body_of(raw), b'a small file\n', 'the other answer')
        check(asked.is_alive(), 'others waited for the page', time.monotonic() - began)
        asked.join()
        equal(body_of(got[0]), page(64), 'the page')
        check(ticks(one) - before < 30, 'ticks of CPU:', ticks(one) - before)


def ticks(one):
    """CPU of the server and its children, in hundredths of a second."""
    found = 0
    for pid in answers.processes(one):
        with open('/proc/%d/stat' % pid) as stat:
            found += sum(map(int, stat.read().rsplit(')')[1].split()[11:13]))
    return found


def a_client_that_leaves_leaves_nothing():
    for kind in (NGINX, PYTHON_TLS):
        with serving(kind, MIB, ms=200) as (_, one):
            talk(one, [(kind.targets[0], 'GET')])
            n_open = answers.open_descriptors(one)
            for pause in (0, 0.1, 0.4):
                with TlsClient(one.port) as client:
                    client.send(request(flagged(kind.targets[0])))
                    time.sleep(pause)
            raw, = talk(one, [(kind.targets[0], 'GET')])
            check(raw.startswith(b'HTTP/1.1 200'), kind.name, raw[:60])
            until('our threads to end', lambda: not answers.our_threads(one))
            until('the descriptors of clients that left',
                  lambda: answers.open_descriptors(one) <= n_open + 1)


run(replaced(NGINX), replaced(PYTHON_TLS), kept(ASYNCIO), kept(APACHE),
    a_large_page_reaches_a_slow_reader,
    while_the_page_is_made_nginx_serves_others_and_does_not_spin,
    a_client_that_leaves_leaves_nothing)
