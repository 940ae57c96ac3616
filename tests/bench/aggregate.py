#!/usr/bin/env python3
# aggregate.py BUILD - a million samples of 40 frames from three files of the same content: who turns
# them into a page or a table, in how much CPU time and memory.  Lines for stats.py.
#
# Peers are those on the PATH: inferno-flamegraph, flamegraph.pl, pprof (or `go tool pprof`).
# Room: tests.  SPDX-License-Identifier: MIT
import os
import shutil
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(sys.argv[1])
N = int(os.environ.get('REQPROF_SAMPLES', '1000000'))
SLOW = 10  # seconds: whoever takes longer is measured once
ROUNDS = 5


def spent(words, folder):
    """(CPU seconds, peak MiB) of WORDS, whose output goes to a file."""
    with open(os.path.join(folder, 'out'), 'wb') as out:
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.DEVNULL, cwd=folder)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit('aggregate.py: %s ended with %d' % (words[0], child.returncode))
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def peers():
    """(name, what of ours does the same, words) of those that are installed."""
    if shutil.which('inferno-flamegraph'):
        yield 'inferno-flamegraph', 'html', ['inferno-flamegraph', 'samples.folded']
    if shutil.which('flamegraph.pl'):
        yield 'flamegraph.pl', 'html', ['flamegraph.pl', 'samples.folded']
    if shutil.which('pprof') or shutil.which('go'):
        pprof = ['pprof'] if shutil.which('pprof') else ['go', 'tool', 'pprof']
        yield 'pprof -top', 'flat', [*pprof, '-top', 'samples.pb']


def say(name, how, unit, goal, *numbers):
    print('\t'.join([name, how, unit, goal, *('%.3f' % n for n in numbers)]), flush=True)


def main():
    ours = {verb: [os.path.join(BUILD, 'reqprof'), *words, '--no-cache', 'samples.reqprof']
            for verb, words in (('html', ['html', '--no-source', '-o', 'page.html']),
                                ('flat', ['flat']))}
    with tempfile.TemporaryDirectory(prefix='reqprof-bench-') as folder:
        subprocess.run([os.path.join(BUILD, 'bench', 'bench_aggregate'), folder, str(N)],
                       check=True)
        for verb, words in ours.items():
            spent(words, folder)  # the page cache is warm for all
            for _ in range(ROUNDS):
                cpu, memory = spent(words, folder)
                say('reqprof %s, CPU' % verb, 'value', 's', '-', cpu)
                say('reqprof %s, memory' % verb, 'value', 'MiB', '-', memory)
        for name, verb, words in peers():
            for _ in range(ROUNDS):
                theirs, memory = spent(words, folder)
                cpu, _ = spent(ours[verb], folder)
                say('%s / reqprof %s, CPU' % (name, verb), 'ratio', '', '>=5', theirs, cpu)
                say('%s, memory' % name, 'value', 'MiB', '-', memory)
                if theirs > SLOW:
                    break


main()
