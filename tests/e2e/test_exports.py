#!/usr/bin/env python3
# test_exports.py - one session in every format: each can be read, and each has the same sums.
#
# Room: tests.  Readers of our own, of as much of each format as the sums take; test_exports_readers.py has
# those of others.  SPDX-License-Identifier: MIT
import csv
import gzip
import json
import os
import re
import subprocess

import harness
from harness import check, equal, files, place, run, server, until
from protobuf import only, packed

SHOP = os.path.join(harness.BUILD, 'hosts/shop')


def record(here):
    """A session of the demo host: CPU, inlined functions and waits."""
    port = harness.free_port()
    with server(here, [SHOP, str(port)], port):
        harness.ask(port, '/checkout?profile=1')
        until('the session', lambda: files(here.sessions))
    return files(here.sessions)[0]


def exported(session, form):
    done = subprocess.run([harness.TOOL, 'export', '-f', form, session], capture_output=True,
                          check=False)
    equal((done.returncode, done.stderr), (0, b''), form)
    return done.stdout


# --- sums: (wall, cpu, wait) in ns; None where a format has no such number ---

def of_json(data):
    told = json.loads(data)
    waited = sum(max(0, w['span_ns'] - w['cpu_ns']) for w in told['waits'])
    return (waited + sum(s['wall_ns'] for s in told['samples']),
            sum(s['cpu_ns'] for s in told['samples']), waited)


def of_folded(data):
    rows = [line.rsplit(' ', 1) for line in data.decode().splitlines()]
    return (sum(int(n) for _, n in rows), None,
            sum(int(n) for stack, n in rows if stack.rsplit(';', 1)[-1].startswith('[wait: ')))


def of_pprof(data):
    profile = gzip.decompress(data)
    samples = [packed(only(s, 2)[0]) for s in only(profile, 2)]
    strings = [s.decode() for s in only(profile, 6)]
    types = [strings[only(t, 1)[0]] for t in only(profile, 1)]
    equal(types, ['samples', 'cpu', 'wait', 'wall'])
    equal(types[-1], strings[only(profile, 14)[0]], 'the default')
    equal(strings[0], '')
    locations = {only(m, 1)[0]: m for m in only(profile, 4)}
    functions = {only(m, 1)[0] for m in only(profile, 5)}
    for sample in only(profile, 2):
        check(all(i in locations for i in packed(only(sample, 1)[0])), 'a location is missing')
    for location in locations.values():
        check(all(only(line, 1)[0] in functions for line in only(location, 4)), 'no function')
    check(any(len(only(m, 4)) > 1 for m in locations.values()), 'nothing is inlined')
    labels = {strings[only(label, 1)[0]]: strings[only(label, 2)[0]]
              for s in only(profile, 2) for label in only(s, 3)}
    equal(labels['route'], 'GET /checkout')
    return tuple(sum(s[types.index(t)] for s in samples) for t in ('wall', 'cpu', 'wait'))


def of_otlp(data):
    sums = {}
    dictionary = only(data, 2)[0]
    strings = [s.decode() for s in only(dictionary, 5)]
    n_stacks, n_attributes = len(only(dictionary, 7)), len(only(dictionary, 6))
    for profile in only(only(only(data, 1)[0], 2)[0], 2):
        name = strings[only(only(profile, 1)[0], 1)[0]]
        sums[name] = 0
        for sample in only(profile, 2):
            check(0 < only(sample, 1)[0] < n_stacks, 'no such stack')
            check(all(i < n_attributes for i in packed(only(sample, 2)[0])), 'no such attribute')
            sums[name] += sum(packed(only(sample, 4)[0]))
    return sums['wall'], sums['cpu'], sums['wait']


def of_speedscope(data):
    told = json.loads(data)
    wall = 0
    for profile in told['profiles']:
        equal(len(profile['samples']), len(profile['weights']))
        equal(profile['endValue'], sum(profile['weights']))
        check(all(0 <= f < len(told['shared']['frames']) for s in profile['samples'] for f in s))
        wall += sum(profile['weights'])
    return wall, None, None


