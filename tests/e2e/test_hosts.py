#!/usr/bin/env python3
# test_hosts.py - hosts that do what real servers seldom do: answers, counters and sessions hold.
#
# Room: tests.  Every answer is the host's own account of what happened to it.
# SPDX-License-Identifier: MIT
import contextlib
import errno
import os
import pwd
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import harness
from harness import (AS_ROOT, SHIM, Client, Skip, ask, check, equal, files, place, request, run,
                     server, sessions, until)
from hosts import HEADERS, built, host, same_answers, text, twins


# ---- leaving calls -----------------------------------------------------------------------------

def leaps(prefix):
    with twins(host('leaps')) as both:
        targets = [t for t in text(both.bare('/')).split() if t.startswith(prefix)]
        check(targets, 'no route begins with', prefix)
        return same_answers(both, targets)


def a_thread_cancelled_in_a_call_runs_its_handlers():
    leaps('/cancel/')


def a_call_left_by_siglongjmp_leaves_all_as_it_was():
    for (target, interval), session in leaps('/jump/').items():
        # 30 ms of CPU were burnt after leaps: ticks must go on.  The share is generous, since
        # this thread may not have run all the time.
        seen = sum(p['cpu_ns'] for p in session.samples)
        check(seen >= 15e6, target, 'at', interval, 'shows', seen, 'ns of 30 ms after its leaps')


def a_call_left_without_its_mask_leaves_all_as_it_was():
    leaps('/jump-unsaved/')


def coroutines_that_do_input_and_output_take_their_turns():
    # A processor that is taken away while the timer is set may come back when it has rung: the
    # thread has not slept then, and no wait is told.  That does not happen every time.
    for _ in range(4):
        told = [len([w for w in session.waits if w['kind'] == 'sleep'])
                for session in leaps('/coroutines').values()]
        check(max(told) <= 10, 'of 10 sleeps there are told', told)
        if min(told) == 10:
            return
    equal(min(told), 10, 'the sleeps told')


# ---- descriptors -------------------------------------------------------------------------------

def tasks(raw):
    return [line for line in text(raw).split('\n') if line.startswith('task')]


def descriptors(raw):
    return [re.sub(r'/proc/\d+', '/proc/N', line) for line in text(raw).split('\n')
            if line.startswith('fd')]


def a_host_that_lists_itself_sees_one_thread_of_ours_at_most_and_no_descriptor():
    with twins(host('descriptors')) as both:
        bare = both.bare('/list')
        for flagged in (False, True, True, False):
            seen = both.flagged('/list')[0] if flagged else both.unflagged('/list')
            equal(descriptors(seen), descriptors(bare), 'the descriptors')
            # Two lists; in each at most our one thread, which has the host's name when it begins.
            more = len(tasks(seen)) - len(tasks(bare))
            check(0 <= more <= 2, 'there are', more, 'threads more in two lists', tasks(seen))
            check(set(tasks(seen)) <= {'task descriptors', 'task reqprof'}, tasks(seen))
        both.finish()


def no_thread_of_ours_is_there_before_a_flagged_request():
    with twins(host('descriptors')) as both:
        for _ in range(3):
            equal(tasks(both.unflagged('/list')), tasks(both.bare('/list')), 'the threads')
        both.finish()


def descriptors_closed_in_mid_request_are_not_ours():
    with twins(host('descriptors')) as both:
        same_answers(both, ['/closefrom', '/close_range', '/close-all'])


def numbers_that_are_used_again_make_no_session():
    with twins(host('descriptors')) as both:
        same_answers(both, ['/reuse-pipe', '/reuse-socket', '/taken-over'])
        equal(text(both.unflagged('/count')), '9 numbers used again\n')
        both.finish()


def an_answer_on_another_descriptor_of_the_connection_is_followed():
    with twins(host('descriptors')) as both:
        same_answers(both, ['/dup', '/dup2', '/dup3', '/fcntl'])


def a_client_that_is_waited_for_with_a_limit_is_told():
    with twins(host('descriptors')) as both:
        for session in same_answers(both, ['/timeo']).values():
            waits = [w for w in session.waits if w['kind'] == 'recv']
            equal(len(waits), 1, 'the number of waits in recv')
            check(waits[0]['object'].startswith('client tcp 127.0.0.1:'), waits[0]['object'])


def heads_read_byte_by_byte_are_understood():
    with twins(host('descriptors'), 'one-byte') as both:
        same_answers(both, ['/count', '/timeo'])
        port = both.servers[True].port
        with Client(port) as client:  # two in one segment, the second flagged
            client.send(request('/count') + request('/count?profile=1') + request('/count'))
            answers = [client.answer() for _ in range(3)]
        equal(len(set(answers)), 1, 'the number of different answers')
        both.n_flagged += 1
        sessions(both.here.sessions, both.n_flagged)
        both.finish()


