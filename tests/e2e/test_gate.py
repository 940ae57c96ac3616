#!/usr/bin/env python3
# test_gate.py - every spelling of the trigger against every reason to refuse it: no session, and the
# client gets the same bytes as if it had not asked.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import json
import os
import pty
import re
import socket
import subprocess
import threading
import time

import harness
from harness import Client, PYTHON, Server, Skip, ask, check, equal, files, free_port, need, place
from harness import request, run, sessions, until
from tokens import OLD, SECRET, secret_file, token

SHOP = os.path.join(harness.BUILD, 'hosts/shop')

# (target, header): %(mode)s and %(key)s are put in.
SPELLINGS = (
    ('/?profile=%(mode)s.%(key)s', None),
    ('/?a=b&profile=%(mode)s.force.%(key)s&c=d', None),
    ('http://127.0.0.1/?profile=%(mode)s.%(key)s', None),
    ('/', 'X-Reqprof: %(mode)s; key=%(key)s'),
    ('/', 'x-reqprof:%(key)s;%(mode)s'),
    ('/', 'X-REQPROF: mode=%(mode)s; tag=t; interval=1ms; key=%(key)s'),
    ('/?profile=save', 'X-Reqprof: %(mode)s; force; key=%(key)s'),
)


def refusals():
    """What each of them is called in refusals.def, its key and its mode."""
    good = token()
    return [('no_key', '', 'html'),
            ('wrong_key', SECRET[:-1], 'html'),
            ('wrong_key', SECRET + 'x', 'html'),
            ('wrong_key', SECRET[:-1] + 'X', 'html'),
            ('wrong_key', good[:-1], 'html'),
            ('wrong_key', good + '0', 'html'),
            ('unknown', token(secret='some-other-secret'), 'html'),
            ('forged', good[:-1] + ('0' if good[-1] != '0' else '1'), 'html'),
            ('forged', token(secret='some-other-secret', kid_of=SECRET), 'html'),
            ('forged', good.replace('.html.', '.text.'), 'html'),
            ('expired', token(-70), 'html'),
            ('early', token(15 * 60 + 90), 'html'),
            ('path', token(path='/other'), 'html'),
            ('scope', token(scope='save'), 'html'),
            ('scope', token(scope='text'), 'html'),
            ('scope', token(scope='save'), 'term')]


def spelled(spelling, mode, key):
    target, header = spelling
    words = {'mode': mode, 'key': key}
    return target % words, [header % words] if header else []


@contextlib.contextmanager
def shop(here, secret=True, **env):
    port = free_port()
    if secret:
        env.setdefault('REQPROF_SECRET_FILE', secret_file(here))
    one = Server(here, [SHOP, str(port)], port, env=env)
    try:
        yield one
    finally:
        one.stop()


def told(here):
    """The counts in the lines about refusals, and how many of these there are."""
    lines = [line for line in here.said().splitlines() if 'a trigger of' in line]
    return lines, dict(re.findall(r'(\w+) (\d+)', lines[-1].split('so far: ')[1])) if lines else {}


def every_spelling_of_every_refusal_gives_no_session_and_the_same_bytes():
    with place() as here, shop(here) as one:
        with Client(one.port) as client:
            for spelling in SPELLINGS:
                client.send(request(spelling[0].split('?')[0]))
                wanted = client.answer()
                for why, key, mode in refusals():
                    target, headers = spelled(spelling, mode, key)
                    client.send(request(target, headers=headers))
                    same_as(client.answer(), wanted, why, target, headers)
        sessions(here.sessions, 0)
        lines, _ = told(here)
        equal(len(lines), 1, 'lines about ' + str(len(SPELLINGS) * len(refusals())) + ' refusals')
        check('a trigger of 127.0.0.1 was refused: it carries neither' in lines[0], lines)


def same_as(answer, wanted, *what):
    """Byte by byte: the harness takes the headers of an accepted trigger away, and tells its id."""
    equal(answer.id, None, 'the id in the answer to %s' % (what,))
    equal(answer, wanted, 'the answer to %s' % (what,))


