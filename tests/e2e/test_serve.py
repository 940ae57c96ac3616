#!/usr/bin/env python3
# test_serve.py - reqprof serve: the list is live, leads to pages and comparisons, and belongs to
# whoever knows its token, on this machine.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import http.client
import json
import os
import signal
import subprocess
import urllib.parse

import harness
from browser import browser
from harness import check, equal, files, place, run, server, until

SHOP = os.path.join(harness.BUILD, 'hosts/shop')


class Serve:
    def __init__(self, here):
        env = {k: v for k, v in os.environ.items() if not k.startswith('REQPROF')}
        self.tool = subprocess.Popen([harness.TOOL, 'serve', here.sessions], env=env,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url = self.tool.stdout.readline().strip()
        parts = urllib.parse.urlsplit(self.url)
        self.port, self.path = parts.port, parts.path

    def ask(self, target, method='GET', host=None, body=None):
        """(status, headers, body) of a request for TARGET, below the token."""
        wire = http.client.HTTPConnection('127.0.0.1', self.port, timeout=harness.PATIENCE)
        try:
            wire.putrequest(method, target, skip_host=True)
            if host is not False:
                wire.putheader('Host', host or '127.0.0.1:%d' % self.port)
            if body is not None:
                wire.putheader('Content-Length', str(len(body)))
            wire.endheaders(body)
            answer = wire.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            wire.close()

    def sessions(self, query=''):
        status, _, body = self.ask(self.path + 'sessions' + query)
        equal(status, 200, body)
        return json.loads(body)

    def stop(self):
        self.tool.send_signal(signal.SIGTERM)
        said = self.tool.communicate(timeout=harness.PATIENCE)
        return self.tool.returncode, said


@contextlib.contextmanager
def serving(here):
    one = Serve(here)
    try:
        yield one
    finally:
        equal(one.stop(), (0, ('', '')), 'the end of reqprof serve')


@contextlib.contextmanager
def shop(here):
    port = harness.free_port()
    with server(here, [SHOP, str(port)], port):
        yield lambda target: harness.ask(port, target, headers=['X-Reqprof: save; tag=e2e'])


def listening():
    """(address, port) of every TCP socket that listens, as the kernel writes them."""
    for path in ('/proc/net/tcp', '/proc/net/tcp6'):
        with contextlib.suppress(FileNotFoundError), open(path) as table:
            for line in list(table)[1:]:
                local, state = line.split()[1], line.split()[3]
                if state == '0A':
                    yield local.split(':')[0], int(local.split(':')[1], 16)


def only_those_who_know_the_token_are_answered():
    with place() as here, serving(here) as one:
        equal([a for a, p in listening() if p == one.port], ['0100007F'])
        check(len(one.path) == 34 and one.path.strip('/').isalnum(), one.path)
        status, headers, body = one.ask(one.path)
        equal((status, headers['Content-Type']), (200, 'text/html; charset=utf-8'))
        for name, value in (('Cache-Control', 'no-store'), ('Referrer-Policy', 'no-referrer'),
                            ('X-Content-Type-Options', 'nosniff'), ('X-Frame-Options', 'DENY')):
            equal(headers[name], value)
        check(headers['Content-Security-Policy'].startswith("default-src 'none'; script-src 'self'"))
        check(b'<script>' not in body and b'style=' not in body, 'script or style in the page')
        wrong = one.path[:-2] + ('a' if one.path[-2] != 'a' else 'b') + '/'
        for target in ('/', '/sessions', wrong, wrong + 'sessions', one.path[:-1], one.path[1:],
                       one.path + 'nothing', one.path + '../', one.path + 'page/'):
            if target.startswith('/'):
                status, _, body = one.ask(target)
                equal((status, body), (404, b'there is nothing here\n'), target)
        for host in ('evil.example', '127.0.0.1', '127.0.0.1:1', 'localhost.evil.example:%d'
                     % one.port):
            equal(one.ask(one.path, host=host)[0], 403, host)
        check(one.ask(one.path, host=False)[0] in (400, 403), 'no host')
        equal(one.ask(one.path, host='localhost:%d' % one.port)[0], 200)
        for method in ('POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'):
            status, headers, _ = one.ask(one.path + 'sessions', method, body=b'x' * 70000)
            equal((status, headers['Allow']), (405, 'GET, HEAD'), method)
        equal(one.ask(one.path, 'HEAD')[::2], (200, b''))
        equal(one.sessions()['sessions'], [])


def only_sessions_of_the_folder_can_be_had():
    with place() as here:
        with shop(here) as ask:
            ask('/card')
            until('a session', lambda: files(here.sessions))
        other = os.path.join(here.path, 'other.reqprof')
        os.rename(files(here.sessions)[0], other)
        with serving(here) as one:
            for name in (other, 'other.reqprof', '../other.reqprof', '..%2fother.reqprof', ',,',
                         '/etc/passwd', 'x' * 10000):
                status, _, body = one.ask(one.path + 'page?s=' + name)
                check(status in (404, 414, 431, 500) and b'PNG' not in body, name, status, body[:99])
            equal(one.ask(one.path + 'page')[0], 404)
            equal(one.ask(one.path + 'diff?before=a&after=b')[0], 404)
            equal(one.ask(one.path + 'diff')[0], 400)
            equal(one.ask(one.path + 'sessions?slower=x')[::2],
                  (400, b"slower wants a time such as 200ms, not 'x'\n"))


def rows(page, table='sessions'):
    return page.js('[...document.querySelectorAll("#%s tbody tr")].map((r) => r.innerText)' % table)


def the_list_is_live_and_leads_to_pages_and_a_comparison():
    with place() as here, serving(here) as one, shop(here) as ask, browser() as chromium:
        page = chromium.page()
        page.visit(one.url)
        page.until('an empty list', lambda: 'No session' in page.text('#routes'))
        for target in ('/card?a=1', '/stock', "/<script>alert('1')</script>"):
            ask(target)
        page.until('three rows', lambda: len(rows(page)) == 3)
        check("GET /<script>alert('1')</script>" in rows(page)[0], rows(page))
        equal(len(rows(page, 'routes')), 3)
        ask('/card?a=2')
        page.until('the fourth', lambda: len(rows(page)) == 4)
        check(any('GET /card\t2\t' in r for r in rows(page, 'routes')), rows(page, 'routes'))

        page.js('document.querySelector("#filter [name=route]").value = "/card"')
        page.js('document.querySelector("#filter [name=route]").dispatchEvent(new Event("change"))')
        page.until('the filter', lambda: len(rows(page)) == 2)
        check('2 of 4 recorded' in page.text('#count'), page.text('#count'))
        page.js('location.hash = "slower=much"')
        page.until('a sentence', lambda: 'slower wants a time' in page.text('#wrong'))
        page.js('location.hash = "route=/stock"')
        page.until('another filter', lambda: len(rows(page)) == 1 and not page.text('#wrong'))
        # Not from the wrong one: those rows stayed, and who clicks on them while they are drawn anew
        # may click on nothing.
        page.js('location.hash = "route=/card"')
        page.until('the filter', lambda: len(rows(page)) == 2 and not page.text('#wrong'))

        page.click('#sessions tr:nth-child(1) input')
        page.click('#sessions tr:nth-child(2) input')
        equal(page.text('#chosen span'), '2 sessions chosen')
        ask('/card?a=3')
        page.until('a third row', lambda: len(rows(page)) == 3)
        equal(page.text('#chosen span'), '2 sessions chosen')
        wanted = page.loaded + 1
        page.click('#compare')
        page.until('the comparison', lambda: page.loaded >= wanted)
        page.until('its head', lambda: page.js('!!document.querySelector("#head h1")'))
        check('before' in page.text('body').lower(), page.text('#head'))
        page.visit(one.url)
        page.until('the list', lambda: len(rows(page)) == 5)
        wanted = page.loaded + 1
        page.click('#sessions tr:nth-child(1) td.request a')
        page.until('the page of a session', lambda: page.loaded >= wanted)
        page.until('its head', lambda: '/card' in page.text('#head'))
        refused = [c for c in page.complaints if '400 (Bad Request)' not in c]
        equal(refused, [], 'the console')
        away = [u for u in page.asked if not u.startswith((one.url, 'data:', 'about:'))]
        equal(away, [], 'requests for elsewhere')


def a_port_that_is_taken_is_told():
    with place() as here, serving(here) as one:
        again = subprocess.run([harness.TOOL, 'serve', '--port', str(one.port), here.sessions],
                               capture_output=True, text=True, check=False)
        equal((again.returncode, again.stdout), (2, ''))
        check('cannot be had' in again.stderr, again.stderr)
        for words, why in ((['--port', '70000'], 'up to 65535'), ([SHOP], 'not a folder')):
            refused = subprocess.run([harness.TOOL, 'serve', *words], capture_output=True,
                                     text=True, check=False)
            equal(refused.returncode, 2)
            check(why in refused.stderr, refused.stderr)


run(only_those_who_know_the_token_are_answered, only_sessions_of_the_folder_can_be_had,
    the_list_is_live_and_leads_to_pages_and_a_comparison, a_port_that_is_taken_is_told)