def reads_ahead(how):
    """How sessions say that their clients were waited for, by whoever read ahead in HOW, though what
    was to come next only came 100 ms later."""
    with twins(host('reader'), how) as both:
        port = both.servers[True].port
        with Client(port) as client:  # its thread goes on to read
            client.send(request('/slow', headers=[HEADERS['1ms']]))
            equal(text(client.answer()), '/slow\n')
            client.send(request('/ahead?profile=1') + request('/next'))  # it is there already
            equal([text(client.answer()) for _ in range(2)], ['/ahead\n', '/next\n'])
            client.send(request('/ahead?profile=1'))
            time.sleep(0.1)  # it has to wait for it
            client.send(request('/next?profile=1'))
            equal([text(client.answer()) for _ in range(2)], ['/ahead\n', '/next\n'])
        both.n_flagged += 4
        told = sessions(both.here.sessions, both.n_flagged)
        both.finish()
    for session in told:
        check(session.told['complete'], session.request, 'is not complete')
    slow, = [s for s in told if s.request['target'] == '/slow']
    check(slow.account['idle_ns'] > 90e6, how, 'while nobody known worked:', slow.account)
    return [(w['kind'], w['object']) for s in told for w in s.waits
            if (w['object'] or '').startswith('client') and w['span_ns'] > 5e7]


def who_reads_ahead_works_for_nobody_meanwhile():
    for how in ('read', 'peek', 'poll', 'select'):
        equal(reads_ahead(how), [], how)


def who_reads_ahead_is_told_how_its_connection_broke():
    with twins(host('reader')) as both:
        for served in both.servers.values():
            with Client(served.port) as client:
                client.send(request('/gone?profile=1'))
                until('the read', lambda: text(ask(served.port, '/errno')) == '-1\n')
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                         struct.pack('ii', 1, 0))
                client.socket.close()
                until('the end', lambda: text(ask(served.port, '/errno')) != '-1\n')
                equal(text(ask(served.port, '/errno')), '%d\n' % errno.ECONNRESET)
        both.n_flagged += 1
        both.finish()


def a_poll_of_its_epoll_set_is_a_loops_wait():
    with twins(host('nested')) as both:
        port = both.servers[True].port
        equal(text(both.flagged('/slow')[0]), 'slow\n')  # nobody else is there
        for _ in range(3):
            with Client(port) as slow, Client(port) as other:
                slow.send(request('/slow', headers=[HEADERS['1ms']]))
                for _ in range(5):
                    other.send(request('/fast'))
                    equal(text(other.answer()), 'fast\n')
                equal(text(slow.answer()), 'slow\n')
                both.n_flagged += 1
        equal(text(both.unflagged('/empty')), text(both.bare('/empty')), 'sets that had nothing')
        told = sessions(both.here.sessions, both.n_flagged)
        both.finish()
    for session in told:
        equal([w['kind'] for w in session.waits if w['span_ns'] > 5e7], ['sleep'])


def what_a_loops_timer_does_is_not_its_clients():
    for how in ('poll', 'ppoll', 'select'):
        with twins(host('timers'), how) as both:
            both.flagged('/')  # from now on it is known to be a loop
            for _ in range(3):
                raw, session = both.flagged('/')
                equal(text(raw), 'asked\n')
                own = sum(p['cpu_ns'] for p in session.samples)
                check(own < 90e6, how, 'shows', own, 'ns, though a timer was due after 50 ms')
            both.finish()


# ---- processes ---------------------------------------------------------------------------------

def children_that_leave_right_after_their_answer_leave_their_sessions():
    with twins(host('forks')) as both:
        same_answers(both, ['/plain', '/plain', '/vfork', '/fork', '/spawn'])


def connections_handed_to_a_worker_are_followed_there():
    with twins(host('handover')) as both:
        same_answers(both, ['/a', '/b'])


def a_request_handed_over_after_its_head_is_answered_as_ever():
    """Who read it does not answer it: its session ends when the connection is closed there."""
    with twins(host('handover'), 'read') as both:
        port = both.servers[True].port
        bare = both.bare('/x')
        equal(both.unflagged('/x'), bare)
        equal(ask(port, '/x', headers=[HEADERS['1ms']], close=True), bare)
        session, = sessions(both.here.sessions, 1)
        equal(session.request['target'], '/x')
        check(not session.told['complete'] or session.request['bytes_out'] == 0,
              'half a request is told as whole')


# ---- signals -----------------------------------------------------------------------------------

def signals(mode, like=lambda raw: raw):
    with twins(host('signals'), mode) as both:
        return same_answers(both, ['/a', '/b'], like)


def threads_that_block_everything_keep_their_masks():
    signals('blocked')


def a_timer_of_sigprof_keeps_ticking():
    def about_twenty(raw):
        ticks = int(text(raw).split()[1])
        return 8 <= ticks <= 40 or ticks
    signals('sigprof', about_twenty)


def a_handler_that_writes_gets_every_signal():
    signals('selfpipe')


def a_host_that_uses_every_realtime_signal_gets_them_all():
    signals('realtime')


def a_host_that_takes_every_realtime_signal_later_gets_them_all():
    signals('realtime-late')


def a_signalfd_of_everything_reads_nothing_of_ours():
    signals('signalfd')


# ---- programs and libraries --------------------------------------------------------------------

