#!/usr/bin/env python3
"""symbols_agree.py [BUILD [N [MODULE...]]] - our frames against those of an independent reader
(gimli's addr2line, tests/agree) on N random addresses inside functions of each module of
symbols_food.sh: function, file, line and the whole chain of copies.  Counts each way to differ, and
keeps every difference in BUILD/agree/MODULE.
SPDX-License-Identifier: MIT
"""
import collections
import os
import re
import shutil
import subprocess
import sys

from symbols import HERE, food

GOAL = 99.9
# What compilers append to the symbol of a clone; the source name is the same.
CLONE = re.compile(r'(\.(cold|part|isra|constprop|lto_priv|llvm|warm|localalias)(\.\d+)*|\.\d+)+$'
                   r'|( \[clone [^]]*\])+$')


def build_reader(folder):
    """Its program, or None with the reason said."""
    if not shutil.which('cargo'):
        print('SKIP no cargo here')
        return None
    shutil.copytree(HERE + '/../agree', folder + '/reader', dirs_exist_ok=True)
    done = subprocess.run(['cargo', 'build', '--release', '--quiet'], cwd=folder + '/reader',
                          check=False)
    if done.returncode:
        print('SKIP cargo could not build tests/agree (its crates come from the network)')
        return None
    return folder + '/reader/target/release/agree'


def frames_of(command, addresses):
    """[[(function, file, line), ...] for each address]"""
    out = subprocess.run(command, input=addresses, stdout=subprocess.PIPE, check=True,
                         stderr=subprocess.DEVNULL).stdout.decode(errors='replace')
    answers, lines = [], iter(out.split('\n'))
    for line in lines:
        if re.fullmatch('0x[0-9a-f]{16}', line):
            answers.append([])
        elif line:
            file, _, number = next(lines).rpartition(':')
            file = file if file == '??' else os.path.normpath(file)
            answers[-1].append((line, file, int(number)))
    return answers


def demangle(answers):
    """By the same library as ours: how names are spelled is not the question here."""
    names = sorted({f[0] for a in answers for f in a})
    plain = subprocess.run(['c++filt', '-i'], input='\n'.join(names), text=True, check=True,
                           stdout=subprocess.PIPE).stdout.split('\n')
    table = dict(zip(names, plain))
    return [[(table[f[0]] if f[0].startswith(('_Z', '_R')) else f[0], *f[1:]) for f in a]
            for a in answers]


def bare(name):
    """The function alone, as DW_AT_name has it: no scope, arguments, template arguments."""
    name = name.replace('(anonymous namespace)', '')
    name = re.sub(r'operator ?(\(\)|\[\]|<=>|<<=?|>>=?|->\*?|[-+*/%^&|~!=,<>]+)',
                  lambda m: 'operator@' + m[1].encode().hex(), name)
    while name != (name := re.sub(r'<[^<>(){}]*>|\([^<>(){}]*\)|{[^<>(){}]*}', '',
                                  name.replace('->', ''))):
        pass
    name = re.sub(r'(\[[^]]*\]| const| volatile| ?&+)+$', '', CLONE.sub('', name))
    return name.rpartition('::')[2].rpartition(' ')[2]


# A C function under another symbol than its own: libc inside itself, large files.
ALIAS = re.compile(r'^__GI_(?P<own>\w+)$|^(?P<small>\w+)64$')


def same_name(ours, theirs):
    if CLONE.sub('', ours) == CLONE.sub('', theirs):
        return True
    if '::' not in theirs and ALIAS.sub(r'\g<own>\g<small>', theirs) == ours:
        return True
    # Without a linkage name the other reader has only the bare DW_AT_name.
    return '(' not in theirs.replace('operator()', '').partition('<')[0] and \
        bare(ours) == bare(theirs)


def difference(ours, theirs):
    """Why the two chains differ, or None."""
    if len(ours) != len(theirs):
        return 'our chain is %s' % ('shorter' if len(ours) < len(theirs) else 'longer')
    for mine, other in zip(ours, theirs):
        if not same_name(mine[0], other[0]):
            return 'no name by us' if mine[0] == '??' else 'another function'
        if mine[2] != other[2]:
            return 'no line by us' if not mine[2] else \
                'no line by them' if not other[2] else 'another line'
        if mine[1] != other[1]:
            return 'no file by us' if mine[1] == '??' else 'another file'
    return None


def compare(name, path, sup, programs, n, folder):
    reader, ours = programs
    addresses = subprocess.run([ours, path, 'all', str(n)], check=True,
                               stdout=subprocess.PIPE).stdout
    theirs = demangle(frames_of([reader, path, *sup], addresses))
    mine = frames_of([ours, path], addresses)
    classes, inside = collections.Counter(), 0
    with open(folder + '/' + name, 'w', encoding='utf-8') as out:
        for at, a, b in zip(addresses.decode().split(), mine, theirs):
            if not b or b[-1][0] == '??':
                continue  # padding: nobody's function
            inside += 1
            why = difference(a, b)
            if why:
                classes[why] += 1
                print(name, at, why, 'theirs', b, 'ours', a, sep='\t', file=out)
    equal = 100 * (1 - sum(classes.values()) / max(inside, 1))
    print('%-11s %7d inside functions  %8.3f %% equal  %-6s %s' % (
        name, inside, equal, 'met' if equal >= GOAL else 'missed',
        ', '.join('%s: %d' % c for c in classes.most_common())), flush=True)
    return inside, sum(classes.values())


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else 'build'
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    folder = build + '/agree'
    reader = build_reader(folder)
    if not reader:
        return
    inside = differ = 0
    for name, path in food(os.environ.get('SYMFOOD', 'build/symfood'), sys.argv[3:]):
        sup = [os.path.dirname(path) + '/dwz-common'] if name == 'dwz-m' else []
        counts = compare(name, path, sup, (reader, build + '/bench/bench_symbols'), n, folder)
        inside, differ = inside + counts[0], differ + counts[1]
    equal = 100 * (1 - differ / inside)
    print('%-11s %7d inside functions  %8.3f %% equal  %s' % (
        'all', inside, equal, 'met' if equal >= GOAL else 'missed'))


if __name__ == '__main__':
    main()
