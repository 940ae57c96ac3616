#!/usr/bin/env python3
# test_account_mix.py - a request that does a bit of everything: each line of the account against
# what the host's own clocks and the kernel's scheduler said of it, alone and on busy CPUs.
#
# Room: tests.  REQPROF_MIX=N asks N times instead of a few (make account: 200).  What is judged is
# the median of all requests: a single one may be hit between two clocks of the host.
# SPDX-License-Identifier: MIT
import os
import socket
import statistics
import subprocess
import time

import harness
from harness import Client, Failed, check, export, files, request, run, server, until
from hosts import HEADERS, host, place

ROUNDS = int(os.environ.get('REQPROF_MIX', '6'))
TRIES = 3
PERIOD_MS = 1.0


class Piece:
    def __init__(self, line):
        self.wall, self.cpu, self.delay = (float(x) / 1000 for x in line)
        self.waited = self.wall - self.cpu - self.delay


def told(body):
    """The host's words: name -> Piece; both threads are added up."""
    lines = [line.split() for line in body.decode().splitlines()]
    pieces = {name: Piece(rest) for name, *rest in lines}
    threads = [Piece(rest) for name, *rest in lines if name == 'thread']
    return pieces, threads


def ask_slowly(client):
    """One flagged /mix; the client looks at the head, sleeps 50 ms, and reads the rest."""
    client.send(request('/mix', headers=[HEADERS['1ms']]))
    client.socket.recv(1, socket.MSG_PEEK)
    time.sleep(0.05)
    client.take_to(b'\r\n\r\n')
    raw = client.take_chunks()
    return told(raw[raw.rindex(b'cpu '):raw.rindex(b'\r\n0\r\n')])


def waits(session, kind, begins=''):
    return sum(w['span_ns'] for w in session.waits
               if w['kind'] == kind and w['object'].startswith(begins)) / 1e6


def line_by_line(session, pieces, threads):
    """(what, what the session says, what the host says) in ms."""
    account, wall = session.account, session.account['wall']
    everything = pieces['all']
    waited = sum(pieces[p].waited for p in ('upstream', 'mutex', 'fsync', 'sleep'))
    return [
        ('CPU of all threads', account['cpu_ns'] / 1e6,
         everything.cpu + sum(t.cpu for t in threads)),
        ('runnable, not running', account['not_running_ns'] / 1e6,
         everything.delay + sum(t.delay for t in threads)),
        ('recv from the upstream', waits(session, 'recv', 'tcp '), pieces['upstream'].wall),
        ('the mutex', waits(session, 'mutex'), pieces['mutex'].wall),
        ('fsync', waits(session, 'fsync'), pieces['fsync'].wall),
        ('sleep', waits(session, 'sleep'), pieces['sleep'].wall),
        ('the client reads', waits(session, 'send', 'client'), pieces['client'].wall),
        ('waiting in all, by the wall', (wall['waits_ns'] + wall['client_ns']) / 1e6,
         waited + pieces['client'].waited),
        ('unexplained', wall['unexplained_ns'] / 1e6, 0),
    ]


def counted(session, pieces):
    counters, lanes = session.told['counters'], session.account['lanes']
    check(counters['reads'] >= 200000, 'reads', counters)
    check(counters['upstreams'] == 1 and counters['connects'] == 1 and counters['fsyncs'] == 1,
          counters)
    check(len(lanes) == 3, 'lanes', lanes)
    check(session.account['threads_in_parallel'] >= 2, 'in parallel', session.account)
    faults, true = lanes[0]['minor_faults'], pieces['page_faults'].wall * 1000
    check(abs(faults - true) <= 0.02 * true, 'page faults', faults, 'and not', true)
    parts = session.account['wall']
    whole = sum(parts[k] for k in ('cpu_ns', 'waits_ns', 'client_ns', 'not_running_ns', 'idle_ns',
                                   'unexplained_ns'))
    check(whole == session.account['duration_ns'], 'the parts are', whole, session.account)


def one_batch(here, port, rounds):
    """What was off, line by line, as lists over ROUNDS requests."""
    off = {}
    before = set(files(here.sessions))
    stories = []
    with Client(port) as client:
        for _ in range(rounds):
            stories.append(ask_slowly(client))
    new = until('the sessions', lambda: len(set(files(here.sessions)) - before) == rounds and
                sorted(set(files(here.sessions)) - before))
    for path, (pieces, threads) in zip(new, stories):
        session = export(path)
        counted(session, pieces)
        duration = session.account['duration_ns'] / 1e6
        for what, seen, true in line_by_line(session, pieces, threads):
            bound = duration / 100 if what == 'unexplained' else max(0.02 * true, PERIOD_MS)
            off.setdefault(what, []).append((abs(seen - true) / bound, seen, true))
    return off


def judge(here, port, how):
    """In one of some tries the median of every line is within its bound."""
    for _ in range(TRIES):
        wrong = []
        for what, all_off in one_batch(here, port, ROUNDS).items():
            median = statistics.median(o for o, _, _ in all_off)
            within = sum(o <= 1 for o, _, _ in all_off)
            print('    %s: %-24s told %8.2f true %8.2f ms (means); %d of %d within; median of '
                  'the error %.2f of what is allowed'
                  % (how, what, statistics.mean(s for _, s, _ in all_off),
                     statistics.mean(t for _, _, t in all_off), within, len(all_off), median))
            if median > 1:
                wrong.append(what)
        if not wrong:
            return
    raise Failed('off by more than 2 % and one period: ' + ', '.join(wrong))


def mixed(how):
    with place() as here:
        port = harness.free_port()
        argv = [host('mix'), str(port)]
        with server(here, argv, port, env={'REQPROF_KEEP': '1000'}):
            # It asks itself, and so is not alone: beside others a thread is a request's where such
            # threads were joined before.
            harness.ask(port, '/mix')
            judge(here, port, how)


def every_line_is_as_the_host_says():
    mixed('alone')


def on_busy_cpus_only_the_run_delay_grows():
    burners = [subprocess.Popen(['/bin/sh', '-c', 'while :; do :; done'])
               for _ in range(os.cpu_count())]
    try:
        mixed('busy')
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


run(every_line_is_as_the_host_says, on_busy_cpus_only_the_run_delay_grows)
