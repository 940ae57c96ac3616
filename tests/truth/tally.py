# tally.py - the file in which tests/truth/beacon.c counts.
#
# Room: tests.  SPDX-License-Identifier: MIT
import collections
import itertools
import os
import struct

N_ROWS, N_WRONGS, NAME = 32, 64, 24
VERDICTS = ('right', 'wrong', 'none', 'plain', 'late', 'own')
ROW = struct.Struct('<I20s6Q')
WRONG = struct.Struct('<24s24s24s')
LATE_AT = N_ROWS * ROW.size + 8 + N_WRONGS * WRONG.size
# late.h
WHOS = ('thread', 'loop', 'told')
FROMS = ('begin', 'events', 'cond', 'sem', 'futex', 'pipe', 'other', 'left')
TOUCHES = ('reads', 'answers', 'answers in turn', 'hears', 'asks', 'carried')
LATE = struct.Struct('<%dQ' % (len(WHOS) * len(FROMS) * len(TOUCHES) * 6 + len(WHOS)))
LATE_WRONG = struct.Struct('<2I24s24s')
SIZE = LATE_AT + LATE.size + 16 * LATE_WRONG.size + 8


def text(raw):
    return raw.split(b'\0')[0].decode()


class Tally:
    """PATH made anew; `env`: what makes a server count there, and MORE of it."""

    def __init__(self, path, more=()):
        self.path = path
        with open(path, 'wb') as out:
            out.write(bytes(SIZE))
        os.chmod(path, 0o666)
        self.env = {'REQPROF_TRUTH': path, **dict(more)}

    def clear(self):
        with open(self.path, 'r+b') as out:
            out.write(bytes(SIZE))

    def read(self):
        """The counts by place, and the last wrong answers: (place, truth, belief)."""
        with open(self.path, 'rb') as file:
            raw = file.read()
        places = {}
        for i in range(N_ROWS):
            taken, place, *n = ROW.unpack_from(raw, i * ROW.size)
            if taken:
                places[text(place)] = collections.Counter(dict(zip(VERDICTS, n)))
        at = N_ROWS * ROW.size
        n_wrongs = min(struct.unpack_from('<Q', raw, at)[0], N_WRONGS)
        wrongs = [tuple(map(text, WRONG.unpack_from(raw, at + 8 + i * WRONG.size)))
                  for i in range(n_wrongs)]
        return places, wrongs

    def late(self):
        """What late binding would have said: {(who, since what, touched how): (wrong, right, and
        the same where no mutex was let go, and where nobody else was touched)}, {who: never said},
        and some that were wrong."""
        with open(self.path, 'rb') as file:
            raw = file.read()
        n = LATE.unpack_from(raw, LATE_AT)
        keys = itertools.product(WHOS, FROMS, TOUCHES)
        said = {key: n[6 * i:6 * i + 6] for i, key in enumerate(keys) if any(n[6 * i:6 * i + 6])}
        wrongs = []
        for i in range(16):
            at, touch, truth, belief = LATE_WRONG.unpack_from(
                raw, LATE_AT + LATE.size + i * LATE_WRONG.size)
            if truth[0]:
                wrongs.append((FROMS[at], TOUCHES[touch], text(truth), text(belief)))
        return said, dict(zip(WHOS, n[-len(WHOS):])), wrongs


def total(places):
    return sum(places.values(), collections.Counter())
