#!/usr/bin/env python3
# test_answer.py - the profile in place of the answer, on every server that we know how to start.
#
# Room: tests.  SPDX-License-Identifier: MIT
import os
import re

import answers
import battery
from answers import request
from harness import Client, equal, place, run, sessions, until


def like(raw):
    """Without what differs from one answer to the next."""
    return battery.same_but_for_the_clock(re.sub(rb'(?im)^keep-alive: [^\r]*', b'', raw))


def steps(kind, target):
    """Normal, flagged, normal, flagged, flagged HEAD, normal: (target, method, is a page)."""
    plain, asked = (target, 'GET', False), (answers.flagged(target), 'GET', True)
    return [plain, asked, plain, asked, (answers.flagged(target), 'HEAD', False), plain]


def hold(kind, port, asked):
    """The answers to ASKED on one connection, or one for each where the server keeps none."""
    if not kind.keeps:
        return [one for step in asked for one in on_one_connection(port, [step])]
    return on_one_connection(port, asked)


def on_one_connection(port, asked):
    got = []
    with Client(port) as client:
        for target, method, _ in asked:
            client.send(request(target, method=method))
            got.append(client.answer(method))
    return got


def access_log(here):
    """Each line without what differs: clocks, ports."""
    path = here.file('access.log')
    if not os.path.exists(path):
        return []
    with open(path) as log:
        return [re.findall(r'"[A-Z]+ \S+ \S+" \d+ \d+', line)[0] for line in log if '"' in line]


def whole_sequence(kind):
    def test():
        every = [step for target in kind.targets for step in steps(kind, target)]
        with place(kind.owner) as here:
            with kind.start(here, False) as one:
                bare = hold(kind, one.port, every)
            until('the access log', lambda: kind.name not in ('nginx', 'lighttpd') or
                  len(access_log(here)) == len(every))
            logged = access_log(here)
            with kind.start(here, True) as one:
                first = [hold(kind, one.port, steps(kind, t)) for t in kind.targets]
                n_open = descriptors_settled(one)
                shimmed = [raw for t in kind.targets for raw in hold(kind, one.port, steps(kind, t))]
                until('no more descriptors than ' + str(n_open),
                      lambda: answers.open_descriptors(one) <= n_open)
                n = len([s for s in every if 'profile' in s[0]])
                sessions(here.sessions, 2 * n)
                equal(here.said(), '', 'the log of the shim')
            for step, seen, was, before in zip(every, shimmed, bare, sum(first, [])):
                what = '%s %s of %s' % (step[1], step[0], kind.name)
                for raw in (before, seen):
                    if step[2]:
                        answers.is_page(raw, was, what=what)
                    else:
                        equal(like(raw), like(was), what)
            equal(access_log(here)[len(logged):], logged * 2, 'the access log')
    test.__name__ = kind.name.replace(' ', '_') + '_shows_the_page_where_asked_and_else_its_own'
    return test


def descriptors_settled(one):
    """Once connections that have ended are closed there as well."""
    seen = [answers.open_descriptors(one)]
    until('descriptors that stay', lambda: seen.append(answers.open_descriptors(one)) or
          (len(seen) > 20 and len(set(seen[-20:])) == 1))
    return seen[-1]


run(*[whole_sequence(kind) for kind in answers.KINDS])
