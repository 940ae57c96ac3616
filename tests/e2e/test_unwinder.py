#!/usr/bin/env python3
# test_unwinder.py - stacks by libunwind, and of code whose rules are in .debug_frame only or where
# no header leads to them.
#
# Room: tests.  SPDX-License-Identifier: MIT
import os
import re
import subprocess

import harness
from harness import (PYTHON, TOOL, Server, ask, body_of, check, equal, files, free_port, need,
                     place, run, sessions)
from hosts import built, same_answers, twins

BY_LIBUNWIND = {'REQPROF_UNWINDER': 'libunwind'}


def shown(path):
    return subprocess.run([TOOL, 'show', path], capture_output=True, check=True).stdout.decode()


def walked(folder):
    """How many stacks of all sessions in FOLDER libunwind walked."""
    told = [re.search(r'(\d+) stacks walked by libunwind', shown(p)) for p in files(folder)]
    return sum(int(m.group(1)) for m in told if m)


def descriptors(pid):
    return sorted(os.readlink('/proc/%d/fd/%s' % (pid, fd))
                  for fd in os.listdir('/proc/%d/fd' % pid))


def whole_below(session, function):
    """Every sample in FUNCTION has the whole of its stack; they are many."""
    equal(session.truncated(), [], 'the truncated stacks')
    inside = [names for names in ([f['function'] for f in session.stack(p)]
                                  for p in session.samples) if function in names]
    check(len(inside) >= 5, 'there are', len(inside), 'samples in', function)
    for names in inside:
        check('serve' in names and len(names) > 120, 'a stack of', len(names), names[:6])


# ---- .debug_frame ------------------------------------------------------------------------------

def code_with_rules_in_debug_frame_only_has_whole_stacks():
    with twins(built('storm_debug_frame')) as both:
        for session in same_answers(both, ['/deep']).values():
            whole_below(session, 'deep_bottom')


def code_whose_rules_no_header_leads_to_has_whole_stacks():
    program = built('storm_no_header')
    told = subprocess.run(['readelf', '-lW', program], capture_output=True, check=True).stdout
    check(b'EH_FRAME' not in told, 'the linker made a header')
    with twins(program) as both:
        for session in same_answers(both, ['/deep']).values():
            whole_below(session, 'deep_bottom')


# ---- libunwind ---------------------------------------------------------------------------------

def libunwind_walks_deep_stacks_to_their_end():
    with twins(built('storm'), env=BY_LIBUNWIND) as both:
        pid = both.servers[True].pid
        both.flagged('/deep')  # the first one's stacks are copied while libunwind is loaded
        before = descriptors(pid)
        for session in same_answers(both, ['/deep', '/libc']).values():
            if session.target == '/deep':
                whole_below(session, 'deep_bottom')
        equal(descriptors(pid), before, 'the descriptors of the host')
        check(walked(both.here.sessions) > 100, 'libunwind walked', walked(both.here.sessions))


def libraries_come_and_go_while_libunwind_walks():
    storm = twins(built('storm'), built('passing.so'), env=BY_LIBUNWIND)
    with storm as both:
        for _ in range(2):
            for target in ('/libc', '/library', '/deep'):
                equal(body_of(both.flagged(target, '100us')[0]), body_of(both.bare(target)),
                      target)
        both.finish()


def a_host_with_a_libunwind_of_its_own_throws_as_ever():
    for env in (None, BY_LIBUNWIND):
        with twins(built('throws_unwind'), env=env) as both:
            same_answers(both, ['/deep', '/waits'])


def a_throw_through_libunwind_ends_with_a_context_that_no_signal_overwrites():
    libraries = [built('resumed.so'), built('others/resumed.so')]
    ask_both = ('import ctypes, sys\n'
                'for path in sys.argv[1:] * 2:\n'
                '    print(chr(ctypes.CDLL(path).resumed_from()), end="")\n')
    for shim, told in (('', b'ssss'), (harness.SHIM, b'eeee')):
        one = subprocess.run([PYTHON, '-c', ask_both, *libraries], capture_output=True, check=True,
                             env=dict(os.environ, LD_PRELOAD=shim))
        equal(one.stdout, told, 'where the contexts were')


