#!/usr/bin/env python3
# test_truth.py - a slice of `make truth`: under load no thread is ever said to work for a request
# that it does not work for, and where we claim to know, we do.
#
# Room: tests.  SPDX-License-Identifier: MIT
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                'truth'))
import burnt
import servers
from harness import check, equal, run
from tally import total
from truth import measure, measure_first

SECONDS, CONNECTIONS = 0.7, 8
# On a busy machine a queue may never be empty, and nothing is known; and the few requests of a time
# may all be those by which the shim learns how a server works.  Then there are more of them.
EASIER = ((CONNECTIONS, 0), (4, 2000), (2, 2000))


def measured(name, more=(), connections=CONNECTIONS, enough=0):
    """The counts by place of one server, none of them wrong, and no answer either; MORE of its
    environment."""
    asked, = [rest for found, *rest in servers.ALL if found == name]
    places, wrongs, load = measure(*asked[:2], connections, SECONDS, more, enough)
    equal(load.bad[:3], [], 'bad answers')
    equal(wrongs, [], '(place, whose it was, whose we said)')
    check(load.answers > 20, 'only', load.answers, 'answers')
    return places, asked[2]


def too_few(places, claimed):
    """Where fewer are known than claimed."""
    few = []
    for claim in claimed.split():
        place, _, share = claim.partition('=')
        n = places[place]
        known = n['right'] + n['none']
        check(known, 'nobody was at', place)
        if n['right'] < float(share or 97) / 100 * known:
            few.append((place, n['right'], 'of', known))
    return few


def holds(name):
    def test():
        for connections, enough in EASIER:
            few = too_few(*measured(name, connections=connections, enough=enough))
            if not few:
                return
        check(not few, 'known at', few)
    test.__name__ = 'under load ' + name + ' is never wrong and knows what is claimed'
    return test


def holds_alone(name):
    """Beside nobody more is believed."""
    def test():
        measured(name, connections=1)
    test.__name__ = 'one request at a time ' + name + ' is never wrong'
    return test


def begins(name, connections):
    """The first flagged request of a busy server is known as well."""
    def test():
        asked, = [rest for found, *rest in servers.ALL if found == name]
        for _ in EASIER:
            places, wrongs = measure_first(*asked[:2], connections, 3)
            equal(wrongs, [], '(place, whose it was, whose we said)')
            n = total(places)
            if n['right'] > n['none']:
                return
        check(n['right'] > n['none'], places)
    test.__name__ = 'the first flagged request of ' + name + ' is known'
    return test


def watches(name, where):
    """Requests that nobody flagged are followed no less truly; at WHERE nearly all are known."""
    def test():
        places, _ = measured(name, {'REQPROF_SLOW': '1000s'})
        n = places[where]
        check(n['own'] > 20, 'at', where, n)
        check(n['own'] >= 0.9 * (n['own'] + n['plain']), 'at', where, 'unflagged and known', n)
    test.__name__ = 'all watched ' + name + ' is never wrong and knows what others do'
    return test


def a_handler_that_lies_is_caught():
    places, wrongs, _ = measure(servers.own('truth_threads', 'each'), servers.IDS % 'x', 2, 0.3)
    check(places['lie']['wrong'] > 0, 'nothing is wrong at the lie:', places)
    check(all(place == 'lie' for place, *_ in wrongs), 'wrong elsewhere:', wrongs)


def burns(name):
    def test():
        asked, = [rest for found, *rest in servers.ALL if found == name]
        for connections, _ in EASIER:
            told, load = burnt.measure(*asked[:2], connections, SECONDS)
            equal(load.bad[:3], [], 'bad answers')
            equal(told.foreign, 0, 'samples of another route')
            check(told.sessions, 'no session')
            if told.found >= 0.95:
                return
        check(told.found >= 0.95, told)
    test.__name__ = 'sessions of ' + name + ' tell what it burnt and nothing of others'
    return test


def work_for_another_is_caught():
    told, _ = burnt.measure(servers.own('truth_threads', 'each'), servers.IDS % 'x', 2, 0.3)
    check(told.foreign > 0, 'none of', told)


BURNING = ['php-fpm', 'C thread each', 'gunicorn gthread', 'uvicorn asyncio, all']
FIRST = {'nginx proxy': 8, 'C loop, upstream': 2, 'C coroutines that read, all': 8,
         'node, upstream': 8, 'uvicorn asyncio, all': 8, 'uvicorn uvloop, all': 8}
ALONE = ['C loop, unseen', 'C loop, tasks after']
WATCHED = {'nginx proxy': 'start', 'C thread each': 'upstream', 'gunicorn gthread': 'start'}
run(a_handler_that_lies_is_caught, work_for_another_is_caught, *map(holds, servers.SLICE),
    *map(holds_alone, ALONE),
    *map(burns, BURNING), *(begins(*one) for one in FIRST.items()),
    *(watches(*one) for one in WATCHED.items()))