def each_reason_is_told():
    for why, key, mode in refusals():
        with place() as here, shop(here) as one:
            ask(one.port, '/', headers=['X-Reqprof: %s; key=%s' % (mode, key)])
            until('a line in REQPROF_LOG', lambda h=here: told(h)[0])
            equal(told(here)[1], {why: '1'}, 'what REQPROF_LOG counts')  # one trigger


def who_knows_the_secret_or_has_a_token_may():
    with place() as here, shop(here, REQPROF_RESPONSE='keep') as one:
        n = 0
        for spelling in SPELLINGS:
            wanted = ask(one.port, spelling[0].split('?')[0])
            for key in (SECRET, OLD, token(), token(scope='html', path='/'), token(secret=OLD)):
                target, headers = spelled(spelling, 'save', key)
                equal(ask(one.port, target, headers=headers), wanted, (target, headers))
                n += 1
        for key in (token(scope='save'), token(scope='text')):
            ask(one.port, '/?profile=' + key)
            n += 1
        sessions(here.sessions, n)
        for path in files(here.sessions):
            with open(path, 'rb') as file:
                raw = file.read()
            check(SECRET.encode() not in raw and b'v1.' not in raw, path, 'holds the key')


def a_token_lets_one_request_in_also_when_many_send_it_at_once():
    with place() as here, shop(here) as one:
        for _ in range(5):
            key, n = token(scope='save'), 12
            clients = [Client(one.port) for _ in range(n)]
            together = threading.Barrier(n)

            def send(client, text, meet):
                meet.wait()
                client.send(text)

            text = request('/', headers=['X-Reqprof: save; key=' + key])
            threads = [threading.Thread(target=send, args=(c, text, together)) for c in clients]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            equal(len({client.answer() for client in clients}), 1, 'answers')
            for client in clients:
                client.socket.close()
        until('a session: no token let anybody in', lambda: files(here.sessions))
        time.sleep(0.5)
        check(len(files(here.sessions)) <= 5, len(files(here.sessions)), 'sessions of 5 tokens')


def without_a_secret_proxies_and_strangers_are_refused():
    with place() as here, shop(here, secret=False, REQPROF_OPEN='loopback') as one:
        wanted = ask(one.port, '/')
        for header in ('Forwarded: for=127.0.0.1', 'X-Forwarded-For: 127.0.0.1', 'Via: 1.1 x',
                       'X-Forwarded-Proto: https', 'X-Real-IP: 127.0.0.1'):
            for trigger in ('X-Reqprof: save', 'X-Reqprof: html; force', 'X-Other: 1'):
                target = '/?profile=html' if 'Other' in trigger else '/'
                same_as(ask(one.port, target, headers=[header, trigger]), wanted, header)
        sessions(here.sessions, 0)
        equal(list(told(here)[1]), ['proxy'])


def a_page_elsewhere_whose_name_leads_here_is_shown_nothing():
    with place() as here, shop(here, secret=False, REQPROF_OPEN='loopback') as one:
        wanted = ask(one.port, '/')  # "Host: test"
        equal(ask(one.port, '/?profile=html'), wanted)
        sessions(here.sessions, 1)
        check('a trigger of 127.0.0.1 saves: it may only save' in here.said(), here.said())
        with Client(one.port) as client:
            client.send(request('/?profile=text').replace(b'Host: test', b'Host: localhost:80'))
            check(b'GET / ' in client.answer(), 'a name of this machine shows nothing')


def own_address():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(('192.0.2.1', 9))
        if not s.getsockname()[0].startswith('127.'):
            return s.getsockname()[0]
    raise Skip('this machine has no address but loopback')


def from_address(address, port, target, headers=()):
    """As Client does; without the date, which python -m http.server tells."""
    with Client.__new__(Client) as client:
        client.socket, client.rest = socket.create_connection((address, port), 20), b''
        client.send(request(target, headers=headers))
        answer = client.answer()
        return answer.id, re.sub(rb'\r\nDate: [^\r]*', b'', answer)


