#!/usr/bin/env python3
# test_faults.py - the shim runs out of things: the server answers as ever, what was written reads,
# and the reason is told.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import functools
import os
import pwd
import resource
import shutil
import signal
import subprocess

from battery import same_but_for_the_clock
from harness import AS_ROOT, PYTHON, SHIM, Client, Skip, ask, check, equal, export, files
from harness import free_port, need, place, request, run, server, sessions, until

HERE = os.path.dirname(os.path.abspath(__file__))
USER = pwd.getpwnam('www-data') if AS_ROOT else None
TARGETS = ['/hello?n=1&profile=1', '/sleep?n=2&profile=1', '/big?n=3&profile=1', '/hello?n=4']
FLAGGED = 3


@contextlib.contextmanager
def python(here, shim=True, one=False, **named):
    """A server out of copies, so that any user can read it."""
    port = free_port()
    for name in ('py_threads.py', 'py_app.py'):
        shutil.copy(os.path.join(HERE, name), here.path)
    shutil.copy(SHIM, here.path)
    env = {'LD_PRELOAD': here.file('libreqprof.so')} if shim else {}
    env.update(named.pop('env', {}))
    argv = [PYTHON, '-B', here.file('py_threads.py'), str(port)] + (['one'] if one else [])
    with server(here, argv, port, shim, env=env, **named) as running:
        yield running


def hold(port):
    return [same_but_for_the_clock(ask(port, target, close=True)) for target in TARGETS]


@functools.lru_cache()
def bare_answers():
    with place() as here, python(here, False) as one:
        return hold(one.port)


def answers_as_bare(one):
    equal(hold(one.port), bare_answers(), 'the answers')


def told(here, *words, times=1):
    """REQPROF_LOG says all of WORDS in one line, and TIMES such lines."""
    until('%d times a line with %s in REQPROF_LOG' % (times, words), lambda: times <= sum(
        all(w in line for w in words) for line in here.said().splitlines()))


def limit(what, n, user=None):
    """For the child before exec: as USER, at most N of WHAT."""
    def before():
        if user:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        if what is not None:
            resource.setrlimit(what, (n, n))
    return before


@contextlib.contextmanager
def small_disk(path, size):
    """A file system of SIZE at PATH."""
    if not AS_ROOT:
        raise Skip('needs root, to mount a small tmpfs')
    need('mount')
    done = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=700,size=' + size, 'reqprof', path],
                          capture_output=True, check=False)
    if done.returncode:
        raise Skip('mount: ' + done.stderr.decode().strip())
    try:
        yield path
    finally:
        subprocess.run(['umount', '-l', path], check=False)


def a_killed_server_leaves_a_session_that_reads_as_incomplete():
    with place() as here, python(here) as one, Client(one.port) as client:
        client.send(request('/long?n=1&profile=1'))
        part, = until('samples in a .part', lambda: [p for p in files(here.sessions, 'part')
                                                     if os.path.getsize(p) > 2000 and
                                                     len(export(p).samples) > 10])
        one.child.send_signal(signal.SIGKILL)
        one.child.wait()
        s = export(part)
        equal(s.told['complete'], False, 'complete')
        check(s.told['incomplete_why'], 'it does not say why it is incomplete')
        equal(s.target, '/long?n=1', 'the target')
        check(len(s.samples) > 10, 'there are only', len(s.samples), 'samples')
        equal(files(here.sessions), [], 'the whole sessions')


