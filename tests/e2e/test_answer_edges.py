#!/usr/bin/env python3
# test_answer_edges.py - what is hard about an answer in another's place: slow readers, clients that
# leave, pipelines, bodies that still arrive, answers that cannot be replaced.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import ctypes
import os
import socket
import struct
import time

import answers
from answers import flagged, open_descriptors, our_threads, page, processes, request
from harness import Client, PATIENCE, body_of, check, equal, place, run, sessions, until

MIB = 1 << 20


@contextlib.contextmanager
def serving(name, n=64, ms=0, shim=True, **more):
    """A server, and where its files are; its pages have N bytes and take MS milliseconds."""
    kind = answers.kind(name)
    with place(kind.owner) as here:
        with kind.start(here, shim, **more) as one:
            if shim:
                answers.pager(here, n, ms)
            yield here, one


def talk(port, *raws):
    """Sends RAWS at once; the answers, one by one."""
    with Client(port) as client:
        client.send(b''.join(raws))
        return [client.answer() for _ in raws]


def small(name):
    return answers.kind(name).targets[0]


def big(name):
    return answers.kind(name).targets[1]


def bare(name, *targets):
    with serving(name, shim=False) as (_, one):
        return [talk(one.port, request(target))[0] for target in targets]


def still_serves(one, name, what):
    raw, = talk(one.port, request(small(name)))
    check(raw.startswith(b'HTTP/1.1 200'), what, 'then', raw[:80])
    equal(one.ended(), False, what + ': the server is gone')


def only_pages_and(raws, wanted, n=64):
    """RAWS are pages where WANTED has None, else these bodies."""
    for i, (raw, body) in enumerate(zip(raws, wanted)):
        equal(body_of(raw), page(n) if body is None else body, 'answer %d' % i)


# ---- pipelines ---------------------------------------------------------------------------------

def pipelined(name):
    def test():
        s, b = small(name), big(name)
        bodies = [body_of(raw) for raw in bare(name, s, b)]
        with serving(name, ms=150) as (here, one):
            asked = [s, flagged(s), s, b, flagged(b), s, flagged(s), flagged(s), s]
            wanted = [bodies[0], None, bodies[0], bodies[1], None, bodies[0], None, None, bodies[0]]
            only_pages_and(talk(one.port, *[request(t) for t in asked]), wanted)
            sessions(here.sessions, 4)
            still_serves(one, name, 'a pipeline')
            equal(here.said(), '', 'the log of the shim')
    test.__name__ = 'a_pipeline_keeps_its_order_on_' + name
    return test


def more_behind_a_page_than_its_queue_holds(name):
    def test():
        s, b = small(name), big(name)
        bodies = [body_of(raw) for raw in bare(name, s, b)]
        with serving(name, ms=400) as (_, one):
            n = 1 + 4 * MIB // len(bodies[1])
            asked, wanted = [flagged(s)] + [b] * n + [s], [None] + [bodies[1]] * n + [bodies[0]]
            only_pages_and(talk(one.port, *[request(t) for t in asked]), wanted)
            still_serves(one, name, 'more than is kept')
    test.__name__ = 'more_behind_a_page_than_its_queue_holds_is_not_lost_on_' + name.replace(' ', '_')
    return test


# ---- clients -----------------------------------------------------------------------------------

def slow_reader(name):
    def test():
        n = 8 * MIB
        with serving(name, n) as (_, one):
            with Client(one.port) as client:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
                client.send(request(flagged(small(name))))
                head = client.take_to(b'\r\n\r\n')
                check(b'Content-Length: %d\r\n' % n in head, head)
                got = b''
                while len(got) < n:
                    if len(got) < 20 * 16384:
                        time.sleep(0.02)
                        still_serves(one, name, 'a slow reader')
                    got += client.take(min(16384, n - len(got)))
                equal(got, page(n), 'the page')
                if answers.kind(name).keeps:
                    client.send(request(small(name)))
                    check(client.answer().startswith(b'HTTP/1.1 200'), 'the next answer')
    test.__name__ = 'a_page_of_8_MiB_reaches_a_slow_reader_of_' + name.replace(' ', '_')
    return test


def closing(name):
    """The host closes long before the page is read; the client even says something then."""
    def test():
        n = 4 * MIB
        with serving(name, n, ms=200) as (_, one):
            with Client(one.port) as client:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
                client.send(request(flagged(small(name)), close=True))
                time.sleep(0.1)
                client.send(b'GET /never HTTP/1.1\r\nHost: x\r\n\r\n' * 20)
                client.take_to(b'\r\n\r\n')
                time.sleep(0.3)
                still_serves(one, name, 'a closed connection')
                equal(client.take(n), page(n), 'the page')
                equal(client.more(), 0, 'what comes behind the page')
            still_serves(one, name, 'a closed connection')
    test.__name__ = 'a_connection_that_the_host_closes_ends_with_the_page_on_' + \
        name.replace(' ', '_')
    return test


