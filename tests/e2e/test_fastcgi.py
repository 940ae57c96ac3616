#!/usr/bin/env python3
# test_fastcgi.py - php-fpm alone and behind nginx: FastCGI over a path and over TCP.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os
import re

import battery
import configs
import gateway
import slow
from configs import USER
from harness import ROOT, ask, check, equal, files, free_port, place, run, server, sessions

SCRIPT = os.path.join(ROOT, 'tests/e2e/app.php')
FPM_PATHS = '/(hello|slow|echo|big)$'


@contextlib.contextmanager
def fpm(here, where=None, shim=True, children=1, **named):
    """php-fpm on WHERE, a port or a path."""
    where = where or here.file('fpm.sock')
    with server(here, configs.php_fpm(here, where, children), where, shim, **named) as one:
        yield one


@contextlib.contextmanager
def behind_nginx(here, shim=True, web_shim=False):
    """The port of an nginx before php-fpm."""
    port, pool = free_port(), here.file('fpm.sock')
    nginx = configs.nginx(here, port, **configs.to_fpm(pool, SCRIPT, FPM_PATHS))
    with fpm(here, pool, shim, children=4), server(here, nginx, port, web_shim):
        yield port


def told(target, **more):
    return gateway.variables(target, SCRIPT_FILENAME=SCRIPT, **more)


def bytewise(raw):
    return [raw[i:i + 1] for i in range(len(raw))]


def records(raw):
    """As php-fpm likes to read them: heads, then contents."""
    cut = []
    while raw:
        n = raw[4] << 8 | raw[5]
        cut += [raw[:8], raw[8:8 + n + raw[6]]]
        raw = raw[8 + n + raw[6]:]
    return [c for c in cut if c]


BODY = b'a line of the body\n' * 50
# target, flag, method, body, how the request is cut
ASKED = [
    ('/hello?n=1', None, 'GET', b'', None),
    ('/hello?n=2', 'query', 'GET', b'', None),
    ('/hello?n=3', 'header', 'GET', b'', records),
    ('/hello?n=4', None, 'GET', b'', None),
    ('/big?n=5', 'query', 'GET', b'', bytewise),
    ('/echo?n=6', 'header', 'POST', BODY, records),
    ('/echo?n=7', 'query', 'POST', BODY * 30, None),
    ('/echo?n=8', None, 'POST', BODY, None),
    ('/missing?n=9', 'query', 'GET', b'', None),
    ('/hello?n=10', 'query', 'HEAD', b'', None),
    ('/hello?n=11&profile=0', None, 'GET', b'', None),
]


def question(target, flag, method, body):
    headers = ['X-Reqprof: 1'] if flag == 'header' else []
    if flag == 'query':
        target += '&profile=1'
    return told(target, method=method, body=body, headers=headers)


def conversation(where):
    """Every answer of ASKED on one connection, and once more on one for each: [(answer, bytes)]."""
    got = []
    with gateway.FastCgi(where) as client:
        for target, flag, method, body, cut in ASKED:
            got.append((client.ask(question(target, flag, method, body), body, cut=cut), client.n))
    for target, flag, method, body, cut in ASKED:
        alone = question(target.replace('n=', 'alone='), flag, method, body)
        with gateway.FastCgi(where) as client:
            got.append((client.ask(alone, body, keep=False, cut=cut), client.n))
    return got


def answers_are_the_same_and_each_flagged_request_leaves_one_session():
    for where in (None, free_port()):
        with place(USER) as here:
            with fpm(here, where, shim=False) as bare:
                wanted = conversation(bare.port)
            equal(files(here.sessions), [], 'the sessions of the bare server')
            flagged = [(i, a) for i, a in enumerate(ASKED) if a[1]]
            with fpm(here, where) as one:
                got = conversation(one.port)
                found = {s.target: s for s in sessions(here.sessions, 2 * len(flagged))}
            equal([a for a, _ in got], [a for a, _ in wanted], 'the answers')
            for i, (target, flag, method, body, _) in flagged:
                tells(found[target], flag, method, got[i])
                tells(found[target.replace('n=', 'alone=')], flag, method, got[i + len(ASKED)])
            equal(here.said(), '', 'REQPROF_LOG')


