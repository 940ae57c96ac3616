# slow.py - what must hold of requests whose time is known: they sleep, burn, run side by side.
#
# Room: tests.  The server's own words are the truth; no time is asserted tightly.
# SPDX-License-Identifier: MIT
import re
import threading

from harness import ask, body_of, check, equal, sessions


def all_at_once(port, targets):
    """The answers to TARGETS, each asked on a connection of its own at the same time."""
    got = [None] * len(targets)

    def one(i):
        got[i] = ask(port, targets[i], close=True)
    askers = [threading.Thread(target=one, args=(i,)) for i in range(len(targets))]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    check(None not in got, 'not every request was answered')
    return got


def told_ns(raw, word='burnt'):
    """The seconds after WORD in an answer, as ns."""
    return int(float(re.search(word.encode() + rb' ([0-9.]+)', body_of(raw)).group(1)) * 1e9)


def sleep_and_burn_are_told(here, port, target='/slow', kinds=('sleep',), asked=ask):
    """One flagged request that sleeps 0.3 s and then burns what it says; ASKED(...): as ask.  On a busy machine a sleep
    until a deadline (CPython) begins late and is shorter by that."""
    raw = asked(port, target + '?profile=1', close=True)
    burnt = told_ns(raw)
    s, = sessions(here.sessions, 1)
    waits = [w for w in s.waits if w['kind'] in kinds and w['span_ns'] >= 200e6]
    equal(len(waits), 1, 'the number of long waits among %s'
          % [(w['kind'], w['object'], w['span_ns']) for w in s.waits])
    check(s.account['cpu_ns'] >= 0.9 * burnt, 'the CPU time', s.account['cpu_ns'],
          'is less than what the server burnt,', burnt)
    check(s.account['cpu_ns'] <= 2 * burnt + 50e6, 'the CPU time', s.account['cpu_ns'],
          'is far more than what the server burnt,', burnt, s.account, s.told['counters'])
    sampled = sum(p['cpu_ns'] for p in s.samples)
    check(sampled >= 0.8 * burnt, 'the samples hold', sampled, 'ns of CPU of', burnt)
    check(s.account['duration_ns'] >= 290e6 + burnt, 'it is over too early', s.account)
    return s


def in_library(part):
    return lambda function: part in (function['module'] or '')


def four_at_once_keep_apart(here, port, zlib='/zlib', sha='/sha'):
    """Two requests burn in zlib and two in libcrypto, at once; no frame is in the wrong session."""
    targets = ['%s?n=%d' % (path, i) for i, path in enumerate([zlib, sha, zlib, sha])]
    raws = all_at_once(port, [t + '&profile=1' for t in targets])
    found = {s.target: s for s in sessions(here.sessions, 4)}
    equal(sorted(found), sorted(targets), 'the targets')
    for target, raw in zip(targets, raws):
        s, own, foreign = found[target], 'libz.', 'libcrypto.'
        if target.startswith(sha):
            own, foreign = foreign, own
        equal(s.request['bytes_out'], len(raw), target + ': bytes_out')
        equal(s.ns_in(in_library(foreign)), 0, target + ': time in ' + foreign)
        inside = sum(p['cpu_ns'] for p in s.samples
                     if any(map(in_library(own), s.stack(p))))
        check(inside >= 0.85 * told_ns(raw), target, 'has', inside, 'ns of CPU in', own, 'of',
              told_ns(raw))