def leaving(name):
    """The client goes away: at once, while the page is made, in its midst."""
    def test():
        with serving(name, 8 * MIB, ms=150) as (_, one):
            still_serves(one, name, 'before')
            n_open = open_descriptors(one)
            for pause, n in ((0, 0), (0.05, 0), (0.3, 100), (0.3, MIB)):
                for abrupt in (False, True):
                    with Client(one.port) as client:
                        client.send(request(flagged(small(name))))
                        time.sleep(pause)
                        if n:
                            client.take(n)
                        if abrupt:
                            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                     b'\1\0\0\0\0\0\0\0')
            still_serves(one, name, 'clients that left')
            until('the descriptors of clients that left',
                  lambda: open_descriptors(one) <= n_open + 1)
            until('our threads to end', lambda: not our_threads(one))
    test.__name__ = 'a_client_that_leaves_leaves_nothing_on_' + name.replace(' ', '_')
    return test


def rounds(name, n=1000):
    def test():
        with serving(name) as (_, one):
            def some(count):
                for begun in range(0, count, 50):  # servers close now and then
                    with Client(one.port) as client:
                        for target in (flagged(small(name)), small(name)) * min(50, count - begun):
                            client.send(request(target))
                            check(client.answer().startswith(b'HTTP/1.1 200'), target)
                until('our threads to end', lambda: not our_threads(one))
                return open_descriptors(one), resident(one)
            some(20)
            fds, kib = some(50)
            end_kib = some(n)[1]
            until('the descriptors of %d rounds' % n, lambda: open_descriptors(one) <= fds)
            check(end_kib <= kib + 1024, 'memory grows from', kib, 'to', end_kib, 'KiB')
    test.__name__ = '%d_rounds_leave_no_descriptor_and_no_memory_on_%s' % (n, name)
    return test


def resident(one):
    kib = 0
    for pid in processes(one):
        with open('/proc/%d/statm' % pid) as statm:
            kib += int(statm.read().split()[1]) * 4
    return kib


# ---- requests and answers ----------------------------------------------------------------------

def http_1_0():
    for name in ('nginx', 'apache', 'python', 'node'):
        with serving(name) as (_, one):
            for keep in (b'', b'Connection: keep-alive\r\n'):
                with Client(one.port) as client:
                    client.send(b'GET %s HTTP/1.0\r\nHost: localhost\r\n%s\r\n' %
                                (flagged(small(name)).encode(), keep))
                    raw = client.answer()
                    equal(body_of(raw), page(64), 'over HTTP/1.0')
                    if not keep:
                        equal(client.more(), 0, 'behind it on ' + name)


def a_client_of_HTTP_1_0_gets_the_page():
    http_1_0()


def a_body_that_still_arrives_does_not_matter():
    for name in ('node', 'python', 'puma'):
        with serving(name) as (here, one), Client(one.port) as client:
            raw = request(flagged('/echo', 'text.force'), method='POST', body=b'x' * 100000)
            client.send(raw[:300], raw[300:70000], raw[70000:], pause=0.1)
            equal(body_of(client.answer()), page(64), 'the answer to a POST')
            client.send(request(small(name)))
            check(client.answer().startswith(b'HTTP/1.1 200'), 'the next')
            sessions(here.sessions, 1)


def a_POST_that_does_not_insist_is_answered_as_ever():
    with serving('node') as (here, one):
        raw, = talk(one.port, request(flagged('/echo'), method='POST', body=b'a body'))
        equal(body_of(raw), b'6 bytes of a body\n', 'the answer')
        sessions(here.sessions, 1)


def the_100_that_a_client_waits_for_comes():
    with serving('node') as (_, one), Client(one.port) as client:
        raw = request(flagged('/echo'), method='PUT', body=b'a body',
                      headers=['Expect: 100-continue'])
        at = raw.index(b'\r\n\r\n') + 4
        client.send(raw[:at])
        equal(client.answer('100'), b'HTTP/1.1 100 Continue\r\n\r\n', 'the interim answer')
        client.send(raw[at:])
        equal(body_of(client.answer()), page(64), 'the answer')


def what_has_no_body_or_is_a_part_is_answered_as_ever():
    with serving('nginx') as (here, one):
        with Client(one.port) as client:
            for headers, status in ((['Range: bytes=2-5'], b'206'),
                                    (['If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT'], b'304')):
                client.send(request(flagged('/big.bin'), headers=headers))
                raw = client.answer()
                equal(raw.split()[1], status, 'the status')
                client.send(request('/small.txt'))
                equal(body_of(client.answer()), b'a small file\n', 'the next')
            equal(len(sessions(here.sessions, 2)), 2, 'sessions')


def a_stream_of_events_is_never_swallowed():
    with serving('sse') as (here, one), Client(one.port) as client:
        client.send(request(flagged('/')))
        head = client.take_to(b'\r\n\r\n')
        check(b'event-stream' in head, head)
        check(b'page' not in client.take_to(b'data: 4\n\n'), 'a page in a stream')
        sessions(here.sessions, 1)


