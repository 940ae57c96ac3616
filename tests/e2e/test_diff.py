#!/usr/bin/env python3
# test_diff.py - two versions of a server that differ in one function: found and named; two of the same:
# no significant change.
#
# Room: tests.  The versions take turns, so that whatever else the machine does meets all of them
# alike.  REQPROF_AA=20 makes 20 comparisons of the same version, one set after the other.
# SPDX-License-Identifier: MIT
import contextlib
import os
import subprocess

import harness
from harness import check, equal, files, place, run, server, until

TWIN = os.path.join(harness.BUILD, 'hosts/twin')
N = 30
MOST = 4 * N  # where a busy machine hides it from fewer
SLOWER = 8  # percent
SURE = ('--confidence', '99.9%')  # a test that fails once in a hundred times is no test


def rounds():
    """How much work the host does; all versions must do the same."""
    with subprocess.Popen([TWIN, '0'], stdout=subprocess.PIPE, text=True) as host:
        said = host.stdout.readline()
        host.terminate()
    return said.split()[1]


@contextlib.contextmanager
def versions(work, *percents):
    """A server for each of PERCENTS, all running; (place, port) of each."""
    with contextlib.ExitStack() as stack:
        made = []
        for percent in percents:
            here, port = stack.enter_context(place()), harness.free_port()
            stack.enter_context(server(here, [TWIN, str(port), work, str(percent)], port))
            made.append((here, port))
        yield made


def ask(port, n=1):
    for _ in range(n):
        harness.ask(port, '/page', headers=['X-Reqprof: save'], close=True)


def grown(n, *made):
    """The folders of sessions, when each has N."""
    for here, _ in made:
        until('the sessions', lambda h=here: len(files(h.sessions)) == n)
    return [here.sessions for here, _ in made]


def settled(*made):
    """The folders of sessions, each with N of them and without the first, which met cold caches."""
    grown(N + 1, *made)
    for here, _ in made:
        os.remove(files(here.sessions)[0])
    return [here.sessions for here, _ in made]


def diff(*args):
    return subprocess.run([harness.TOOL, 'diff', *args], capture_output=True, text=True,
                          check=False)


def of_verdict(told, verdict):
    return [f['function'] for f in told['functions'] if f['verdict'] == verdict]


def in_turns(made):
    """N requests of each, and more where that does not show what MADE differ by."""
    for _, port in made:
        ask(port)
    for n in range(N, MOST + 1, N):
        for _ in range(N):
            for _, port in made:
                ask(port)
        sets = settled(*made) if n == N else grown(n, *made)
        told = harness.tool('diff', *SURE, sets[0], sets[-1])
        if of_verdict(told, 'slower'):
            break
    return sets, told


def a_planted_regression_is_found_and_named_and_the_same_version_is_not():
    with versions(rounds(), 0, 0, SLOWER) as made:
        (before, again, after), told = in_turns(made)
        equal(of_verdict(told, 'slower'), ['assemble'])
        equal(of_verdict(told, 'faster'), [])
        assemble, = [f for f in told['functions'] if f['function'] == 'assemble']
        check(0.05 < assemble['after_ns'] / assemble['before_ns'] - 1 < 0.11, assemble)
        check(assemble['low_ns'] < 0.08 * assemble['before_ns'] < assemble['high_ns'], assemble)
        equal((assemble['clock'], told['recorded_in_turns']), ('cpu', True))
        said = diff(*SURE, before, after)
        equal(said.returncode, 0)
        check('slower: assemble +' in said.stdout, said.stdout)
        failed = diff(*SURE, '--fail-if-slower', '5%', before, after)
        equal(failed.returncode, 1)
        check('assemble is slower by' in failed.stderr, failed.stderr)
        equal(diff(*SURE, '--fail-if-slower', '20%', before, after).returncode, 0)

        same = diff(*SURE, '--fail-if-slower', '0%', before, again)
        equal((same.returncode, same.stderr), (0, ''), same.stdout)
        check('\nno significant change\n' in same.stdout, same.stdout)
        equal(harness.tool('diff', *SURE, before, again)['verdict'], 'no significant change')


def sets_can_be_told_by_tag_and_must_be_two():
    with versions(rounds(), 0) as ((here, port),):
        for i in range(6):
            harness.ask(port, '/page', headers=['X-Reqprof: save; tag=' + 'ab'[i % 2]])
        until('the sessions', lambda: len(files(here.sessions)) == 6)
        few = diff(here.sessions + ',tag=a', here.sessions + ',tag=b')
        equal(few.returncode, 0, few.stderr)
        check('3 and 3 requests are too few' in few.stdout, few.stdout)
        equal(diff(here.sessions + ',tag=a', here.sessions + ',tag=b',
                   '--fail-if-slower=5%').returncode, 2)
        for words, why in (([here.sessions], 'two sets'),
                           ([here.sessions + ',tag=a', here.sessions + ',tag=a'],
                            'nothing to compare'),
                           ([here.sessions, here.sessions + ',tag=c'], 'no session is of the kind'),
                           ([here.sessions, here.sessions, '--fail-if-slower', 'much'],
                            "such as 5%, not 'much'"),
                           ([here.sessions, here.sessions, '--cpu', '--wall'], 'exclude')):
            refused = diff(*words)
            check(refused.returncode in (1, 2) and why in refused.stderr, words, refused.stderr)


def the_same_version_twenty_times_is_hardly_ever_slower():
    work, alarms, n = rounds(), [], int(os.environ['REQPROF_AA'])
    for _ in range(n):
        with contextlib.ExitStack() as stack:
            sets = []
            for _ in range(2):
                made, = stack.enter_context(versions(work, 0))
                ask(made[1], N + 1)
                sets += settled(made)
            told = harness.tool('diff', *sets)
            if told['verdict'] != 'no significant change':
                alarms.append([(r.get('name') or r['function'], r['before_ns'], r['after_ns'])
                               for r in told['account'] + told['functions']
                               if r['verdict'] in ('slower', 'faster')])
    print('%d of %d: %s' % (len(alarms), n, alarms))
    check(len(alarms) * 20 <= n, alarms)


tests = [a_planted_regression_is_found_and_named_and_the_same_version_is_not,
         sets_can_be_told_by_tag_and_must_be_two]
if 'REQPROF_AA' in os.environ:
    tests = [the_same_version_twenty_times_is_hardly_ever_slower]
run(*tests)
