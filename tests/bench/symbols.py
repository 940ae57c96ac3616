#!/usr/bin/env python3
"""symbols.py [BUILD] [ROUNDS [MODULE...]] - names for the same addresses by us, addr2line and
llvm-symbolizer: demangled, same form of output, interleaved; medians of wall time and peak memory
for each module of symbols_food.sh, and for all together with what is asked of it.
SPDX-License-Identifier: MIT
"""
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SETS = (('all', 100000), ('hot', 3000))
PEERS = {
    'addr2line': ['addr2line', '-a', '-i', '-f', '-C', '-e'],
    'llvm': ['llvm-symbolizer', '-i', '-C', '-f', '--output-style=GNU', '-a', '-e'],
}
GOALS = {'addr2line': 5.0, 'llvm': 2.0}  # times faster on the whole


def food(folder, wanted):
    out = subprocess.run([HERE + '/symbols_food.sh', folder], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    modules = [line.split('\t') for line in out.splitlines()]
    return [m for m in modules if not wanted or m[0] in wanted]


class Bench:
    def __init__(self, build, rounds, folder):
        self.bin, self.rounds, self.folder = build + '/bench/', rounds, folder
        self.tools = dict(PEERS, ours=[self.bin + 'bench_symbols'])

    def run(self, tool, path, addresses):
        out = subprocess.run(
            [self.bin + 'bench_spawn', addresses, self.folder + '/out', *self.tools[tool], path],
            check=True, text=True, stdout=subprocess.PIPE).stdout.split()
        return float(out[0]), float(out[1]), int(out[2])

    def measure(self, path, which, n):
        """{tool: (median wall, median CPU, largest memory)}"""
        addresses = self.folder + '/addresses'
        with open(addresses, 'w', encoding='ascii') as out:
            subprocess.run([self.bin + 'bench_symbols', path, which, str(n)], check=True,
                           stdout=out)
        runs = {tool: [] for tool in self.tools}
        for turn in range(self.rounds + 1):
            for tool in self.tools:
                took = self.run(tool, path, addresses)
                if turn:  # the first one fills the page cache
                    runs[tool].append(took)
        return {tool: (statistics.median(r[0] for r in took),
                       statistics.median(r[1] for r in took),
                       max(r[2] for r in took)) for tool, took in runs.items()}


def say(name, which, took):
    ours = took['ours']
    print('%-11s %-4s' % (name, which), end='')
    for tool in ('ours', *PEERS):
        print(' %9.1f %5.0f' % (took[tool][0], took[tool][2] / 1024), end='')
        if tool != 'ours':
            print(' %6.2fx' % (took[tool][0] / ours[0]), end='')
    print(flush=True)


def verdict(what, holds):
    print('%-64s %s' % (what, 'met' if holds else 'missed'))


def judge(rows):
    for which, n in SETS:
        total = {tool: sum(took[tool][0] for _, w, took in rows if w == which)
                 for tool in ('ours', *PEERS)}
        for tool, goal in GOALS.items():
            ratio = total[tool] / total['ours']
            verdict('%d addresses each, all modules: %.2f times as fast as %s, goal %.0f'
                    % (n, ratio, tool, goal), ratio >= goal)
    for tool in PEERS:
        slow = ['%s/%s' % (name, w) for name, w, took in rows if took['ours'][0] > took[tool][0]]
        verdict('never slower than %s%s' % (tool, ': ' + ', '.join(slow) if slow else ''), not slow)
        big = ['%s/%s' % (name, w) for name, w, took in rows if took['ours'][2] > took[tool][2]]
        verdict('never more memory than %s%s' % (tool, ': ' + ', '.join(big) if big else ''), not big)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else 'build'
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    modules = food(os.environ.get('SYMFOOD', 'build/symfood'), sys.argv[3:])
    rows = []
    print('load %s; milliseconds and MiB, medians of %d rounds' % (os.getloadavg()[0], rounds))
    print('%-16s %15s %23s %23s' % ('', 'ours', 'addr2line', 'llvm-symbolizer'))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(build, rounds, folder)
        for name, path in modules:
            for which, n in SETS:
                took = bench.measure(path, which, n)
                rows.append((name, which, took))
                say(name, which, took)
    judge(rows)


if __name__ == '__main__':
    main()
