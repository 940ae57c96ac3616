#!/usr/bin/env python3
# test_maker.py - the page that takes the place of an answer is made by reqprof, in a process of which
# the server sees nothing; where that cannot be there is a small page.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import subprocess

from answers import request
from harness import (AS_ROOT, BUILD, PYTHON, SHIM, TOOL, Client, Server, Skip, body_of, check, equal,
                     export, files, free_port, need, place, run, until)

PARENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'py_parent.py')
SHOP = os.path.join(BUILD, 'hosts/shop')


@contextlib.contextmanager
def running(here, *argv, before=(), become=None, **env):
    """ARGV, its port put behind it; every mode is open to us."""
    port = free_port()
    words = list(before) + [argv[0], *argv[1:2], str(port), *argv[2:]]
    one = Server(here, words, port, env=dict({'REQPROF_OPEN': 'loopback'}, **env), before=become)
    try:
        yield one
    finally:
        one.stop(signal.SIGKILL)  # the first process of a container has no other


def parent(here, *words, **named):
    return running(here, PYTHON, PARENT, *words, **named)


def ask(port, target):
    with Client(port) as client:
        client.send(request(target))
        return client.answer()


def head_of(raw):
    lines = raw.split(b'\r\n\r\n', 1)[0].decode().split('\r\n')
    return {name.lower(): value for name, value in (line.split(': ', 1) for line in lines[1:])}


def every_mode_says_the_same_in_its_own_way():
    with place() as here, running(here, SHOP) as one:
        plain = ask(one.port, '/cart')
        told = {mode: ask(one.port, '/cart?a=1&profile=' + mode) for mode in ('text', 'json', 'html', 'help')}
        kinds = {mode: head_of(raw)['content-type'].split(';')[0] for mode, raw in told.items()}
        equal(kinds, {'text': 'text/plain', 'json': 'application/json', 'html': 'text/html',
                      'help': 'text/html'})
        for mode, raw in told.items():
            head = head_of(raw)
            equal(head['cache-control'], 'no-store', mode)
            equal(head['x-robots-tag'], 'noindex', mode)
            equal(head['x-content-type-options'], 'nosniff', mode)
            check('sandbox' in head['content-security-policy'], mode, head['content-security-policy'])
            check('unsafe' not in head['content-security-policy'], mode)
            check('allow-same-origin' not in head['content-security-policy'], mode)
        check(body_of(told['text']).startswith('GET /cart?a=1 → 200'.encode()), told['text'])
        check(b'price_cart' in body_of(told['text']), told['text'])
        names = {call.get('function') for call in json.loads(body_of(told['json']))['calls']}
        check('price_cart' in names, names)
        check(b'"price_cart"' in body_of(told['html']), 'no data in the page')
        check(b'href="?a=1&amp;profile=text"' in body_of(told['help']), body_of(told['help']))
        equal(re.sub(rb'\d+', b'', ask(one.port, '/cart')), re.sub(rb'\d+', b'', plain))
        equal(len(files(here.sessions)), 4)


def the_tree_goes_to_the_servers_stderr_and_the_answer_stays():
    with place() as here, running(here, SHOP, REQPROF_HEADERS='off') as one:
        plain = ask(one.port, '/cart')

        def output():
            with open(here.file('server.out')) as out:
                return out.read()
        answer = ask(one.port, '/cart?profile=term')
        equal(re.sub(rb'\d+', b'', answer), re.sub(rb'\d+', b'', plain))
        until('the tree', lambda: 'next: reqprof' in output())
        check('GET /cart → 200' in output() and 'price_cart' in output(), output())
        ask(one.port, '/cart?profile=1&term=1')
        until('another tree', lambda: output().count('next: reqprof') == 2)
        equal(here.said(), '')


def nothing_is_seen(here, one, *, pid=None):
    """Several pages are made; the server tells of no child, no signal and no time of theirs."""
    for _ in range(5):
        check(b'hello' not in ask(one.port, '/a?profile=text'), 'no page')
    check(b'"calls"' in ask(one.port, '/a?profile=json'), 'no page')
    ask(one.port, '/a?profile=term')
    with open(here.file('server.out')) as out:
        until('the tree', lambda: 'next: reqprof' in out.read() or out.seek(0))
    seen = re.fullmatch(r'(\d+) signals, (\d+) children, pid (\d+), (\d+) ms\n',
                        body_of(ask(one.port, '/seen')).decode())
    equal(seen.groups()[:2], ('0', '0'), 'signals and children')
    check(int(seen[4]) < 100, 'children took', seen[4], 'ms')
    if pid:
        equal(int(seen[3]), pid)
    equal(here.said(), '')


