#!/usr/bin/env python3
# test_http2.py - HTTP/2 of nginx and apache: by prior knowledge, by Upgrade, and inside TLS.
#
# Room: tests.  SPDX-License-Identifier: MIT
import base64
import contextlib
import glob
import json
import os
import subprocess
import threading

import battery
import configs
from configs import USER
from harness import (PYTHON, Skip, check, equal, files, free_port, place, ps, run, server, sessions,
                     until)
from over_tls import certificate

HERE = os.path.dirname(os.path.abspath(__file__))
CLOCK = ('date', 'expires')


def need_h2():
    if subprocess.run([PYTHON, '-c', 'import h2'], capture_output=True, check=False).returncode:
        raise Skip('%s has no h2' % PYTHON)


def hold(port, requests, **how):
    """The answers to REQUESTS, all asked at once on one connection."""
    done = subprocess.run([PYTHON, os.path.join(HERE, 'h2_client.py')], capture_output=True,
                          input=json.dumps(dict(port=port, requests=requests, **how)), text=True,
                          check=False)
    check(done.returncode == 0, 'the client says', done.stderr[-500:])
    answers = json.loads(done.stdout)
    for one in answers:
        one['body'] = base64.b64decode(one['body'])
    return answers


def request(target, flag=None, method='GET', body='', headers=()):
    headers = list(headers) + ([('x-reqprof', '1')] if flag == 'header' else [])
    asked = target + ('&profile=1' if flag == 'query' else '')
    return dict(target=asked, method=method, body=body, headers=headers)


@contextlib.contextmanager
def behind(here, shim, argv_of, env=None, **named):
    """A server on HTTP/2 in front of a bare Python server."""
    need_h2()
    port, up = free_port(), free_port()
    with server(here, [PYTHON, os.path.join(HERE, 'py_threads.py'), str(up)], up, shim=False):
        with server(here, argv_of(here, port, up, **named), port, shim, env=env):
            yield port


def nginx(here, shim=True, pem=None, env=None):
    return behind(here, shim, configs.nginx, env, pem=pem, listen=' http2')


def nginx_tls(here, shim=True):
    return nginx(here, shim, certificate(here))


def apache(here, shim=True):
    return behind(here, shim, configs.apache, h2=True)


BODY = 'a line of the body\n' * 50
# What is asked at once: path, method, body, which every server here has; every fourth is flagged.
PATHS = [('/small.txt', 'GET', ''), ('/hello', 'GET', ''), ('/large.bin', 'GET', ''),
         ('/echo', 'POST', BODY), ('/missing', 'GET', ''), ('/small.txt', 'HEAD', '')]
FLAGS = ('query', None, None, None, 'header', None, None, None)


def twenty():
    asked = []
    for n in range(20):
        path, method, body = PATHS[n * 5 % 6]
        asked.append(('%s?n=%d' % (path, n), FLAGS[n % 8], method, body))
    return asked


def without_clock(answer):
    return [h for h in answer['headers'] if h[0] not in CLOCK], answer['body'], answer['reset']


def the_same_answers_and_five_sessions(start, **how):
    """Of twenty streams at once, twice on a server."""
    asked = twenty()
    flagged = {target: i for i, (target, flag, _, _) in enumerate(asked) if flag}
    equal(len(flagged), 5)
    with place(USER) as here:
        with start(here, False) as port:
            bare = hold(port, [request(*a) for a in asked], **how)
        equal(files(here.sessions), [], 'the sessions of the bare server')
        with start(here) as port:
            got = hold(port, [request(*a) for a in asked], **how)
            again = hold(port, [request(*a) for a in asked], **how)
            found = sessions(here.sessions, 10)
        for one, two, wanted in zip(got, again, bare):
            equal(without_clock(one), without_clock(wanted), 'an answer')
            equal(without_clock(two), without_clock(wanted), 'an answer')
        for s in found[:5]:
            tells(s, asked[flagged[s.target]], got[flagged[s.target]])
        for s in found[5:]:
            tells(s, asked[flagged[s.target]], again[flagged[s.target]])
        equal(here.said(), '', 'REQPROF_LOG')


def tells(s, asked, answer):
    target, flag, method, _ = asked
    status = int(dict(answer['headers'])[':status'])
    battery.whole(s, target, method=method, status=status, trigger=flag, host='test',
                  bytes_in=answer['bytes_in'], bytes_out=answer['bytes_out'])
    battery.sampled(s, target)
    check(s.request['protocol'] in ('HTTP/2', 'HTTP/1.1'), 'the protocol is', s.request['protocol'])


def nginx_tells_twenty_streams_apart():
    the_same_answers_and_five_sessions(nginx)


