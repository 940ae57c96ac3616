# hosts.py - the small servers of tests/hosts: built, started bare and with the shim, compared.
#
# Room: tests.  `make hosts` builds those that are one file; build() those that are made of more.
# SPDX-License-Identifier: MIT
import contextlib
import os
import shutil
import signal
import subprocess

import harness
from harness import ROOT, SHIM, Server, Skip, ask, body_of, check, equal, files, place, until

SOURCES = os.path.join(ROOT, 'tests', 'hosts', 'lib')
OUT = os.path.join(harness.BUILD, 'hosts', 'lib')
LIBRARY = ['-shared', '-fPIC']
# What is built, of which source, how; $OUT is where it goes.
PARTS = {
    'slow.so': ('slow.c', LIBRARY),
    'burns.so': ('burns.c', LIBRARY),
    'plugins/mine.so': ('slow.c', LIBRARY),
    'plugins/hidden.so': ('slow.c', LIBRARY),
    'others/its.so': ('slow.c', LIBRARY),
    'libopener.so': ('opener.c', LIBRARY + ['-Wl,--enable-new-dtags,-rpath,$ORIGIN/others']),
    'runpath': ('runpath.c', ['-L$OUT', '-lopener',
                              '-Wl,--enable-new-dtags,-rpath,$ORIGIN:$ORIGIN/plugins']),
    'libearly.so': ('early.c', LIBRARY),
    'early_host': ('early_host.c', ['-L$OUT', '-learly', '-Wl,-rpath,$ORIGIN']),
    'fortified': ('fortified.c', ['-D_FORTIFY_SOURCE=2']),
    'throws': ('throws.cc', []),
    'throws_unwind': ('throws.cc', ['-Wl,--no-as-needed', '-lunwind']),
    'storm': ('storm.c', []),
    'storm_no_header': ('storm.c', ['-Wl,--no-eh-frame-hdr']),
    'storm_debug_frame': ('storm.c', ['-fno-asynchronous-unwind-tables',
                                      '-fomit-frame-pointer']),
    'passing.so': ('passing.c', LIBRARY),
    'resumed.so': ('resumed.c', LIBRARY),
    'others/resumed.so': ('resumed.c', LIBRARY),
    'strange/libunwind.so.8': ('strange.c', LIBRARY + ['-Wl,-soname,libunwind.so.8']),
    'linked': ('../descriptors.c', [SHIM, '-Wl,-rpath,' + os.path.dirname(SHIM)]),
}
HEADERS = {'1ms': 'X-Reqprof: save; interval=1ms', '100us': 'X-Reqprof: save; interval=100us'}


def built(name):
    """The path of a part, after building it."""
    source, flags = PARTS[name]
    path = os.path.join(OUT, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    cxx = source.endswith('.cc')
    compiler = 'g++' if cxx else 'cc'
    if not shutil.which(compiler):
        raise Skip('there is no ' + compiler)
    flags = [f.replace('$OUT', OUT) for f in flags]
    subprocess.run([compiler, '-std=c++20' if cxx else '-std=gnu11', '-D_GNU_SOURCE', '-O2', '-g',
                    '-o', path, os.path.join(SOURCES, source)] + flags + ['-lpthread', '-ldl'],
                   check=True)
    return path


def host(name):
    """The path of a host of one file."""
    path = os.path.join(harness.BUILD, 'hosts', name)
    if not os.path.exists(path):
        raise Skip(path + ' is not built: make hosts')
    return path


class Twins:
    """One host twice, bare and with the shim."""

    def __init__(self, stack, program, *modes, env=None, before=None):
        self.here = stack.enter_context(place())
        self.servers, self.n_flagged = {}, 0
        for shim in (False, True):
            port = harness.free_port()
            argv = [program, str(port), *modes]
            one = Server(self.here, argv, port, shim=shim, env=env if shim else None,
                         before=before)
            stack.callback(one.stop, signal.SIGKILL)  # some block all other signals
            self.servers[shim] = one

    def bare(self, target):
        return ask(self.servers[False].port, target, close=True)

    def unflagged(self, target):
        return ask(self.servers[True].port, target, close=True)

    def flagged(self, target, interval='1ms', **named):
        """The answer, and the session that came of it."""
        before = set(files(self.here.sessions))
        raw = ask(self.servers[True].port, target, headers=[HEADERS[interval]], close=True)
        self.n_flagged += 1
        new = until('the session of ' + target,
                    lambda: set(files(self.here.sessions)) - before, 8)
        equal(len(new), 1, 'the number of sessions of one request')
        return raw, complete(harness.export(new.pop()), raw, target, **named)

    def caught(self, target, **named):
        """The same of a request that nobody flagged, where the host's env has REQPROF_SLOW."""
        before = set(files(self.here.sessions))
        raw = ask(self.servers[True].port, target, close=True)
        self.n_flagged += 1
        new = until('the session of ' + target,
                    lambda: set(files(self.here.sessions)) - before, 8)
        equal(len(new), 1, 'the number of sessions of one request')
        return raw, complete(harness.export(new.pop()), raw, target, **named)

    def finish(self):
        """No session but those that were asked for, none half-written, nothing to complain of."""
        until('the last session', lambda: len(files(self.here.sessions)) >= self.n_flagged and
              not files(self.here.sessions, 'part'), 8)
        equal(len(files(self.here.sessions)), self.n_flagged, 'the number of sessions')
        equal(self.here.said(), '', 'the log of the shim')


def complete(session, raw, target):
    """SESSION tells the whole of the request that RAW answers."""
    check(session.told['complete'], 'the session of', target, 'is not complete:',
          session.told['incomplete_why'])
    equal(session.target, target, 'the target')
    equal(session.request['bytes_out'], len(raw), 'bytes_out of ' + target)
    return session


@contextlib.contextmanager
def twins(program, *modes, **named):
    with contextlib.ExitStack() as stack:
        yield Twins(stack, program, *modes, **named)


def same_answers(both, targets, like=lambda raw: raw):
    """Every target answers the same bare, with the shim, and flagged at two rates; each flagged
    request is one complete session: those are returned, by target and rate."""
    told = {}
    for target in targets:
        bare = like(both.bare(target))
        equal(like(both.unflagged(target)), bare, target + ' with the shim')
        for interval in HEADERS:
            raw, told[target, interval] = both.flagged(target, interval)
            equal(like(raw), bare, '%s flagged at %s' % (target, interval))
    both.finish()
    return told


def text(raw):
    return body_of(raw).decode()
