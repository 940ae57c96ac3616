#!/usr/bin/env python3
# test_names.py - functions keep their names: those made at run time when their process is gone, and
# those of programs when the programs are.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import glob
import os
import shutil
import subprocess

import hosts
from harness import TOOL, Failed, ask, check, equal, export, files, free_port, need, place, run, \
    server, until

APP = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'app.js')


def tool(here, *words):
    """What reqprof prints, and what it says."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(('REQPROF', 'DEBUGINFOD'))}
    env.update(REQPROF_DIR=here.sessions, LC_ALL='C.UTF-8')
    done = subprocess.run([TOOL, *words], env=env, capture_output=True, check=False, text=True,
                          stdin=subprocess.DEVNULL)
    check(done.returncode == 0, 'reqprof', *words, 'says', done.stderr)
    return done.stdout, done.stderr


def show(here, *words):
    """The tree of a session, without the last line, which says how to go on from here; and what
    reqprof says.  A report that took long leaves better names than it found: ask once."""
    printed, said = tool(here, 'show', *words)
    return '\n'.join(l for l in printed.splitlines() if not l.startswith('next: ')), said


def tree(here, *words):
    return show(here, *words)[0]


def flag(here, port, target, n=1):
    """A flagged request and the path of its session."""
    ask(port, target, close=True, headers=['X-Reqprof: 1'])
    until('the session', lambda: len(files(here.sessions)) == n, 8)
    return files(here.sessions)[-1]


# ---- code made at run time ---------------------------------------------------------------------

@contextlib.contextmanager
def node(here, *flags):
    need('node')
    port = free_port()
    with server(here, ['node', *flags, APP, str(port)], port) as one:
        yield one


def what_node_compiled_has_its_name_when_node_and_its_map_are_gone():
    with place() as here:
        with node(here, '--perf-basic-prof') as one:
            its_map = '/tmp/perf-%d.map' % one.pid
            try:
                # On a busy machine all of its time may pass without a tick.
                for n in range(1, 10):
                    path = flag(here, one.port, '/burn', n)
                    if len(export(path).samples) > 5:
                        break
            finally:
                one.stop()
                if os.path.exists(its_map):
                    os.unlink(its_map)
        with open(APP) as app:
            line = 1 + [l.startswith('function burn(') for l in app].index(True)
        told = [f for f in export(path).functions if f['function'] == 'burn']
        equal([(f['file'], f['line'], f['library']) for f in told], [(APP, line, False)])
        rows = tool(here, 'flat', '-n', '3')[0].splitlines()
        check(any('burn' in row and 'app.js:%d' % line in row for row in rows),
              'burn is not among the first', rows)


def without_a_map_it_is_memory_and_never_a_guess():
    with place() as here, node(here) as one:
        session = export(flag(here, one.port, '/burn'))
        named = session.ns_in(lambda f: f['module'] == '[jit]')
        memory = session.ns_in(lambda f: f['function'] in ('[anon]', '[anon:v8]'))
        equal(named, 0, 'the time in functions that nobody named')
        check(memory > 0, 'no time in nameless memory', {f['function'] for f in session.functions})


# ---- programs that are gone --------------------------------------------------------------------

@contextlib.contextmanager
def recorded(here, n=1):
    """The path of a session of a copy of the shop, and that of the copy."""
    program = here.file('shop')
    shutil.copy(hosts.host('shop'), program)
    port = free_port()
    with server(here, [program, str(port)], port) as one:
        for i in range(n):
            path = flag(here, one.port, '/cart', i + 1)
    yield path, program


def sides(here):
    return glob.glob(os.path.join(here.sessions, '*.reqsym'))


def names_beside_a_session_are_as_good_as_the_program():
    with place() as here, recorded(here) as (path, program):
        before = tree(here, '--no-cache', path)
        check('price_cart' in before or 'shop.c' in before, 'there are no names at all', before)
        equal(sides(here), [])
        said = tool(here, 'symbolize', path)[0]
        side, = sides(here)
        check(side in said, 'it does not name the file', said)
        os.rename(program, program + '.gone')
        check(tree(here, '--no-cache', path) != before, 'names without a program')
        equal(tree(here, path), before, 'the tree without the program')
        equal(tree(here, '--sysroot', here.file('nowhere'), path), before)
        tool(here, 'symbolize', path)  # where less is known, nothing gets lost
        equal(tree(here, path), before, 'the tree after a poorer symbolize')
        away = os.path.join(here.path, 'elsewhere')
        os.mkdir(away, 0o700)
        for name in (path, side):
            shutil.copy(name, away)
        equal(tree(here, os.path.join(away, os.path.basename(path))), before,
              'the tree elsewhere')


def names_that_are_damaged_or_of_another_session_are_not_used():
    with place() as here, recorded(here, 2) as (path, _):
        before = tree(here, '--no-cache', path)
        tool(here, 'symbolize', files(here.sessions)[0])
        other, = sides(here)
        mine = path[:-len('.reqprof')] + '.reqsym'
        os.rename(other, mine)
        printed, said = show(here, path)
        equal(printed, before)
        check(said.count('\n') == 1 and 'belongs to another session' in said, said)
        tool(here, 'symbolize', path)
        with open(mine, 'r+b') as side:
            side.seek(100)
            byte = side.read(1)
            side.seek(100)
            side.write(bytes([byte[0] ^ 1]))
        printed, said = show(here, path)
        equal(printed, before)
        check(said.count('\n') == 1 and 'is damaged' in said, said)


def names_go_with_their_session():
    with place() as here, recorded(here, 2) as (path, _):
        tool(here, 'symbolize', *files(here.sessions))
        equal(len(sides(here)), 2)
        tool(here, 'gc', '--keep', '1', here.sessions)
        equal(files(here.sessions), [path])
        equal(sides(here), [path[:-len('.reqprof')] + '.reqsym'])


def a_sysroot_and_debug_files_elsewhere_are_found():
    need('objcopy')
    with place() as here, recorded(here) as (path, program):
        before = tree(here, '--no-cache', path)
        root = here.file('root')
        os.makedirs(root + os.path.dirname(program))
        shutil.copy(program, root + program)
        module, = [m for m in export(path).told['modules'] if m['path'] == program]
        build_id = module['build_id']
        if len(build_id) < 4:
            raise Failed('the shop has no build-id')
        store = here.file('debug/.build-id/' + build_id[:2])
        os.makedirs(store)
        os.makedirs(here.file('empty'))
        debug = os.path.join(store, build_id[2:] + '.debug')
        subprocess.run(['objcopy', '--only-keep-debug', program, debug], check=True)
        subprocess.run(['objcopy', '--strip-all', program], check=True)
        check(tree(here, '--no-cache', path) != before, 'names without symbols')
        equal(tree(here, '--no-cache', '--sysroot', root, path), before, '--sysroot')
        for dirs in ((here.file('debug'),), (here.file('empty'), here.file('debug')),
                     (here.file('debug'), here.file('empty'))):
            words = [w for d in dirs for w in ('--debug-dir', d)]
            equal(tree(here, '--no-cache', *words, path), before, ' '.join(words))


run(what_node_compiled_has_its_name_when_node_and_its_map_are_gone,
    without_a_map_it_is_memory_and_never_a_guess,
    names_beside_a_session_are_as_good_as_the_program,
    names_that_are_damaged_or_of_another_session_are_not_used,
    names_go_with_their_session,
    a_sysroot_and_debug_files_elsewhere_are_found)
