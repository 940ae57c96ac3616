#!/usr/bin/env python3
# test_storm.py - libraries come and go in four threads, at each other's addresses: no stack shows
# one that was not there, and hardly any is lost.
#
# Room: tests.  20 seconds; STORM_SECONDS=600 (make soak) goes on for longer.  Each stack says what
# must be on it (tests/hosts/lib/storm_host.c).  SPDX-License-Identifier: MIT
import collections
import os
import re
import time

import harness
import hosts
from harness import ask, check, files, free_port, place, run, server, until

SECONDS = float(os.environ.get('STORM_SECONDS', 20))
REQUEST_MS = 800
LIBRARIES = 12
CHAIN = ['enter', 'outer', 'middle', 'leaf']
PLAY = re.compile(r'play_(\d+)$')
STORM = re.compile(r'storm_(\d+)_(outer|middle|leaf)$')
ANSWER = re.compile(r'opens=(\d+) reuses=(\d+) runs=(\d+)\n')


def flags(k):
    """One library in three is not to be known again by its build-id."""
    return hosts.LIBRARY + ['-DLIB=%d' % k] + (['-Wl,--build-id=none'] if k % 3 == 2 else [])


hosts.PARTS.update({'storms/storm_%d.so' % k: ('storm_library.c', flags(k))
                    for k in range(LIBRARIES)})
hosts.PARTS['storm_host'] = ('storm_host.c', ['-rdynamic'])


def steps(stack):
    """The frames of STACK, root first, that say something: (library, step), the host's own word
    being ('play', K) and None for a frame that cannot be there at all."""
    said = []
    for frame in stack:
        name, module = frame['function'], os.path.basename(frame.get('module') or '')
        play, storm = PLAY.match(name), STORM.match(name)
        library = re.match(r'storm_(\d+)\.so', module)
        if play:
            said.append(('play', int(play[1])))
        elif storm:
            said.append((int(storm[1]), storm[2]))
            check(not library or library[1] == storm[1], name, 'in', module)
        elif name == 'storm_enter' and library:
            said.append((int(library[1]), 'enter'))
    return said


def judge(stack):
    """'whole', 'cut' or 'other', or else what is wrong with STACK."""
    said = steps(stack)
    cut = stack[0]['function'].startswith('[truncated')
    converting = [f['module'] for f in stack if '/gconv/' in (f.get('module') or '')]
    if any(m.endswith('.cache') for m in converting):
        return 'data as code'
    if converting and not cut and 'convert_main' not in [f['function'] for f in stack]:
        return 'a converter that nobody uses'
    inside = [s for s in said if s[0] != 'play']
    played = [s[1] for s in said if s[0] == 'play']
    if len(played) > 1 or (played and said[0][0] != 'play'):
        return 'play is not outermost'
    if not inside:
        return 'other'
    if len({s[0] for s in inside}) != 1:
        return 'frames of two libraries'
    if played and played[0] != inside[0][0]:
        return 'a library that was not called'
    names = [s[1] for s in inside]
    if names == CHAIN[:2] + CHAIN[3:]:  # outer calls leaf, too
        names = CHAIN
    starts = range(len(CHAIN)) if cut and not played else [0]
    paths = [CHAIN, CHAIN[:2] + CHAIN[3:]]
    if not any(names == path[s:s + len(names)] for path in paths for s in starts):
        return 'no such chain of calls'
    if not played and not cut:
        return 'nobody called the library'
    return 'whole' if played else 'cut'


def judge_all(session, counts):
    for point in session.samples:
        stack = session.stack(point)
        verdict = judge(stack)
        counts[verdict] += 1
        if verdict not in ('whole', 'cut', 'other') and counts['shown'] < 5:
            counts['shown'] += 1
            print(verdict + ':', ' > '.join(f['function'] for f in stack))
    counts['samples'] += len(session.samples)
    counts['truncated'] += len(session.truncated())
    for name, n in session.lost.items():
        counts['lost:' + name] += n


def a_stack_shows_no_library_that_was_not_there():
    for k in range(LIBRARIES):
        folder = os.path.dirname(hosts.built('storms/storm_%d.so' % k))
    program, port, counts = hosts.built('storm_host'), free_port(), collections.Counter()
    with place() as here:
        env = {'REQPROF_INTERVAL': '50us', 'REQPROF_KEEP': '20'}
        with server(here, [program, str(port), folder], port, env=env) as host:
            end, seen = time.monotonic() + SECONDS, set()
            while time.monotonic() < end:
                raw = ask(port, '/storm/%d' % REQUEST_MS, headers=['X-Reqprof: save'], close=True)
                told = ANSWER.search(raw.decode())
                check(told, 'the host answers', raw[:200])
                new = until('the session', lambda: set(files(here.sessions)) - seen, 20)
                seen |= new
                for path in new:
                    judge_all(harness.export(path), counts)
            check(not host.ended(), 'the host ended')
        said = here.said()
    opens, reuses, runs = (int(n) for n in told.groups())
    print('%d dlopens, %d at an address of another library, %d runs; %s'
          % (opens, reuses, runs, dict(counts)))
    check(not said, 'the log says', said)
    check(reuses > 100, 'only', reuses, 'of', opens, 'addresses were used again')
    check(counts['whole'] > 100, 'only', counts['whole'], 'whole stacks in libraries')
    lost = counts['lost:track_full']
    check(lost * 20 <= counts['samples'], lost, 'stacks were lost for', counts['samples'])
    wrong = {k: n for k, n in counts.items() if ' ' in k and ':' not in k}
    check(not wrong, 'wrong stacks:', wrong)


run(a_stack_shows_no_library_that_was_not_there)
