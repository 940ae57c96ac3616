#!/usr/bin/env python3
# test_node_identity.py - node is asked whose work it does: timers, promises, files and jobs of a
# request beside a neighbour on the same loop; and the program does not notice.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import json
import os
import re
import shutil
import subprocess

import harness
from harness import ask, body_of, check, equal, free_port, need, place, run, server, sessions

BY_RUNTIME = 6  # store/handoffs.def
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'node_steps.js')
MODULE = '''
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
await pause(1);
createServer(async (request, answer) => {
  let burnt = 0;
  for (let i = 0; i < 20; i++) {
    await pause(1);
    const used = () => process.cpuUsage().user + process.cpuUsage().system;
    const began = used();
    while (used() - began < 2000);
    burnt += used() - began;
  }
  answer.end(String(burnt));
}).listen(Number(process.argv[2]), '127.0.0.1');
'''


@contextlib.contextmanager
def node(here, *how, shim=True, program=PROGRAM, options=(), **env):
    need('node')
    port = free_port()
    with server(here, ['node', *options, program, str(port), *how], port, shim, env=env):
        yield port


def beside_its_neighbour(here, port, more=0):
    """The session of a request that a neighbour shares the loop with, and the ns that each burnt."""
    ask(port, '/hello?profile=1')  # our thread looks at node's modules: once, for tens of ms
    with harness.Client(port) as other, harness.Client(port) as client:
        other.send(harness.request('/neighbour'))
        client.send(harness.request('/all?profile=1'))
        burnt = [1000 * int(body_of(one.answer())) for one in (client, other)]
    found = {s.target: s for s in sessions(here.sessions, 2 + more)}
    return found['/all'], *burnt


def knows(session, burnt, neighbours):
    """All of its own, and nothing near what the neighbour burnt meanwhile.  What they say they burnt
    is the process', and so has the work of its compilers and of our thread."""
    cpu_ns = session.account['cpu_ns']
    check(cpu_ns >= 0.6 * burnt, 'the CPU time', cpu_ns, 'of', burnt, 'that it burnt;',
          session.account)
    check(cpu_ns <= burnt + neighbours / 4, 'more CPU than', burnt, 'of its own, of', neighbours,
          'its neighbour burnt', session.account)
    equal(session.told['counters'].get('follow_contradicted', 0), 0, 'checks that did not hold')


def holds(what, *how, **more):
    def test():
        with place() as here, node(here, *how, **more) as port:
            knows(*beside_its_neighbour(here, port))
    test.__name__ = 'a request %s has its timers, promises and files and none of its neighbour' % what
    return test


def without_it_less_is_known_and_nothing_wrong():
    with place() as here, node(here, REQPROF_RUNTIMES='off') as port:
        session, burnt, _ = beside_its_neighbour(here, port)
    check(session.account['cpu_ns'] <= 0.3 * burnt, 'so much is known without it',
          session.account['cpu_ns'], 'of', burnt)


def without_its_file_the_server_is_served_as_ever():
    with place() as here:
        alone = here.file('libreqprof.so')
        shutil.copy(harness.SHIM, alone)
        with node(here, LD_PRELOAD=alone) as port:
            session, burnt, _ = beside_its_neighbour(here, port)
    check(session.account['cpu_ns'] <= 0.3 * burnt, 'so much is known without it',
          session.account['cpu_ns'], 'of', burnt)


def programs_of_modules_are_followed():
    with place() as here, node(here, program=here.file('server.mjs', MODULE)) as port:
        burnt = [1000 * int(body_of(ask(port, '/?profile=1'))) for _ in range(2)][1]
        session = sessions(here.sessions, 2)[1]
    check(session.account['cpu_ns'] >= 0.6 * burnt, 'the CPU time', session.account['cpu_ns'],
          'of', burnt)


def what_was_wrong_once_is_asked_no_more():
    with place() as here, node(here) as port:
        with harness.Client(port) as client:
            client.send(harness.request('/held'))
            ask(port, '/hello')
            equal(body_of(ask(port, '/poke?profile=1')), b'"poked"', 'the body')
            equal(body_of(client.answer()), b'by poke', 'the body of the other')
        session, burnt, _ = beside_its_neighbour(here, port, more=1)
        poked, = [s for s in sessions(here.sessions, 3) if s.target == '/poke']
    equal(poked.told['counters'].get('follow_contradicted'), 1, 'checks that did not hold')
    equal(session.told['counters'].get('follow_off'), 1 << BY_RUNTIME, 'what is not believed')
    check(session.account['cpu_ns'] <= 0.3 * burnt, 'asked again', session.account)


def after_an_error_it_goes_on():
    with place() as here, node(here) as port:
        for _ in range(3):
            equal(body_of(ask(port, '/fails?profile=1')), b'"failed"', 'the body')
        knows(*beside_its_neighbour(here, port, more=3))


def the_program_sees_what_it_saw():
    told = []
    with place() as mine:
        preloaded = mine.file('own.js', 'globalThis.preloaded = process.env.NODE_OPTIONS;')
        for shim in (False, True):
            with place() as here, node(here, shim=shim, NODE_OPTIONS='-r ' + preloaded) as port:
                told.append([json.loads(body_of(ask(port, '/semantics' + query)))
                             for query in ('', '?profile=1', '')])
    equal(told[1], told[0], 'what it sees')
    equal(told[0][0][2], '-r ' + preloaded, 'its own options')


def said(here, *words, shim=True, **env):
    settings = {**os.environ, **(harness.shim_settings(here) if shim else {}), **env}
    done = subprocess.run(words, env=settings, capture_output=True, check=False, timeout=60,
                          cwd=here.path)
    return done.returncode, done.stdout, re.sub(rb'node:[0-9]+', b'node:PID', done.stderr)


def node_itself_does_what_it_did():
    need('node')
    with place() as here:
        here.file('.env', 'NODE_OPTIONS=--stack-trace-limit=3\n')
        here.file('one.test.js', "require('node:test')('one', () => {});")
        words = [['--version'], ['-e', 'console.log(1)'], ['-p', 'Error.stackTraceLimit'],
                 ['--check', 'one.test.js'], ['--env-file=.env', '-p', 'Error.stackTraceLimit'],
                 ['--experimental-permission', '-p', '2'], ['--no-addons', '-p', '3'], ['-e', 'throw 4'],
                 ['-p', 'process.env.NODE_OPTIONS', '--', '--permission'], ['there-is-no.js'],
                 ['-p', 'require("child_process").execFileSync(process.execPath, '
                  '["-p", "[process.env.NODE_OPTIONS]"]).toString()'],
                 ['--test', '--test-reporter=dot', 'one.test.js']]
        for one in words:
            equal(said(here, 'node', *one), said(here, 'node', *one, shim=False),
                  'node ' + ' '.join(one))
        for options in ('"unended', '--not-allowed', '', '--stack-trace-limit=5'):
            one = ['node', '-p', 'Error.stackTraceLimit']
            equal(said(here, *one, NODE_OPTIONS=options),
                  said(here, *one, NODE_OPTIONS=options, shim=False), 'NODE_OPTIONS=' + options)


run(holds('of the first thread'), holds('of another thread', 'thread'),
    holds('of a child of cluster', 'cluster'), programs_of_modules_are_followed,
    without_it_less_is_known_and_nothing_wrong, without_its_file_the_server_is_served_as_ever,
    what_was_wrong_once_is_asked_no_more, after_an_error_it_goes_on,
    the_program_sees_what_it_saw, node_itself_does_what_it_did)