def REQPROF_RESPONSE_keep_forbids_it():
    with serving('nginx', REQPROF_RESPONSE='keep') as (here, one):
        raw, = talk(one.port, request(flagged('/small.txt')))
        equal(body_of(raw), b'a small file\n', 'the answer')
        sessions(here.sessions, 1)


def a_page_that_nobody_can_make_says_what_to_type():
    with serving('nginx', REQPROF_TOOL='/nonexistent') as (_, one):
        raw, = talk(one.port, request(flagged('/small.txt')))
        check(b'reqprof show ' in body_of(raw), raw)


def a_head_in_pieces_is_held_until_it_is_judged():
    for code in ('200 OK', '304 Not Modified', '200 Stream'):
        with serving('pieces') as (_, one):
            asked = flagged('/' + code.replace(' ', '+'))
            raw, = talk(one.port, request(asked))
            if code == '200 OK':
                equal(body_of(raw), page(64), code)
            else:
                was, = talk(one.port, request(asked.split('&')[0].split('?')[0]))
                equal(raw, was, code)


def a_server_that_is_told_to_end_ends():
    for name in ('nginx', 'python', 'node'):
        with serving(name, ms=3000) as (_, one), Client(one.port) as client:
            client.send(request(flagged(small(name))))
            time.sleep(0.3)
            began = time.monotonic()
            one.child.terminate()
            one.child.wait(PATIENCE)
            check(time.monotonic() - began < 5, name, 'took', time.monotonic() - began, 's to end')


def a_server_that_ends_by_itself_lets_the_page_out():
    with serving('once', ms=200) as (_, one):
        raw, = talk(one.port, request(flagged('/')))
        equal(body_of(raw), page(64), 'the last answer')
        equal(one.child.wait(PATIENCE), 0, 'its exit status')


def in_a_sandbox_that_kills_who_takes_descriptors_it_works_without():
    for name in ('nginx', 'python'):
        kind = answers.kind(name)
        with place(kind.owner) as here, kind.start(here, before=no_pidfd) as one:
            raw, = talk(one.port, request(flagged(small(name))))
            check(raw.startswith(b'HTTP/1.1 200'), raw[:80])
            equal(body_of(raw), page(64), 'the page on ' + name)
            still_serves(one, name, 'a sandbox')


def no_pidfd():
    """For the calling process and its children pidfd_open and pidfd_getfd are deadly."""
    libc = ctypes.CDLL(None, use_errno=True)
    steps = [(0x20, 0, 0, 0), (0x15, 1, 0, 434), (0x15, 0, 1, 438), (0x06, 0, 0, 0x80000000),
             (0x06, 0, 0, 0x7fff0000)]
    program = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *s) for s in steps))
    libc.prctl(38, 1, 0, 0, 0)
    libc.prctl(22, 2, struct.pack('HxxxxxxP', len(steps), ctypes.addressof(program)), 0, 0)


def however_it_is_said():
    """By each call that sends, swallowed and then behind a page; a pipe's bytes as well."""
    targets = answers.kind('says').targets
    wanted = [body_of(raw) for raw in bare('says', *targets)]
    with serving('says') as (_, one):
        for target, body in zip(targets, wanted):
            check(body.startswith(target.encode() + b'.'), target, 'says', body[:40])
            only_pages_and(talk(one.port, request(flagged(target)), request(target),
                                request(flagged(target)), request(target)),
                           [None, body, None, body])


PIPELINES = ['nginx', 'apache', 'lighttpd', 'python', 'node', 'uvicorn', 'puma', 'java']
ALL = [k.name for k in answers.KINDS]
run(*[pipelined(name) for name in PIPELINES],
    *[more_behind_a_page_than_its_queue_holds(name) for name in PIPELINES[:5]],
    *[slow_reader(name) for name in ('nginx', 'python', 'node', 'gunicorn sync')],
    *[closing(name) for name in ALL],
    *[leaving(name) for name in ('nginx', 'python', 'node', 'java', 'gunicorn sync')],
    *[rounds(name) for name in ('nginx', 'python')],
    a_client_of_HTTP_1_0_gets_the_page, a_body_that_still_arrives_does_not_matter,
    a_POST_that_does_not_insist_is_answered_as_ever, the_100_that_a_client_waits_for_comes,
    what_has_no_body_or_is_a_part_is_answered_as_ever, a_stream_of_events_is_never_swallowed,
    REQPROF_RESPONSE_keep_forbids_it, a_page_that_nobody_can_make_says_what_to_type,
    however_it_is_said, a_head_in_pieces_is_held_until_it_is_judged, a_server_that_is_told_to_end_ends,
    a_server_that_ends_by_itself_lets_the_page_out,
    in_a_sandbox_that_kills_who_takes_descriptors_it_works_without)
