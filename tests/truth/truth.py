#!/usr/bin/env python3
# truth.py [-s SECONDS] [-c N,N,...] [-f N] [-lpw] [WORD...] - for each server (those whose name has a WORD):
# how often the shim knew right, wrong or not at all for which flagged request a thread worked; how
# much of the CPU time that handlers burnt their sessions tell, and how many samples of another's.
#
# Room: tests.  -f: only the first flagged request of each of N processes that are busy with others,
# unflagged ones; -p: by place, too; -w: with REQPROF_SLOW, so that every request is followed; -l: what
# late binding would have said of what was nobody's (late.h).
# SPDX-License-Identifier: MIT
import argparse
import collections
import sys

import burnt
import servers
from harness import Skip, place
from load import Load, first
from tally import Tally, total

USUAL = '1,8,64'
FIRST_S = 0.8
HEAD = '%-28s %6s %6s %6s %8s%8s%9s%9s'


def measure(start, target, connections, seconds, more=(), enough=0, only=lambda kind: kind):
    """The counts by place of one server under one load, what was wrong, and the load; MORE of its
    environment.  ENOUGH answers: see Load.  ONLY: load.first."""
    with place() as here:
        tally = Tally(here.file('tally'), more)
        with start(here, tally) as port:
            kind = only(getattr(start, 'load', Load))
            load = kind(port, target, connections, seconds, enough).run()
        load.late = tally.late()
        return (*tally.read(), load)


def share(n, all_of):
    return '%6.2f' % (100 * n / all_of) if all_of else '     -'


def line(name, counts, more=''):
    known = counts['right'] + counts['wrong'] + counts['none']
    print('%-28s %s %s %s %8d%s' % (name, share(counts['right'], known),
                                    share(counts['wrong'], known), share(counts['none'], known),
                                    known, more), flush=True)


def by_place(places, wrongs):
    for where in sorted(places):
        n = places[where]
        line('    ' + where, n, '  %d of others, %d of them known' % (n['plain'] + n['own'],
                                                                      n['own']))
    for wrong in wrongs[:8]:
        print('    wrong at %s: %s, believed %s' % wrong)


def by_touch(said, never, wrongs):
    """What late binding would have said of what was nobody's (late.h): wrong/right."""
    for key, n in said.items():
        print('    late: %-6s since %-6s %-15s ' % key + '%d/%d, no mutex %d/%d, alone %d/%d' % n)
    rest = ['%d of a %s' % (n, who) for who, n in never.items() if n]
    print('    late: never said', ', '.join(rest) or 'none')
    for wrong in wrongs[:4]:
        print('    late: wrong since %s, %s: %s, believed %s' % wrong)


def show(name, asked, connections, args):
    """True when nothing was wrong."""
    more = {'REQPROF_SLOW': '1000s'} if args.watched else {}
    if args.late:
        more['REQPROF_TRUTH_LATE'] = '1'
    try:
        places, wrongs, load = measure(*asked, connections, args.seconds, more)
    except Skip as skip:
        print('%-28s SKIP %s' % (name, skip))
        return True
    counts = total(places)
    more, bad, foreign = '', list(load.bad), 0
    if burnt.burning(asked[1]) and not args.watched and not hasattr(asked[0], 'load'):
        told, load_burnt = burnt.measure(*asked, connections, args.seconds)
        bad += load_burnt.bad
        foreign = told.foreign
        more = '%9.1f%9s' % (100 * told.found, '%d/%d' % (foreign, told.own) if told.own else '-')
    if bad:
        more += '  %d bad answers: %s' % (len(bad), bad[0])
    line('%s @%d' % (name, connections), counts, '%8d%s' % (load.answers, more))
    if args.places:
        by_place(places, wrongs)
    if args.late:
        by_touch(*load.late)
    return not counts['wrong'] and not foreign and not bad


def measure_first(start, target, connections, processes, more=()):
    """The counts by place of the first flagged requests of so many PROCESSES; what was wrong."""
    all_places, all_wrongs = collections.defaultdict(collections.Counter), []
    for _ in range(processes):
        places, wrongs, load = measure(start, target, connections, FIRST_S, more, only=first)
        all_wrongs += wrongs + load.bad
        for where, n in places.items():
            all_places[where] += n
    return all_places, all_wrongs


def show_first(name, asked, connections, args):
    """The same as show()."""
    try:
        places, wrongs = measure_first(*asked, connections, args.first)
    except Skip as skip:
        print('%-28s SKIP %s' % (name, skip))
        return True
    line('%s @%d' % (name, connections), total(places))
    if args.places:
        by_place(places, wrongs)
    return not wrongs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('-s', dest='seconds', type=float, default=2)
    parser.add_argument('-c', dest='connections', default=USUAL)
    parser.add_argument('-f', dest='first', type=int, default=0, metavar='PROCESSES')
    parser.add_argument('-p', dest='places', action='store_true')
    parser.add_argument('-l', dest='late', action='store_true')
    parser.add_argument('-w', dest='watched', action='store_true')
    parser.add_argument('words', nargs='*')
    args = parser.parse_args()
    print(HEAD % ('server @connections', 'right', 'wrong', 'none', 'beacons', 'answers', 'own CPU', 'foreign'))
    good = True
    for name, start, target, _ in servers.ALL:
        if args.words and not any(word in name for word in args.words):
            continue
        for n in map(int, args.connections.split(',')):
            good &= (show_first if args.first else show)(name, (start, target), n, args)
    sys.exit(not good)


if __name__ == '__main__':
    main()