@contextlib.contextmanager
def everywhere(here, **env):
    port = free_port()
    here.file('www/index.html', 'hello\n')
    one = Server(here, [PYTHON, '-m', 'http.server', '--bind', '0.0.0.0', str(port)], port,
                 env=env, cwd=here.file('www'))
    try:
        yield port
    finally:
        one.stop()


def strangers_are_refused_unless_they_are_listed():
    address = own_address()
    asked = (('/?profile=save', []), ('/', ['X-Reqprof: save']))
    for env, n, why in (({}, 0, 'peer'),
                        ({'REQPROF_OPEN': 'loopback'}, 0, 'peer'),
                        ({'REQPROF_ALLOW': '198.51.100.0/24,::1'}, 0, 'network'),
                        ({'REQPROF_ALLOW': 'what is this'}, 0, 'network'),
                        ({'REQPROF_ALLOW': '198.51.100.1,' + address}, 2, None)):
        with place() as here, everywhere(here, **env) as port:
            wanted = from_address(address, port, '/')
            for target, headers in asked:
                told_id, answer = from_address(address, port, target, headers)
                equal((told_id is not None, answer), (n > 0, wanted[1]), target)
            sessions(here.sessions, n)
            check(not why or why in told(here)[1], here.said())


def a_trusted_proxy_names_the_client():
    headers = ['X-Reqprof: save', 'X-Forwarded-For: 127.0.0.1', 'X-Forwarded-For: %s']
    env = {'REQPROF_TRUSTED_PROXIES': '127.0.0.0/8', 'REQPROF_ALLOW': '192.0.2.0/24'}
    with place() as here, shop(here, secret=False, **env) as one:
        for named in ('198.51.100.7', '192.0.2.9, 198.51.100.7', 'unknown', '127.0.0.1'):
            ask(one.port, '/refused', headers=headers[:2] + [headers[2] % named])
        for named in ('192.0.2.9', '198.51.100.7, 192.0.2.9', '192.0.2.9, 127.0.0.1'):
            ask(one.port, '/taken', headers=headers[:2] + [headers[2] % named])
        equal({s.target for s in sessions(here.sessions, 3)}, {'/taken'})


def has_our_thread(pid):
    for thread in os.listdir('/proc/%d/task' % pid):
        with contextlib.suppress(OSError), open('/proc/%d/task/%s/comm' % (pid, thread)) as comm:
            if comm.read() == 'reqprof\n':
                return True
    return False


def the_line_is_written_by_a_thread_that_ends_and_costs_nothing_else():
    with place() as here:
        for log in (here.log, '-'):
            with shop(here, REQPROF_LOG=log) as one:
                ask(one.port, '/', headers=['X-Reqprof: save'], close=True)

                def said(log=log, pid=one.pid):
                    with open(here.file('server.out') if log == '-' else log) as file:
                        return 'reqprof[%d]: a trigger of' % pid in file.read()

                until('the line in ' + log, said)
                until('our thread has ended', lambda pid=one.pid: not has_our_thread(pid))
        with shop(here, REQPROF_LOG=None) as one:
            ask(one.port, '/', headers=['X-Reqprof: save'], close=True)
            check(not has_our_thread(one.pid), 'a refusal starts a thread that nobody needs')


def other_programs_stay_inert():
    link = 'shop-by-another-name'
    for names, exe, n in (('shop', SHOP, 1), (SHOP, SHOP, 1), ('a,shop', SHOP, 1), ('sh', SHOP, 0),
                          ('/shop', SHOP, 0), (link, link, 1), ('shop', link, 1), ('', SHOP, 1)):
        with place() as here:
            if exe == link:
                exe = here.file(link)
                os.symlink(SHOP, exe)
            port = free_port()
            one = Server(here, [exe, str(port)], port, env={'REQPROF_EXE': names})
            ask(port, '/?profile=save')
            sessions(here.sessions, n)
            one.stop()