def a_libunwind_that_calls_other_things_is_not_used():
    folder = os.path.dirname(built('strange/libunwind.so.8'))
    with twins(built('storm'), env=dict(BY_LIBUNWIND, LD_LIBRARY_PATH=folder)) as both:
        for _ in range(2):
            _, session = both.flagged('/deep')
        whole_below(session, 'deep_bottom')
        check('it calls system; the table walker is used' in both.here.said(), both.here.said())
        equal(walked(both.here.sessions), 0, 'stacks walked by libunwind')


def a_file_that_is_no_libunwind_is_not_used():
    with place() as here:
        folder = os.path.dirname(here.file('no/libunwind.so.8', 'not an ELF file'))
        with twins(built('storm'), env=dict(BY_LIBUNWIND, LD_LIBRARY_PATH=folder)) as both:
            _, session = both.flagged('/deep')
            whole_below(session, 'deep_bottom')
            check('cannot be loaded' in both.here.said(), both.here.said())


def python_is_walked_by_libunwind():
    program = os.path.join(harness.ROOT, 'tests/e2e/py_threads.py')
    port = free_port()
    with place() as here:
        one = Server(here, [PYTHON, program, str(port)], port, env=BY_LIBUNWIND)
        try:
            for n in range(1, 9):
                check(body_of(ask(port, '/zlib?profile=1', close=True)).startswith(b'burnt'))
                for session in sessions(here.sessions, n):
                    check(session.told['complete'], session.told['incomplete_why'])
                if walked(here.sessions):
                    break
            check(walked(here.sessions) > 0, 'libunwind walked nothing')
            equal(here.said(), '', 'the log of the shim')
        finally:
            one.stop()


NGINX = '''daemon off; worker_processes 1; pid %(path)s/pid; error_log %(path)s/err;
%(user)s
events { }
http { access_log off; gzip on; gzip_comp_level 9; gzip_types *;
client_body_temp_path %(path)s/body; proxy_temp_path %(path)s/proxy; fastcgi_temp_path %(path)s/fastcgi;
uwsgi_temp_path %(path)s/uwsgi; scgi_temp_path %(path)s/scgi;
server { listen 127.0.0.1:%(port)d; root %(path)s/www; } }
'''


def nginx_is_walked_by_libunwind():
    need('nginx')
    owner = 'www-data' if harness.AS_ROOT else None
    with place(owner) as here:
        port = free_port()
        here.file('www/large.txt', bytes(i * i % 251 for i in range(1 << 21)))
        conf = here.file('nginx.conf', NGINX % dict(
            path=here.path, port=port, user='user %s;' % owner if owner else ''))
        one = Server(here, ['nginx', '-c', conf, '-e', here.file('err')], port, env=BY_LIBUNWIND)
        try:
            headers = ['Accept-Encoding: gzip']
            bare = body_of(ask(port, '/large.txt', headers=headers, close=True))
            # It is loaded by our thread during the first one, or the next, as that gets to run.
            for n in range(1, 9):
                equal(body_of(ask(port, '/large.txt?profile=1', headers=headers, close=True)),
                      bare, 'the compressed file')
                for session in sessions(here.sessions, n):
                    check(session.told['complete'], session.told['incomplete_why'])
                if walked(here.sessions):
                    break
            check(walked(here.sessions) > 0, 'libunwind walked nothing')
        finally:
            one.stop()


run(code_with_rules_in_debug_frame_only_has_whole_stacks,
    code_whose_rules_no_header_leads_to_has_whole_stacks,
    libunwind_walks_deep_stacks_to_their_end, libraries_come_and_go_while_libunwind_walks,
    a_host_with_a_libunwind_of_its_own_throws_as_ever,
    a_throw_through_libunwind_ends_with_a_context_that_no_signal_overwrites,
    a_libunwind_that_calls_other_things_is_not_used, a_file_that_is_no_libunwind_is_not_used,
    python_is_walked_by_libunwind, nginx_is_walked_by_libunwind)