def every_prefix_of_what_a_killed_server_leaves_reads():
    with place() as here, python(here) as one:
        ask(one.port, '/sleep?profile=1')
        sessions(here.sessions, 1)
        path, = files(here.sessions)
        with open(path, 'rb') as whole:
            content = whole.read()
        for n in range(len(content) // 8, len(content), len(content) // 8):
            s = export(here.file('cut.reqprof', content[:n]))
            equal(s.told['complete'], False, 'complete at %d bytes' % n)


def a_full_disk_changes_no_answer_and_is_told():
    with place() as here, small_disk(here.sessions, '64k'), python(
            here, env={'REQPROF_INTERVAL': '100us'}) as one:
        filler = os.path.join(here.sessions, 'filler')
        with contextlib.suppress(OSError), open(filler, 'wb', buffering=0) as out:
            while True:
                out.write(bytes(4096))
        answers_as_bare(one)
        told(here, 'no space left', times=FLAGGED)
        for part in files(here.sessions, '*'):
            check(part.endswith('.part') or part == filler, 'there is', part)
        os.remove(filler)
        for part in files(here.sessions, 'part'):
            os.remove(part)
        ask(one.port, '/hello?n=9&profile=1')
        found = sessions(here.sessions, 1)
        equal(found[0].target, '/hello?n=9', 'the target')


def a_disk_that_fills_in_mid_session_leaves_what_fits():
    with place() as here, small_disk(here.sessions, '16k'), python(
            here, env={'REQPROF_INTERVAL': '50us'}) as one:
        with Client(one.port) as client:
            client.send(request('/zlib?n=1&profile=1'))
            check(client.answer().startswith(b'HTTP/1.1 200 '), 'the answer is not 200')
            told(here, 'no space left')
        part, = files(here.sessions, 'part')
        s = export(part)
        equal((s.told['complete'], s.target), (False, '/zlib?n=1'), 'complete and target')
        check(s.samples, 'there are no samples')


def a_missing_directory_is_made_for_its_owner_alone():
    with place() as here:
        new = os.path.join(here.sessions, 'new')
        with python(here, env={'REQPROF_DIR': new}) as one:
            answers_as_bare(one)
            sessions(new, FLAGGED)
            equal(os.stat(new).st_mode & 0o7777, 0o700, 'its mode')


def a_directory_that_cannot_be_made_is_told():
    with place() as here:
        new = os.path.join(here.sessions, 'no', 'such', 'parent')
        with python(here, env={'REQPROF_DIR': new}) as one:
            answers_as_bare(one)
            told(here, new)


def a_directory_that_others_may_write_is_refused_and_told():
    with place() as here, python(here) as one:
        os.chmod(here.sessions, 0o777)
        answers_as_bare(one)
        told(here, here.sessions, 'writable by others', times=FLAGGED)
        equal(files(here.sessions, '*'), [], 'the directory holds')
        os.chmod(here.sessions, 0o700)
        ask(one.port, '/hello?n=9&profile=1')
        equal([s.target for s in sessions(here.sessions, 1)], ['/hello?n=9'], 'the targets')


def a_link_in_place_of_the_directory_is_refused_and_told():
    with place() as here:
        link = here.file('link')
        os.symlink(here.sessions, link)
        with python(here, env={'REQPROF_DIR': link}) as one:
            answers_as_bare(one)
            told(here, link)
            equal(files(here.sessions, '*'), [], 'the directory holds')


def a_directory_that_is_read_only_changes_no_answer_and_is_told():
    with place('www-data') as here:
        os.chmod(here.sessions, 0o500)
        with python(here, before=limit(None, 0, USER)) as one:
            answers_as_bare(one)
            told(here, 'ermission denied', times=FLAGGED)
            os.chmod(here.sessions, 0o700)
            ask(one.port, '/hello?n=9&profile=1')
            equal([s.target for s in sessions(here.sessions, 1)], ['/hello?n=9'], 'the targets')


def a_directory_removed_while_running_is_made_again():
    with place() as here, python(here) as one:
        ask(one.port, '/hello?n=8&profile=1')
        sessions(here.sessions, 1)
        shutil.rmtree(here.sessions)
        answers_as_bare(one)
        sessions(here.sessions, FLAGGED)


def a_directory_removed_in_mid_session_changes_no_answer_and_is_told():
    with place() as here, python(here) as one:
        with Client(one.port) as client:
            client.send(request('/zlib?n=1&profile=1'))
            until('a .part', lambda: files(here.sessions, 'part'))
            shutil.rmtree(here.sessions)
            check(client.answer().startswith(b'HTTP/1.1 200 '), 'the answer is not 200')
        told(here, '-_zlib')
        ask(one.port, '/hello?n=9&profile=1')
        equal([s.target for s in sessions(here.sessions, 1)], ['/hello?n=9'], 'the targets')


def a_limit_on_file_sizes_cuts_the_session_and_is_told():
    with place() as here, python(here, before=limit(resource.RLIMIT_FSIZE, 4096),
                                 env={'REQPROF_INTERVAL': '50us'}) as one:
        check(ask(one.port, '/zlib?n=1&profile=1').startswith(b'HTTP/1.1 200 '), 'it is not 200')
        told(here, '-_zlib', 'cut short')
        part, = files(here.sessions, 'part')
        equal(os.path.getsize(part), 4096, 'the size of what was written')
        s = export(part)
        equal((s.told['complete'], s.target), (False, '/zlib?n=1'), 'complete and target')
        equal(one.ended(), False, 'the server ended')


def a_server_without_a_free_descriptor_is_still_recorded():
    with place() as here, python(here, before=limit(resource.RLIMIT_NOFILE, 64)) as one:
        with Client(one.port) as client:
            client.send(request('/fill'))
            check(client.answer().endswith(b'Too many open files\n'), 'it is not full')
            client.send(request('/sleep?n=1&profile=1'))
            check(client.answer().endswith(b'\r\n\r\nslept\n'), 'the answer is another')
            s, = sessions(here.sessions, 1)
        equal(s.target, '/sleep?n=1', 'the target')
        check(s.ns_waiting('sleep') >= 290e6, 'it does not know the sleep', s.waits)


def without_timers_edges_and_waits_are_told_and_the_lack_is():
    with place() as here, python(here, before=limit(resource.RLIMIT_SIGPENDING, 0)) as one:
        answers_as_bare(one)
        for s in sessions(here.sessions, FLAGGED):
            check(s.lost.get('no_timer', 0) > 0, s.target, 'does not know of no_timer', s.lost)
            check(s.samples, s.target, 'has no stack of its edges')
            if s.target.startswith('/sleep'):
                check(s.ns_waiting('sleep') >= 290e6, 'it does not know the sleep', s.waits)


def without_threads_nothing_is_recorded_and_the_lack_is_told():
    with place('www-data') as here, python(here, one=True, before=limit(
            resource.RLIMIT_NPROC, 0, USER)) as one:
        answers_as_bare(one)
        told(here, 'our thread cannot be started')
        equal(files(here.sessions, '*'), [], 'the directory holds')


def a_request_over_a_bound_is_served_and_counted():
    with place() as here, python(here, env={'REQPROF_RATE': '0.001', 'REQPROF_BURST': '2'}) as one:
        with Client(one.port) as client:
            client.send(request('/sleep?n=1&profile=1'))
            for n in (2, 3, 4):
                check(ask(one.port, '/hello?n=%d&profile=1' % n).endswith(b'\r\n\r\nhello\n'),
                      'the answer is another')
            client.answer()
        found = sessions(here.sessions, 2)
        equal(sum(s.lost.get('over_rate', 0) for s in found), 2, 'the requests over the rate')


run(a_killed_server_leaves_a_session_that_reads_as_incomplete,
    every_prefix_of_what_a_killed_server_leaves_reads,
    a_full_disk_changes_no_answer_and_is_told,
    a_disk_that_fills_in_mid_session_leaves_what_fits,
    a_missing_directory_is_made_for_its_owner_alone,
    a_directory_that_cannot_be_made_is_told,
    a_directory_that_others_may_write_is_refused_and_told,
    a_link_in_place_of_the_directory_is_refused_and_told,
    a_directory_that_is_read_only_changes_no_answer_and_is_told,
    a_directory_removed_while_running_is_made_again,
    a_directory_removed_in_mid_session_changes_no_answer_and_is_told,
    a_limit_on_file_sizes_cuts_the_session_and_is_told,
    a_server_without_a_free_descriptor_is_still_recorded,
    without_timers_edges_and_waits_are_told_and_the_lack_is,
    without_threads_nothing_is_recorded_and_the_lack_is_told,
    a_request_over_a_bound_is_served_and_counted)