def a_server_that_waits_for_its_children_sees_none():
    with place() as here, parent(here) as one:
        nothing_is_seen(here, one)


def nor_does_one_that_reaps_orphans():
    with place() as here, parent(here, 'reaper') as one:
        nothing_is_seen(here, one)


def nor_does_the_first_process_of_a_container():
    need('unshare')
    words = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
    tried = subprocess.run([*words, 'true'], capture_output=True, check=False)
    if tried.returncode:
        raise Skip('unshare --pid: ' + tried.stderr.decode().strip())
    with place() as here, parent(here, before=words) as one:
        nothing_is_seen(here, one, pid=1)


def small(here, one, why):
    """A page that says WHY, and how to see the profile; the session is there."""
    before = set(files(here.sessions))
    raw = ask(one.port, '/a?profile=text')
    body = body_of(raw).decode()
    check(why in body, body)
    path, = set(files(here.sessions)) - before
    check('\n    reqprof show %s\n' % path in body, body)
    equal(export(path).request['target'], '/a')
    equal(head_of(raw)['x-reqprof-original-status'], '200')
    check('<pre>reqprof html --open /' in body_of(ask(one.port, '/a?profile=1')).decode(), 'no page')
    equal(body_of(ask(one.port, '/a')), b'hello\n')


def without_a_tool_a_small_page_names_the_session():
    with place() as here:
        with parent(here, REQPROF_TOOL='/nowhere/reqprof') as one:
            small(here, one, 'no reqprof')
        check('/nowhere/reqprof: not there' in here.said(), here.said())


def nobody():
    user = pwd.getpwnam('nobody')
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def in_a_folder_that_is_closed_to_the_server_it_is_said_to_be_there():
    if not AS_ROOT:
        raise Skip('another user needs root')
    for tool in None, 'lib/reqprof':
        with place('nobody') as here:
            for source in SHIM, TOOL:
                os.makedirs(here.file('lib'), exist_ok=True)
                shutil.copy(source, here.file('lib'))
            more = {'LD_PRELOAD': here.file('lib/libreqprof.so'), 'REQPROF_TOOL': tool and here.file(tool)}
            with running(here, SHOP, become=nobody, **more) as one:
                check(body_of(ask(one.port, '/cart?profile=text')).startswith(b'GET /cart'), here.said())
                os.chmod(here.file('lib'), 0o700)
                check(b'no reqprof' in body_of(ask(one.port, '/cart?profile=text')), 'a page')
                check('reqprof: in a folder that is closed to the server' in here.said(), here.said())


def what_is_no_reqprof_is_not_believed():
    for program, why in ('true', 'did not finish it'), ('yes', 'did not finish it'):
        with place() as here, parent(here, REQPROF_TOOL='/usr/bin/' + program) as one:
            small(here, one, why)


def a_server_that_forbids_itself_calls_is_not_put_to_the_test():
    with place() as here, parent(here, 'sandbox') as one:
        small(here, one, 'seccomp')


def nothing_is_left_of_many_pages():
    def state():
        base = '/proc/%d/' % one.pid
        return (len(os.listdir(base + 'fd')), len(os.listdir(base + 'task')),
                open(base + 'task/%d/children' % one.pid).read())
    with place() as here, parent(here) as one:
        with Client(one.port) as client:
            for n in range(30):
                client.send(request('/a?profile=text'))
                check(b'hello' not in client.answer(), 'no page')
                if n == 4:
                    until('our threads to end', lambda: state()[1] <= 3, 10)
                    settled = state()
            until('as it was', lambda: state() == settled)


run(every_mode_says_the_same_in_its_own_way, the_tree_goes_to_the_servers_stderr_and_the_answer_stays,
    a_server_that_waits_for_its_children_sees_none, nor_does_one_that_reaps_orphans,
    nor_does_the_first_process_of_a_container, without_a_tool_a_small_page_names_the_session,
    in_a_folder_that_is_closed_to_the_server_it_is_said_to_be_there,
    what_is_no_reqprof_is_not_believed, a_server_that_forbids_itself_calls_is_not_put_to_the_test,
    nothing_is_left_of_many_pages)
