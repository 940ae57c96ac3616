#!/usr/bin/env python3
# test_curl.py - reqprof curl: so many requests, some at a time, past a gate that lets in two a second.
#
# Room: tests.  SPDX-License-Identifier: MIT
import json
import os
import pty
import subprocess

import harness
from harness import check, equal, files, need, place, run, server

SHOP = os.path.join(harness.BUILD, 'hosts/shop')


def curl(here, port, target, *words, **named):
    env = {k: v for k, v in os.environ.items() if not k.startswith('REQPROF')}
    env['REQPROF_DIR'] = here.sessions
    return subprocess.run([harness.TOOL, 'curl', *words,
                           'http://127.0.0.1:%d%s' % (port, target), *named.pop('options', ())],
                          env=env, capture_output=True, text=True, check=False, **named)


def shop(here, **env):
    need('curl')
    port = harness.free_port()
    return port, server(here, [SHOP, str(port)], port, env=env)


def sessions_of(done):
    equal(done.returncode, 0, done.stderr)
    return json.loads(done.stdout)['sessions']


def many_requests_are_merged_and_warming_up_does_not_count():
    with place() as here:
        port, host = shop(here)
        with host:
            told = sessions_of(curl(here, port, '/card', '-n', '14', '--warm-up', '3', '--json'))
            equal(len(told), 14)
            equal(len({s['request']['tag'] for s in told}), 1, 'tags')
            # One more was recorded, that of the warm-up, and two were not flagged.
            equal(len(files(here.sessions)), 15)
            said = curl(here, port, '/card', '-n', '3')
            check('14 requests' not in said.stdout and '3 requests GET /card' in said.stdout,
                  said.stdout)
            check('the first request, for warming up, took' in said.stderr, said.stderr)
            one = curl(here, port, '/card')
            check('GET /card' in one.stdout and not one.stderr, one.stdout, one.stderr)


def a_gate_that_lets_in_two_a_second_gets_all_of_them():
    with place() as here:
        port, host = shop(here, REQPROF_RATE=None, REQPROF_BURST=None, REQPROF_CONCURRENT=None)
        with host:
            equal(len(sessions_of(curl(here, port, '/card', '-n', '13', '--json'))), 13)


def some_at_a_time_are_served_at_the_same_time():
    with place() as here:
        port, host = shop(here)
        with host:
            told = sessions_of(curl(here, port, '/card', '-n', '8', '-c', '4', '--warm-up', '0',
                                    '--json'))
            spans = sorted((s['request']['began_wall_ns'],
                            s['request']['began_wall_ns'] + s['account']['duration_ns'])
                           for s in told)
            equal(len(spans), 8)
            most = max(sum(b <= at < e for b, e in spans) for at, _ in spans)
            check(2 <= most <= 4, most, 'at the same time')
            told = sessions_of(curl(here, port, '/card', '-n', '4', '--json', '--warm-up', '0'))
            spans = sorted((s['request']['began_wall_ns'], s['account']['duration_ns'])
                           for s in told)
            check(all(b + d <= n for (b, d), (n, _) in zip(spans, spans[1:])), spans)


def the_answer_names_its_session_and_the_tag_finds_those_that_it_does_not():
    for headers in 'on', 'off':
        with place() as here:
            port, host = shop(here, REQPROF_HEADERS=headers)
            with host:
                one, = sessions_of(curl(here, port, '/card', '--json'))
                heads = here.file('heads')
                two, = sessions_of(curl(here, port, '/card', '--json', options=['--', '-D', heads]))
                equal([harness.export(path).id for path in files(here.sessions)],
                      [one['id'], two['id']])
                with open(heads) as head:
                    equal('X-Reqprof-Id: ' + two['id'] in head.read(), headers == 'on', 'the head')
                # Where it looks elsewhere, the tool knows what it misses.
                there = here.file('elsewhere')
                os.mkdir(there, 0o700)
                env = dict(os.environ, REQPROF_DIR=there)
                missed = subprocess.run([harness.TOOL, 'curl', '--timeout', '300ms',
                                         'http://127.0.0.1:%d/card' % port], env=env,
                                        capture_output=True, text=True, check=False)
                why = 'as session ' if headers == 'on' else 'no session came'
                check(missed.returncode == 1 and why in missed.stderr, missed.stderr)


def options_behind_dashes_are_curls_own():
    with place() as here:
        port, host = shop(here)
        with host:
            told = sessions_of(curl(here, port, '/card', '--json', '-n', '2', '--warm-up', '0',
                                    options=['--', '-d', 'x=1', '-H', 'Host: elsewhere']))
            equal({(s['request']['method'], s['request']['host']) for s in told},
                  {('POST', 'elsewhere')})
            for words, why in ((['-c', '2', '--body'], 'would mix'), (['-c', '0'], 'from 1 to'),
                               (['--warm-up', 'x'], 'from 0 to')):
                refused = curl(here, port, '/card', *words)
                check(refused.returncode == 2 and why in refused.stderr, refused.stderr)


def a_terminal_sees_a_bar_while_it_takes_long():
    with place() as here:
        port, host = shop(here)
        with host:
            ours, theirs = pty.openpty()
            env = dict(os.environ, REQPROF_DIR=here.sessions, TERM='xterm')
            with subprocess.Popen([harness.TOOL, 'curl', '-n', '30', '--warm-up', '0',
                                   'http://127.0.0.1:%d/card' % port], env=env,
                                  stdout=subprocess.DEVNULL, stderr=theirs) as tool:
                os.close(theirs)
                said = b''
                while True:
                    try:
                        more = os.read(ours, 4096)
                    except OSError:  # the other end is closed
                        break
                    if not more:
                        break
                    said += more
                equal(tool.wait(), 0, said)
            os.close(ours)
            check(b'sending requests [' in said and b'/30 http://' in said, said)
            check(said.rstrip().endswith(b'\x1b[K'), 'the bar is left behind:', said[-200:])


run(many_requests_are_merged_and_warming_up_does_not_count,
    a_gate_that_lets_in_two_a_second_gets_all_of_them, some_at_a_time_are_served_at_the_same_time,
    the_answer_names_its_session_and_the_tag_finds_those_that_it_does_not,
    options_behind_dashes_are_curls_own, a_terminal_sees_a_bar_while_it_takes_long)
