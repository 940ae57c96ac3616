# steps.py - scores of the stepper (tests/support/stepper_preload.c), read and judged.
#
# Room: tests.  The layout is that of struct stepper_score.  SPDX-License-Identifier: MIT
import collections
import os
import re
import struct
import subprocess

import harness
from harness import ROOT, check

LIBRARY = os.path.join(harness.BUILD, 'steps', 'libsteps.so')
HEAD, SPOT, SPOTS = '17Q', '11Q', 400
WINDOWS = re.findall(r'^WINDOW\("([^"]+)"',
                     open(os.path.join(ROOT, 'tests/support/stepper_windows.def')).read(), re.M)
BARE = 'crtstuff.o: no rows'
Tally = collections.namedtuple('Tally', 'right truncated wrong')
Spot = collections.namedtuple('Spot', 'pc caller ours unw stop')


class Score:
    def __init__(self, bytes_):
        head = struct.unpack_from(HEAD, bytes_)
        self.steps, self.ours = head[0], Tally(*head[1:4])
        self.beside, self.unw = Tally(*head[4:7]), Tally(*head[7:10])
        self.seeded, self.unknown, self.stale, self.bare = head[10:14]
        self.lost, n_spots, self.spots_lost = head[14:17]
        self.spots = []
        for i in range(n_spots):
            s = struct.unpack_from(SPOT, bytes_, struct.calcsize(HEAD) + i * struct.calcsize(SPOT))
            self.spots.append(Spot(s[0], s[1], Tally(*s[2:5]), Tally(*s[5:8]), s[8]))


def read(path):
    size = struct.calcsize(HEAD) + SPOTS * struct.calcsize(SPOT)
    with open(path, 'rb') as file:
        data = file.read()
    check(len(data) % size == 0, 'the file of scores has', len(data), 'bytes')
    scores = [Score(data[i:i + size]) for i in range(0, len(data), size)]
    return [s for s in scores if s.steps]


class Maps:
    """Which file is mapped where, and what its functions are called."""

    def __init__(self, path):
        self.files = {}
        self.ranges = []
        with open(path) as maps:
            for line in maps:
                part = line.split()
                lo, hi = (int(n, 16) for n in part[0].split('-'))
                if len(part) > 5:
                    self.files.setdefault(part[5], lo)
                    self.ranges.append((lo, hi, part[5]))

    def place(self, pc):
        for lo, hi, file in self.ranges:
            if lo <= pc < hi:
                return file, pc - self.bias(file)
        return None, pc

    def bias(self, file):
        try:
            with open(file, 'rb') as elf:
                fixed = struct.unpack_from('<H', elf.read(20), 16)[0] == 2  # ET_EXEC
        except OSError:
            fixed = False
        return 0 if fixed else self.files[file]

    def function(self, pc):
        file, vaddr = self.place(pc)
        if not file or not os.path.exists(file):
            return '?'
        said = subprocess.run(['llvm-symbolizer', '--no-inlines', '--obj=' + file, hex(vaddr)],
                              capture_output=True, text=True, check=True).stdout
        return said.split('\n')[0] if not said.startswith('?') else \
            '%s+%#x' % (os.path.basename(file), vaddr)


def total(tallies):
    return Tally(*map(sum, zip(*tallies)))


def judge(name, scores, maps):
    """Fails unless every walk is right but in windows; a row of the table."""
    by_function = collections.defaultdict(lambda: [0, 0])
    for score in scores:
        check(not score.lost and not score.spots_lost, name, 'lost', score.lost, score.spots_lost)
        check(not score.unknown and not score.stale, name, 'met', score.unknown, 'unknown modules',
              score.stale, 'stale tables')
        by_function[BARE][0] += score.bare  # frame_dummy and its like
        for spot in score.spots:
            if spot.ours.truncated or spot.ours.wrong:
                function = maps.function(spot.pc)
                by_function[function][0] += spot.ours.truncated
                by_function[function][1] += spot.ours.wrong
    ours, beside, unw = (total([getattr(s, w) for s in scores]) for w in ('ours', 'beside', 'unw'))
    check(by_function[BARE][0] < 100, name, 'has no rows for', dict(by_function))
    if not by_function[BARE][0]:
        del by_function[BARE]
    told = ', '.join('%s %d/%d' % (f, *n) for f, n in sorted(by_function.items()))
    theirs = 'not run: deadlock'
    if sum(unw):
        theirs = '%d / %d / %d; ours then %d' % (*unw, beside.right)
    row = '| %s | %d | %d / %d / %d | %s | %s |' % (
        name, sum(s.steps for s in scores), *ours, theirs, told)
    print(row)
    if os.environ.get('STEPS_TABLE'):
        with open(os.environ['STEPS_TABLE'], 'a') as table:
            table.write(row + '\n')
    stray = [f for f in by_function if not any(f.startswith(w) for w in WINDOWS + [BARE])]
    check(not stray, name, 'is not right in', [(f, by_function[f]) for f in stray][:5])
    check(sum(ours) > 1000, name, 'shows only', sum(ours), 'walks')
    check(ours.right >= 0.99 * sum(ours), name, 'is right in', ours)
    check(beside.right >= unw.right and beside.wrong <= unw.wrong, name, beside, unw)
    return ours