def tells(s, flag, method, got):
    """The session tells the request whose answer was GOT."""
    answer, n = got
    status = re.match(rb'Status: (\d+)', gateway.output(answer))
    battery.whole(s, s.target, method=method, protocol='FastCGI', trigger=flag, host='test',
                  peer='127.0.0.1:4711', status=int(status.group(1)) if status else 200,
                  bytes_out=n)
    battery.sampled(s, s.target)
    equal(s.truncated(), [], s.target)


def the_gate_asks_for_the_client_that_is_named():
    refused = [dict(REMOTE_ADDR='203.0.113.9'), dict(REMOTE_ADDR='2001:db8::1'),
               dict(REMOTE_ADDR=None), dict(REMOTE_ADDR=''), dict(REMOTE_ADDR='localhost'),
               dict(HTTP_X_FORWARDED_FOR='127.0.0.1'), dict(HTTP_FORWARDED='for=127.0.0.1'),
               dict(HTTP_X_REAL_IP='127.0.0.1'), dict(HTTP_VIA='1.1 x')]
    allowed = [dict(), dict(REMOTE_ADDR='::1'), dict(REMOTE_ADDR='unix:'),
               dict(REMOTE_ADDR='::ffff:127.0.0.1')]
    with place(USER) as here, fpm(here) as one:
        with gateway.FastCgi(one.port) as client:
            for i, more in enumerate(refused + allowed):
                client.ask(told('/hello?n=%d&profile=1' % i, **more))
        found = sessions(here.sessions, len(allowed))
        equal([s.target for s in found], ['/hello?n=%d' % (i + len(refused))
                                          for i in range(len(allowed))], 'who was let in')
        equal(found[0].lost.get('refused'), len(refused), 'the refusals that are told')


def a_secret_lets_in_whoever_the_gateway_names():
    with place(USER) as here:
        secret = here.file('secret', 'a very long secret\n')
        os.chmod(secret, 0o600)
        with fpm(here, env={'REQPROF_SECRET_FILE': secret}) as one:
            with gateway.FastCgi(one.port) as client:
                for n, key in ((1, 'wrong'), (2, 'a very long secret')):
                    client.ask(told('/hello?n=%d' % n, REMOTE_ADDR='203.0.113.9',
                                    headers=['X-Reqprof: key=' + key]))
            s, = sessions(here.sessions, 1)
            equal((s.target, s.request['peer']), ('/hello?n=2', '203.0.113.9:4711'), 'the session')


def behind_nginx_the_same_is_told():
    with place(USER) as here, behind_nginx(here) as port:
        s = slow.sleep_and_burn_are_told(here, port)
        equal(s.truncated(), [])
        equal((s.request['protocol'], s.request['host']), ('FastCGI', 'test'), 'the request')
        check(re.match(r'127\.0\.0\.1:\d+$', s.request['peer']), 'the peer is', s.request['peer'])


def answers_behind_nginx_are_the_same_bytes():
    def start(here, shim=True):
        return behind_nginx(here, shim)
    talks = battery.plain_talks('/hello') + battery.head_talks('/hello')
    same = battery.Battery(start, talks, owner=USER)
    same.answers_are_the_same_bytes_with_and_without_the_shim()
    same.each_flagged_request_leaves_one_session_and_no_other_does()


def requests_side_by_side_keep_apart():
    with place(USER) as here, behind_nginx(here) as port:
        targets = ['/slow?n=%d' % n for n in range(4)]
        slow.all_at_once(port, [t + ('&profile=1' if t != '/slow?n=3' else '') for t in targets])
        found = sessions(here.sessions, 3)
        equal(sorted(s.target for s in found), targets[:3], 'the targets')
        equal(len({s.request['pid'] for s in found}), 3, 'the number of their processes')


def a_chain_leaves_a_session_in_each_process():
    with place(USER) as here, behind_nginx(here, web_shim=True) as port:
        check(b'hello' in ask(port, '/hello?profile=1', close=True), 'there is no answer')
        found = sessions(here.sessions, 2)
        equal({s.request['protocol'] for s in found}, {'HTTP/1.1', 'FastCGI'}, 'the protocols')


run(answers_are_the_same_and_each_flagged_request_leaves_one_session,
    the_gate_asks_for_the_client_that_is_named, a_secret_lets_in_whoever_the_gateway_names,
    behind_nginx_the_same_is_told, answers_behind_nginx_are_the_same_bytes,
    requests_side_by_side_keep_apart, a_chain_leaves_a_session_in_each_process)
