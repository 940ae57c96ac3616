# battery.py - the same conversation with a server, bare and with the shim, and what must hold.
#
# Room: tests.  SPDX-License-Identifier: MIT
import collections
import re

import harness
from harness import Client, check, equal, place, request, sessions

# Step: SEGMENTS are sent one by one, then one answer is read for each of METHODS.
Step = collections.namedtuple('Step', 'segments methods')
# Flag: the request that is flagged, as its session must tell it, and which answer it gets.
Flag = collections.namedtuple('Flag', 'method target answer trigger bytes_in')


class Talk:
    """One connection: its steps, and which of its answers belong to flagged requests."""

    def __init__(self, name, path):
        self.name, self.steps, self.flags, self.n = path + ' ' + name, [], [], 0

    def one(self, target, flag=None, method='GET', cut=None, **named):
        """Adds a request as a step of its own.  FLAG: query, header or None; CUT(bytes): the
        segments it goes in."""
        raw = self.flagged(target, flag, method, **named)
        self.steps.append(Step(cut(raw) if cut else [raw], [method]))
        return self

    def together(self, *targets_and_flags):
        """Adds requests that go in one segment."""
        raws = [self.flagged(target, flag) for target, flag in targets_and_flags]
        self.steps.append(Step([b''.join(raws)], ['GET'] * len(raws)))
        return self

    def flagged(self, target, flag, method='GET', **named):
        headers = list(named.pop('headers', ())) + (['X-Reqprof: 1'] if flag == 'header' else [])
        asked = target
        if flag == 'query':
            asked += ('&' if '?' in target else '?') + 'profile=1'
        raw = request(asked, method=method, headers=headers, **named)
        if flag:
            self.flags.append(Flag(method, target, self.n, flag, len(raw)))
        self.n += 1
        return raw

    def apart(self):
        """The same with a connection for each request, for servers that keep none alive."""
        alone = []
        for i, step in enumerate(self.steps):
            talk = Talk(str(i), self.name)
            talk.steps, talk.n = [step], 1
            talk.flags = [flag._replace(answer=0) for flag in self.flags if flag.answer == i]
            alone.append(talk)
        return alone

    def hold(self, port, connect=Client):
        """The raw answers."""
        got, go_on = [], b''
        with connect(port) as client:
            for step in self.steps:
                client.send(*step.segments)
                for method in step.methods:
                    got.append(client.answer(method).behind(go_on))
                    go_on = got.pop() if method == '100' else b''
        return got


def bytewise(raw):
    return [raw[i:i + 1] for i in range(len(raw))]


def in_the_head(raw):
    return [raw[:9], raw[9:31], raw[31:]]


def after_the_head(raw):
    at = raw.index(b'\r\n\r\n') + 4
    return [raw[:at], raw[at:]]


def plain_talks(path):
    """Talks that every HTTP/1.1 server understands, each target told apart by its n."""
    return [
        Talk('plain', path).one(path + '?n=1'),
        Talk('plain, query', path).one(path + '?n=2', 'query'),
        Talk('plain, header', path).one(path + '?n=3', 'header'),
        Talk('closing', path).one(path + '?n=4', 'query', close=True),
        Talk('keep-alive', path).one(path + '?n=5').one(path + '?n=6', 'query').one(path + '?n=7')
        .one(path + '?n=8', 'header').one(path + '?n=9'),
        Talk('head in pieces', path).one(path + '?n=10', 'query', cut=in_the_head)
        .one(path + '?n=11', cut=in_the_head),
        Talk('byte by byte', path).one(path + '?n=12', 'header', cut=bytewise),
        Talk('off', path).one(path + '?n=13&profile=0')
        .one(path + '?n=14', headers=['X-Reqprof: off']),
        Talk('named alike', path).one(path + '?n=15&unprofile=1&profiles=1'),
    ]