def memory_of(pid):
    """What a core file would hold: (address, bytes) of each mapping that is not kept out of it."""
    with open('/proc/%d/smaps' % pid) as smaps, open('/proc/%d/mem' % pid, 'rb') as mem:
        for entry in re.split(r'(?m)^(?=[0-9a-f]+-[0-9a-f]+ )', smaps.read())[1:]:
            begin, end = (int(x, 16) for x in entry.split()[0].split('-'))
            if ' dd' in entry.rsplit('VmFlags:', 1)[1] or '[v' in entry.splitlines()[0] or \
                    entry.split()[1][0] != 'r':
                continue
            with contextlib.suppress(OSError):
                mem.seek(begin)
                yield begin, mem.read(end - begin)


def a_core_file_would_not_hold_the_secret():
    with place() as here, shop(here) as one:
        for _ in range(3):
            ask(one.port, '/', headers=['X-Reqprof: save; key=' + token(scope='save')])
        sessions(here.sessions, 3)
        try:
            open('/proc/%d/mem' % one.pid, 'rb').close()
        except OSError as why:
            raise Skip(str(why)) from why
        seen = 0
        for begin, memory in memory_of(one.pid):
            seen += len(memory)
            check(SECRET.encode() not in memory and OLD.encode() not in memory,
                  'the secret is at %x +%x' % (begin, memory.find(SECRET.encode())))
        check(seen > 1 << 20, 'only', seen, 'bytes were looked at')


def tool(here, *words, **env):
    clean = {k: v for k, v in os.environ.items() if not k.startswith('REQPROF')}
    return subprocess.run([harness.TOOL, *words], capture_output=True, text=True, check=False,
                          env={**clean, 'REQPROF_DIR': here.sessions, **env})


def the_tool_makes_what_the_gate_takes():
    with place() as here, shop(here, REQPROF_RESPONSE='keep') as one:
        env = {'REQPROF_SECRET_FILE': here.file('secret')}
        for words, target, n in ((('--scope', 'html'), '/?profile=html.', 1),
                                 ((), '/?profile=', 1),
                                 ((), '/?profile=html.', 0),
                                 (('--path', '/card', '--for', '1m'), '/card?profile=save.', 1),
                                 (('--path', '/card', '--for', '1m'), '/?profile=save.', 0)):
            before = len(files(here.sessions))
            made = tool(here, 'token', *words, **env)
            equal((made.returncode, made.stderr), (0, ''), words)
            ask(one.port, target + made.stdout.strip())
            sessions(here.sessions, before + n)
        for words in (('--for', '16m'), ('--for', 'x'), ('--scope', 'all'), ('--path', 'card'), ('x',)):
            equal(tool(here, 'token', *words, **env).returncode, 2, words)
        check('REQPROF_SECRET_FILE' in tool(here, 'token').stderr)
        os.chmod(here.file('secret'), 0o644)
        check('chmod 600' in tool(here, 'token', **env).stderr)
        os.chmod(here.file('secret'), 0o600)


def the_browser_gets_the_address_of_the_page():
    with place() as here, shop(here, REQPROF_RESPONSE='keep') as one:
        browser = here.file('browser', '#!/bin/sh\nprintf %s "$1" >' + here.file('opened') + '\n')
        os.chmod(browser, 0o755)
        env = {'REQPROF_SECRET_FILE': here.file('secret'), 'BROWSER': browser}
        done = tool(here, 'open', 'localhost:%d/card?a=b&profile=1#f' % one.port, **env)
        equal((done.returncode, done.stdout, done.stderr), (0, '', ''))
        with open(here.file('opened')) as opened:
            url = opened.read()
        match = re.fullmatch(r'http://localhost:\d+(/card\?profile=html\.v1\.[0-9a-z.~]+&a=b)#f', url)
        check(match, url)
        check('.html~%s.' % '/card'.encode().hex() in url, url)
        ask(one.port, match.group(1))
        equal(sessions(here.sessions, 1)[0].target, '/card?a=b')
        done = tool(here, 'open', '--print', '--trigger', 'p', 'http://h/x?p#y')
        equal(done.stdout, 'http://h/x?p=html#y\n')
        equal(tool(here, 'open').returncode, 2)