def a_library_that_works_before_our_constructor_works():
    built('libearly.so')
    with twins(built('early_host')) as both:
        same_answers(both, ['/'])


def the_order_of_preloaded_libraries_does_not_matter():
    early = built('libearly.so')
    for order in (SHIM + ':' + early, early + ':' + SHIM):
        with twins(built('early_host'), env={'LD_PRELOAD': order}) as both:
            same_answers(both, ['/'])


def plugins_are_found_by_the_runpath_of_who_asks():
    for part in ('plugins/mine.so', 'plugins/hidden.so', 'others/its.so', 'libopener.so'):
        built(part)
    with twins(built('runpath')) as both:
        same_answers(both, ['/nobody', '/library', '/mine'])
        check('its: found, not hidden: not found' in text(both.bare('/library')))


def the_checking_twins_of_calls_are_followed():
    program = built('fortified')
    imports = subprocess.run(['nm', '-D', program], capture_output=True, text=True,
                             check=True).stdout
    for name in ('__read_chk', '__recv_chk', '__recvfrom_chk', '__poll_chk', '__ppoll_chk'):
        check(name in imports, 'the host does not import', name)
    with twins(program) as both, contextlib.ExitStack() as stack:
        bare, shim = [stack.enter_context(Client(both.servers[s].port)) for s in (False, True)]
        for n in range(6):  # read, recv, recvfrom; twice
            for client in (bare, shim):
                client.send(request('/%d' % n, headers=[HEADERS['100us']]))
            equal(shim.answer(), bare.answer(), 'answer %d' % n)
        told = sessions(both.here.sessions, 6)
        equal([s.target for s in told], ['/%d' % n for n in range(6)], 'the targets')
        check(all(s.told['complete'] for s in told), 'a session is not complete')


def exceptions_pass_through_handlers_that_are_sampled():
    with twins(built('throws')) as both:
        same_answers(both, ['/deep', '/waits', '/cancel'])


def drop_to_nobody():
    user = pwd.getpwnam('nobody')
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def as_another_user(program):
    """A copy of PROGRAM that runs as nobody, whoever starts it."""
    folder = tempfile.mkdtemp(prefix='reqprof-e2e-')
    os.chmod(folder, 0o755)
    copy = os.path.join(folder, 'host')
    shutil.copy(program, copy)
    shutil.chown(copy, 'nobody')
    os.chmod(copy, 0o4755)
    return folder, copy


def a_program_that_runs_as_another_user_is_left_alone():
    """It is linked to the shim, since the loader drops LD_PRELOAD for such programs."""
    if not AS_ROOT:
        raise Skip('only root can give a program to another user')
    program = built('linked')
    folder, copy = as_another_user(program)
    try:
        for path, n in ((program, 1), (copy, 0)):
            with place('nobody') as here:
                os.chmod(here.sessions, 0o700)
                port = harness.free_port()
                owner = {} if path == copy else {'before': drop_to_nobody}
                with server(here, [path, str(port)], port, env={'LD_PRELOAD': None}, **owner):
                    for _ in range(n or 3):
                        ask(port, '/list?profile=1', close=True)
                    sessions(here.sessions, n)
    finally:
        shutil.rmtree(folder)


run(a_thread_cancelled_in_a_call_runs_its_handlers,
    a_call_left_by_siglongjmp_leaves_all_as_it_was,
    a_call_left_without_its_mask_leaves_all_as_it_was,
    coroutines_that_do_input_and_output_take_their_turns,
    a_host_that_lists_itself_sees_one_thread_of_ours_at_most_and_no_descriptor,
    no_thread_of_ours_is_there_before_a_flagged_request,
    descriptors_closed_in_mid_request_are_not_ours,
    numbers_that_are_used_again_make_no_session,
    an_answer_on_another_descriptor_of_the_connection_is_followed,
    a_client_that_is_waited_for_with_a_limit_is_told,
    heads_read_byte_by_byte_are_understood,
    who_reads_ahead_works_for_nobody_meanwhile,
    who_reads_ahead_is_told_how_its_connection_broke,
    a_poll_of_its_epoll_set_is_a_loops_wait,
    what_a_loops_timer_does_is_not_its_clients,
    children_that_leave_right_after_their_answer_leave_their_sessions,
    connections_handed_to_a_worker_are_followed_there,
    a_request_handed_over_after_its_head_is_answered_as_ever,
    threads_that_block_everything_keep_their_masks,
    a_timer_of_sigprof_keeps_ticking,
    a_handler_that_writes_gets_every_signal,
    a_host_that_uses_every_realtime_signal_gets_them_all,
    a_host_that_takes_every_realtime_signal_later_gets_them_all,
    a_signalfd_of_everything_reads_nothing_of_ours,
    a_library_that_works_before_our_constructor_works,
    the_order_of_preloaded_libraries_does_not_matter,
    plugins_are_found_by_the_runpath_of_who_asks,
    the_checking_twins_of_calls_are_followed,
    exceptions_pass_through_handlers_that_are_sampled,
    a_program_that_runs_as_another_user_is_left_alone)