def pipelined_talks(path):
    return [
        Talk('pipelined', path).together((path + '?n=20', None), (path + '?n=21', 'query'),
                                   (path + '?n=22', None)),
        Talk('pipelined, all', path).together((path + '?n=23', 'header'), (path + '?n=24', 'query'),
                                        (path + '?n=25', 'header')),
    ]


def post_talks(path):
    body = b'a line of the body\n' * 50
    return [
        Talk('post', path).one(path + '?n=30', method='POST', body=body),
        Talk('post, header', path).one(path + '?n=31', 'header', method='POST', body=body),
        Talk('post, body later', path).one(path + '?n=32', 'header', method='POST', body=body,
                                     cut=after_the_head),
        Talk('posts kept alive', path).one(path + '?n=33', 'query', method='POST', body=body)
        .one(path + '?n=34', method='POST', body=b'').one(path + '?n=35', 'header', method='POST',
                                                          body=body * 200),
    ]


def chunked_talks(path):
    chunks = [b'one', b'two and a half' * 30, b'three']
    return [
        Talk('chunked', path).one(path + '?n=40', method='POST', body=chunks)
        .one(path + '?n=41', 'header', method='POST', body=chunks)
        .one(path + '?n=42', 'query', method='POST', body=chunks, cut=after_the_head),
    ]


def expecting_talks(path):
    """The body is sent when the server said 100 Continue, which is part of the answer."""
    talk = Talk('expecting', path)
    for n in (60, 61):
        raw = talk.flagged('%s?n=%d' % (path, n), 'header', 'POST', body=b'a body\n' * 20,
                           headers=['Expect: 100-continue'])
        head, body = after_the_head(raw)
        talk.steps += [Step([head], ['100']), Step([body], ['POST'])]
    return [talk]


def head_talks(path):
    return [Talk('head', path).one(path + '?n=50', 'query', method='HEAD').one(path + '?n=51')]


def same_but_for_the_clock(raw):
    """Dates differ between any two runs, and so does the port that a Host line names."""
    return re.sub(rb'(?im)^(date|expires|host): [^\r]*', rb'\1: -', raw)


def in_order(phases):
    known = [phases[p] for p in ('accepted', 'first_byte', 'head', 'body', 'response', 'last_byte')
             if phases[p] is not None]
    return known == sorted(known)