def a_link_shows_the_page_once():
    with place() as here, shop(here) as one:
        url = tool(here, 'open', '--print', 'http://localhost:%d/card' % one.port,
                   REQPROF_SECRET_FILE=here.file('secret')).stdout.strip()
        target = url[url.index('/card'):]
        plain = ask(one.port, '/card')
        shown = ask(one.port, target)
        check(b'X-Reqprof-Original-Status: 200' in shown and b'text/html' in shown, shown[:300])
        check(SECRET.encode() not in shown and b'v1.' not in shown, 'the page holds the key')
        same_as(ask(one.port, target), plain, 'the second time')
        same_as(ask(one.port, target.replace('/card', '/')), ask(one.port, '/'), 'another path')
        sessions(here.sessions, 1)


def on_a_terminal(*words, **env):
    """What the tool says there; what it runs is told by env(1)."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith('REQPROF')}
    ours, theirs = pty.openpty()
    done = subprocess.run([harness.TOOL, *words], stdin=theirs, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, env={**clean, **env})
    os.close(theirs)
    os.close(ours)
    return done


def run_opens_every_mode_to_whoever_sits_at_the_terminal():
    need('env')
    done = on_a_terminal('run', '--', 'env')
    check('REQPROF_OPEN=loopback\n' in done.stdout, done)
    check('REQPROF_OPEN=loopback is set' in done.stderr, done.stderr)
    for words, env in (((), {'REQPROF_OPEN': ''}), (('--secret-file', '/dev/null'), {}),
                       (('--open', ''), {}), ((), {'REQPROF_SECRET_FILE': '/x'})):
        done = on_a_terminal('run', *words, '--', 'env', **env)
        check('REQPROF_OPEN=loopback' not in done.stdout + done.stderr, words, env, done)
    with place() as here:
        done = subprocess.run([harness.TOOL, 'run', '--', 'env'], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, cwd=here.path)
    check('REQPROF_OPEN=loopback' not in done.stdout + done.stderr, done)


def curl_and_doctor_know_about_secrets():
    need('curl')
    with place() as here, shop(here) as one:
        env = {'REQPROF_SECRET_FILE': here.file('secret')}
        done = tool(here, 'curl', '-n', '3', '--json', 'http://127.0.0.1:%d/card' % one.port, **env)
        equal(done.returncode, 0, done.stderr)
        equal(len(json.loads(done.stdout)['sessions']), 3)
        said = tool(here, 'doctor', '--pid', str(one.pid)).stdout
        check('all clients that know a secret or have a token' in said, said)
        for settings, words in (({}, 'clients on this machine may flag requests'),
                                ({'REQPROF_OPEN': 'loopback'}, 'may see the profile at once'),
                                ({'REQPROF_ALLOW': '10.0.0.0/8'}, 'clients in REQPROF_ALLOW'),
                                ({'REQPROF_ALLOW': '10.0.0.0/99'}, 'wants networks'),
                                ({'REQPROF_RESPONSE': 'replace'}, "knows only 'keep'"),
                                ({'REQPROF_TRUSTED_PROXIES': '::1'}, 'must append their client')):
            check(words in tool(here, 'doctor', **settings).stdout, settings)


run(every_spelling_of_every_refusal_gives_no_session_and_the_same_bytes,
    each_reason_is_told,
    who_knows_the_secret_or_has_a_token_may,
    a_token_lets_one_request_in_also_when_many_send_it_at_once,
    without_a_secret_proxies_and_strangers_are_refused,
    a_page_elsewhere_whose_name_leads_here_is_shown_nothing,
    strangers_are_refused_unless_they_are_listed,
    a_trusted_proxy_names_the_client,
    the_line_is_written_by_a_thread_that_ends_and_costs_nothing_else,
    other_programs_stay_inert,
    a_core_file_would_not_hold_the_secret,
    the_tool_makes_what_the_gate_takes,
    the_browser_gets_the_address_of_the_page,
    a_link_shows_the_page_once,
    run_opens_every_mode_to_whoever_sits_at_the_terminal,
    curl_and_doctor_know_about_secrets)
