# burnt.py - how much of the CPU time that handlers burnt their sessions tell, and whether they tell
# of another's.
#
# Room: tests.  A handler measures by its own thread's clock and says it in the answer; where the work
# is native it is done in the function of the id's last digit (tests/hosts/burns.h).
# SPDX-License-Identifier: MIT
import collections
import re

import servers  # first: it knows where the others are
from harness import export, files, place, until
from load import Load
from tally import Tally

MOST = 40  # sessions that are looked at
# sessions; found: of the CPU time that was burnt; samples that are in a function of a route's, and in
# one of another route's.
Burnt = collections.namedtuple('Burnt', 'sessions found own foreign')


class BurningLoad(Load):
    def __init__(self, *args):
        super().__init__(*args, give_up=False)
        self.burnt = {}

    def right(self, name, body):
        said = re.fullmatch(name + r' (\d+)', body)
        if said:
            self.burnt[name] = int(said.group(1))
        return bool(said)


def burning(target):
    """What a server is asked for so that it burns; None: it cannot."""
    if '&steps=' in target:
        return target.replace('b', 'w') if 'b' in target else target + 'w'
    return target + '&steps=w' if target == '/?id=%s' else None


def looked_at(sessions, burnt):
    found_ns = burnt_ns = own = foreign = n = 0
    for session in sessions:
        name = re.search(r'[?&]id=(\w+)', session.target).group(1)
        if name not in burnt:
            continue
        n += 1
        burnt_ns += burnt[name]
        # What one has too much of is not what another lacks.
        found_ns += min(burnt[name], sum(p['cpu_ns'] for p in session.samples + session.waits))
        for sample in session.samples:
            routes = {f['function'] for f in session.stack(sample)
                      if re.fullmatch(r'burn_\d', f['function'])}
            own += bool(routes)
            foreign += bool(routes - {'burn_%d' % (int(name[-1]) % 4)})
    return Burnt(n, found_ns / burnt_ns if burnt_ns else 0, own, foreign)


def measure(start, target, connections, seconds):
    """What MOST sessions of one server tell, and the load."""
    with place() as here:
        tally = Tally(here.file('tally'), {
            'REQPROF_KEEP': '5000', 'REQPROF_INTERVAL': '1ms',
            'TRUTH_BURNS': servers.hosts.built('burns.so')})
        with start(here, tally) as port:
            load = BurningLoad(port, burning(target), connections, seconds).run()
            until('the last session', lambda: not files(here.sessions, 'part'))
        found = files(here.sessions)
        return looked_at(map(export, found[::len(found) // MOST + 1]), load.burnt), load