class Battery:
    """Holds TALKS with START(place, shim), a context manager that gives a server's port, over
    what CONNECT(port) makes.  LINES: answers to flagged requests have lines of the shim."""

    def __init__(self, start, talks, owner=None, whole_stacks=True, connect=Client, lines=True):
        self.start, self.talks, self.owner, self.lines = start, talks, owner, lines
        self.whole_stacks, self.connect, self.bare, self.skipped = whole_stacks, connect, None, None

    def hold(self, port):
        return {talk.name: talk.hold(port, self.connect) for talk in self.talks}

    def rounds(self):
        """Both rounds, held once: the bare answers, those with the shim, the sessions."""
        if self.skipped:
            raise self.skipped
        if self.bare is not None:
            return
        self.bare, self.shimmed, self.found, self.why = {}, {}, [], None
        try:
            self.hold_both()
        except harness.Skip as skipped:
            self.skipped = skipped
            raise

    def hold_both(self):
        with place(self.owner) as here:
            with self.start(here, False) as port:
                self.bare = self.hold(port)
            check(not harness.files(here.sessions), 'the bare server left sessions')
            with self.start(here, True) as port:
                self.shimmed = self.hold(port)
                try:
                    n = sum(len(talk.flags) for talk in self.talks)
                    self.found = sessions(here.sessions, n)
                except harness.Failed as failed:
                    self.why = failed
                self.said = here.said()
        with place(self.owner) as here:
            here.settings['REQPROF_HEADERS'] = 'off'
            with self.start(here, True) as port:
                self.silent = self.hold(port)

    def tests(self, kind=''):
        """Its tests; KIND before their names tells several batteries of a file apart."""
        tests = [self.answers_are_the_same_bytes_with_and_without_the_shim,
                 self.answers_to_flagged_requests_alone_have_lines_of_ours_unless_they_are_off,
                 self.each_flagged_request_leaves_one_session_and_no_other_does,
                 self.sessions_tell_their_requests]
        if self.whole_stacks:
            tests.append(self.stacks_are_complete)
        return [named(kind, test) for test in tests] if kind else tests

    def answers_are_the_same_bytes_with_and_without_the_shim(self):
        self.rounds()
        check(self.shimmed, 'there are no answers to compare')
        for talk in self.talks:
            for one, other in zip(self.bare[talk.name], self.shimmed[talk.name]):
                equal(same_but_for_the_clock(other), same_but_for_the_clock(one), talk.name)
            equal(len(self.shimmed[talk.name]), talk.n, talk.name)

    def answers_to_flagged_requests_alone_have_lines_of_ours_unless_they_are_off(self):
        self.rounds()
        check(self.silent, 'there are no answers to compare')
        for talk in self.talks:
            for one, other in zip(self.bare[talk.name], self.silent[talk.name]):
                equal(other.id, None, talk.name + ': off')
                equal(same_but_for_the_clock(other), same_but_for_the_clock(one), talk.name)
            flagged = {flag.answer for flag in talk.flags} if self.lines else set()
            equal({i for i, raw in enumerate(self.shimmed[talk.name]) if raw.id}, flagged,
                  talk.name + ': answers with lines')

    def each_flagged_request_leaves_one_session_and_no_other_does(self):
        self.rounds()
        if self.why:
            raise self.why
        wanted = sorted((f.method, f.target) for talk in self.talks for f in talk.flags)
        equal(sorted((s.request['method'], s.target) for s in self.found), wanted, 'the requests')
        equal(self.said, '', 'REQPROF_LOG')

    def sessions_tell_their_requests(self):
        self.rounds()
        check(self.found, 'there are no sessions')
        by_target = {s.target: s for s in self.found}
        for talk in self.talks:
            for flag in talk.flags:
                raw = self.shimmed[talk.name][flag.answer]
                tells(by_target.get(flag.target), flag, raw, talk.name)
                if self.lines:
                    equal(raw.id, by_target[flag.target].id, talk.name + ': id')

    def stacks_are_complete(self):
        self.rounds()
        check(self.found, 'there are no sessions')
        for s in self.found:
            check(s.samples, s.target, 'has no sample, not even at its edges')
            equal(s.truncated(), [], s.target)


def named(kind, test):
    def call():
        test()
    call.__name__ = kind + '_' + test.__name__
    return call


def status_of(raw):
    """The status of the answer, also of one that follows 100 Continue."""
    return int(raw[raw.rindex(b'HTTP/1.1 '):].split()[1])


def whole(s, name, **told):
    """Session S is all there, and its request says what is TOLD."""
    equal(s.told['complete'], True, name + ': complete')
    for key, value in dict(told, ended='complete').items():
        equal(s.request[key], value, name + ': ' + key)
    equal(s.lost, {}, name + ': lost')
    check(in_order(s.phases), name, 'has phases out of order', s.phases)


def sampled(s, name):
    """It knows when the body and the answer were there, and was looked at."""
    check(None not in (s.phases['response'], s.phases['body']), name, 'lacks a phase', s.phases)
    check(s.samples, name, 'has no sample, not even at its edges')


def tells(s, flag, raw, name):
    """Session S says what truly happened to FLAG, whose answer was RAW."""
    check(s, name, 'has no session for', flag.target)
    account = s.account
    whole(s, name, method=flag.method, protocol='HTTP/1.1', status=status_of(raw),
          bytes_out=len(raw), bytes_in=flag.bytes_in, trigger=flag.trigger)
    check(s.phases['last_byte'] is not None, name, 'does not know its last byte')
    parts = (account['cpu_ns'] + account['waits_ns'] + account['not_running_ns'] +
             account['idle_ns'] + account['unexplained_ns'])
    if account['threads_in_parallel'] <= 1:
        equal(parts, account['duration_ns'], name + ': the sum of the account')