def nginx_inside_tls_as_well():
    the_same_answers_and_five_sessions(nginx_tls, tls=True)


def apache_tells_twenty_streams_apart():
    the_same_answers_and_five_sessions(apache)


def apache_goes_on_from_http1():
    """The first request is slow: apache ends a connection that has nothing to do."""
    asked = [('/slow?n=0', 'query', 'GET', '')] + [a for a in twenty() if a[2] != 'HEAD'][1:9]
    flagged = {a[0]: i for i, a in enumerate(asked) if a[1]}
    with place(USER) as here:
        with apache(here, False) as port:
            bare = hold(port, [request(*a) for a in asked], upgrade=True)
        with apache(here) as port:
            got = hold(port, [request(*a) for a in asked], upgrade=True)
            found = sessions(here.sessions, len(flagged))
        for one, wanted in list(zip(got, bare))[1:]:
            equal(without_clock(one), without_clock(wanted), 'an answer')
        for s in found:
            tells(s, asked[flagged[s.target]], got[flagged[s.target]])
        equal([s.request['protocol'] for s in found],
              ['HTTP/1.1'] + ['HTTP/2'] * (len(found) - 1), 'the protocols')


def a_stream_alone_waits_for_its_upstream():
    with place(USER) as here, nginx(here) as port:
        hold(port, [request('/slow?n=1', 'query')])
        s, = sessions(here.sessions, 1)
        check(s.account['duration_ns'] >= 290e6, 'it is over too early', s.account)
        away = s.account['waits_ns'] + s.account['idle_ns']
        check(away >= 290e6, 'it neither waits nor is idle for 0.29 s', s.account)
        check(s.ns_waiting('upstream') >= 290e6, 'it does not wait for its upstream', s.waits)


def workers(here):
    with open(os.path.join(here.path, 'nginx.pid')) as master:
        pid = master.read().strip()
    with open('/proc/%s/task/%s/children' % (pid, pid)) as pids:
        return pids.read().split()


def slow_streams_are_kept_and_those_in_flight_are_shown():
    """Nobody flags them: of six at once the two that ask a slow upstream."""
    watched = {'REQPROF_SLOW': '200ms', 'REQPROF_PS': '1'}
    asked = [request('/slow?n=%d' % n if n % 3 == 1 else '/hello?n=%d' % n) for n in range(6)]
    with place(USER) as here, nginx(here, env=watched) as port:
        for pid in workers(here):  # the first request of each makes its table
            until('the table of a worker', lambda: hold(port, asked[:1]) and
                  glob.glob('/dev/shm/reqprof-*/' + pid))
        got = []
        asks = threading.Thread(target=lambda: got.extend(hold(port, asked)))
        asks.start()
        rows = until('two rows of /slow',
                     lambda: [r for r in ps(*workers(here)) if r['path'] == '/slow'][1:])
        asks.join()
        check(rows[0]['method'] == 'GET' and not rows[0]['flagged'], 'reqprof ps says', rows)
        found = sessions(here.sessions, 2)
        equal(sorted(s.target for s in found), ['/slow?n=1', '/slow?n=4'], 'what was kept')
        for s in found:
            answer = got[int(s.target[-1])]
            for key, value in (('trigger', 'slow'), ('protocol', 'HTTP/2'), ('status', 200),
                               ('bytes_in', answer['bytes_in']),
                               ('bytes_out', answer['bytes_out'])):
                equal(s.request[key], value, s.target + ': ' + key)
            check(battery.in_order(s.phases), 'its phases are out of order', s.phases)
        until('nothing in flight', lambda: not ps(*workers(here)))


def the_gate_is_asked_for_each_stream():
    with place(USER) as here, nginx(here) as port:
        hold(port, [request('/small.txt?n=1', 'header'),
                    request('/small.txt?n=2', 'header', headers=[('x-forwarded-for', '::1')]),
                    request('/small.txt?n=3', 'query', headers=[('via', '2 x')]),
                    request('/small.txt?n=4', headers=[('x-reqprof', 'off')]),
                    request('/small.txt?n=5', 'query', headers=[('forwarded', 'for=x')])])
        s, = sessions(here.sessions, 1)
        equal(s.target, '/small.txt?n=1', 'who was let in')
        hold(port, [request('/small.txt?n=6', 'query')])
        equal(sessions(here.sessions, 2)[1].lost, {}, 'what the next one lost')


run(nginx_tells_twenty_streams_apart, nginx_inside_tls_as_well, apache_tells_twenty_streams_apart,
    apache_goes_on_from_http1, a_stream_alone_waits_for_its_upstream,
    slow_streams_are_kept_and_those_in_flight_are_shown, the_gate_is_asked_for_each_stream)