def of_firefox(data):
    told = json.loads(data)
    wall = cpu = waits = 0
    for thread in told['threads']:
        for table in thread.values():
            if isinstance(table, dict):
                check(all(len(column) == table['length'] for column in table.values()
                          if isinstance(column, list)), 'columns of different length')
        equal(max(thread['stackTable']['frame']) < thread['frameTable']['length'], True)
        equal(max(thread['funcTable']['name']) < len(thread['stringArray']), True)
        wall += sum(round(w * 1e6) for w in thread['samples']['weight'])
        cpu += sum(thread['samples']['threadCPUDelta'])
        leaves = [thread['stringArray'][thread['frameTable']['func'][s]]
                  for s in thread['samples']['stack']]
        waits += sum(round(w * 1e6) for w, leaf in zip(thread['samples']['weight'], leaves)
                     if leaf.startswith('[wait: '))
    return wall, cpu, waits


def of_callgrind(data):
    sums, after_calls = [0, 0, 0], False
    for line in data.decode().splitlines():
        if re.match(r'\d', line) and not after_calls:
            sums = [a + int(b) for a, b in zip(sums, line.split()[1:])]
        after_calls = line.startswith('calls=')
        if line.startswith('summary: '):
            told = [int(n) for n in line.split()[1:]]
    equal(told, sums, 'the summary of callgrind')
    return tuple(sums)


def of_csv(data):
    rows = list(csv.DictReader(data.decode().splitlines()))
    return (sum(int(r['self_ns']) for r in rows), sum(int(r['self_cpu_ns']) for r in rows),
            sum(int(r['self_ns']) for r in rows if r['function'].startswith('[wait: ')))


READERS = {'json': of_json, 'pprof': of_pprof, 'otlp-experimental': of_otlp,
           'speedscope': of_speedscope, 'firefox': of_firefox, 'callgrind': of_callgrind,
           'csv': of_csv}


def all_formats_have_the_same_sums():
    with place() as here:
        session = record(here)
        wanted = of_json(exported(session, 'json'))
        check(wanted[0] > 0 and wanted[2] > 0, 'nothing was recorded', wanted)
        for form, reader in READERS.items():
            for name, seen, sum_ns in zip(('wall', 'cpu', 'wait'), reader(exported(session, form)),
                                          wanted):
                if seen is not None:
                    equal(seen, sum_ns, form + ' ' + name)
        wall_us, _, _ = of_folded(exported(session, 'folded'))
        equal(wall_us, wanted[0] // 1000, 'folded')
        trace = json.loads(exported(session, 'chrome'))['traceEvents']
        waits = json.loads(exported(session, 'json'))['waits']
        equal(sum(round(e['dur'] * 1000) for e in trace if e.get('cat') == 'wait'),
              sum(w['span_ns'] for w in waits), 'chrome')
        check(b'apply_discounts' in exported(session, 'markdown'), 'no function in the report')


def all_reports_have_the_same_sums():
    with place() as here:
        session = record(here)
        wall, cpu, wait = of_json(exported(session, 'json'))
        for words, sum_ns in ((['flat'], wall), (['flat', '--cpu'], cpu), (['hot-paths'], wall),
                              (['hot-paths', '--cpu'], cpu)):
            told = harness.tool(*words, '-n', '0', session)
            equal(sum(r['time_ns'] for r in told['rows']), sum_ns, words)
            equal(told['whole_ns'], sum_ns, words)
        for words, sum_ns in ((['show'], wall), (['show', '--cpu'], cpu),
                              (['show', '--timeline'], wall)):
            calls = harness.tool(*words, session)['calls']
            equal(calls[0]['total_ns'], sum_ns, words)
            equal(sum(c['self_ns'] for c in calls), sum_ns, words)
        equal(harness.tool('waits', '-n', '0', session)['whole_ns'], wait, 'waits')
        merged = harness.tool('merge', session)
        equal(merged['flat']['whole_ns'], wall, 'merge')


def the_end_of_the_name_chooses_the_format():
    with place() as here:
        session = record(here)
        for end, begin in (('.pb.gz', b'\x1f\x8b'), ('.speedscope.json', b'{"$schema"'),
                           ('.json', b'{\n'), ('.md', b'## `GET`'), ('.callgrind', b'# callgrind')):
            path = os.path.join(here.path, 'x' + end)
            done = subprocess.run([harness.TOOL, 'export', '-o', path, session],
                                  capture_output=True, check=False)
            equal((done.returncode, done.stdout), (0, b''), end)
            with open(path, 'rb') as file:
                check(file.read().startswith(begin), end, 'is another format')


run(all_formats_have_the_same_sums, all_reports_have_the_same_sums, the_end_of_the_name_chooses_the_format)
