#!/usr/bin/env python3
# test_terminal.py - what the tool finds out by itself of its terminal, locale and colours, and that its
# reports then keep to it.  Their exact texts are tests/golden/looks.
#
# Room: tests.  SPDX-License-Identifier: MIT
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import harness
from harness import check, equal, files, place, run, server, until

SHOP = os.path.join(harness.BUILD, 'hosts/shop')
SGR = re.compile(r'\x1b\[[0-9;]*m')
VERBS = (['show'], ['flat'], ['callers', 'look_up'], ['callees', 'checkout'], ['hot-paths'],
         ['waits'], ['account'], ['phases'], ['ls'], ['ls', '--by', 'route'])


def environment(here, **changes):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(('REQPROF', 'LC_', 'LANG', 'COLUMNS', 'NO_COLOR', 'FORCE_COLOR'))}
    env.update(REQPROF_DIR=here.sessions, TERM='xterm', PAGER='', LC_ALL='C.UTF-8')
    env.update(changes)
    return env


def on_terminal(here, words, columns, **changes):
    """What a terminal of so many columns gets to see."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 50, columns, 0, 0))
    with subprocess.Popen([harness.TOOL, *words], env=environment(here, **changes), stdout=theirs,
                          stderr=subprocess.PIPE) as tool:
        os.close(theirs)
        said = b''
        while True:
            try:
                more = os.read(ours, 1 << 16)
            except OSError:  # the tool has ended
                break
            if not more:
                break
            said += more
        complaint = tool.stderr.read()
        equal((tool.wait(), complaint), (0, b''), words)
    os.close(ours)
    return said.decode().replace('\r\n', '\n')


def in_pipe(here, words, **changes):
    done = subprocess.run([harness.TOOL, *words], env=environment(here, **changes),
                          capture_output=True, check=True)
    return done.stdout.decode()


def recorded(here):
    port = harness.free_port()
    with server(here, [SHOP, str(port)], port):
        for _ in range(2):
            harness.ask(port, '/checkout', headers=['X-Reqprof: save'])
        until('the sessions', lambda: len(files(here.sessions)) == 2)


def colours_are_for_terminals_and_for_those_who_ask():
    with place() as here:
        recorded(here)
        for words in VERBS:
            check(SGR.search(on_terminal(here, words, 80)), words, 'has no colour')
            for plain in (on_terminal(here, words, 80, NO_COLOR='1'),
                          on_terminal(here, words, 80, TERM='dumb'), in_pipe(here, words)):
                check('\x1b' not in plain, words, 'has colours')
            check(SGR.search(in_pipe(here, words, FORCE_COLOR='1')), words)
            check('\x1b' not in in_pipe(here, words, FORCE_COLOR='1', NO_COLOR='1'), words)


def the_locale_says_which_letters_there_are():
    with place() as here:
        recorded(here)
        for words in VERBS:
            for locale in ('C', 'POSIX'):
                check(on_terminal(here, words, 80, LC_ALL=locale).isascii(), words, locale)
                check(in_pipe(here, words, LC_ALL=locale).isascii(), words, locale)
        check('└─' in in_pipe(here, ['show']))
        check('→' in on_terminal(here, ['hot-paths'], 80))


def lines_keep_to_the_width_of_the_terminal():
    with place() as here:
        recorded(here)
        for words in (['show'], ['flat'], ['hot-paths'], ['waits'], ['ls'],
                      ['ls', '--by', 'route'], ['show', here.sessions], ['flat', here.sessions]):
            for columns in (80, 60, 40):
                text = SGR.sub('', on_terminal(here, words, columns))
                # A place is not cut, nor are sentences and commands to type.
                for line in text.splitlines():
                    check(len(line) <= columns or len(line.split()[-1]) > 9 or line.startswith(('next: ', 'short: ', 'in ', 'outliers: ', 'overhead ')) or
                          'held by' in line or 'below 1 %' in line,
                          words, columns, repr(line))
            wide = in_pipe(here, words)
            check('…' not in wide, words, 'cut something in a pipe')


run(colours_are_for_terminals_and_for_those_who_ask, the_locale_says_which_letters_there_are,
    lines_keep_to_the_width_of_the_terminal)
