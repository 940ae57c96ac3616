#!/usr/bin/env python3
# test_exports_readers.py - every export is given to readers that others wrote, and these find in it
# what `reqprof flat` says: the whole, and the own time of each function.
#
# Room: tests.  A reader that is not there is skipped, with its name; `make readers` gets those that
# Debian does not have.  SPDX-License-Identifier: MIT
import base64
import html
import json
import os
import re
import shutil
import subprocess

import harness
from harness import Skip, check, equal, run, until
from pages import chromium, exported, here, shop

READERS = os.path.join(harness.BUILD, 'readers')
PLACES = [os.path.join(READERS, 'bin'), os.path.join(READERS, 'node_modules/.bin'),
          os.environ.get('PATH', ''), '/usr/share/perl5/Devel/NYTProf']


def reader(name, package):
    found = shutil.which(name, path=':'.join(PLACES))
    if not found:
        raise Skip('there is no %s (%s)' % (name, package))
    return found


def read(*words, **more):
    done = subprocess.run(words, capture_output=True, check=False, timeout=100, **more)
    equal(done.returncode, 0, '%s says: %s' % (words[0], done.stderr.decode()[-300:]))
    return done.stdout.decode()


def export(form, end):
    """The path of the one session of these tests, as FORM."""
    path = here().file('profile' + end)
    with open(path, 'wb') as file:
        file.write(exported(shop()[0], form))
    return path


def flat(*words):
    """What we say: {function: its own ns}."""
    own = {}
    for row in harness.tool('flat', '-n', '0', *words, shop()[0])['rows']:
        own[row['function']] = own.get(row['function'], 0) + row['time_ns']
    check(sum(own.values()) > 1e7, 'too little was recorded', own)
    return own


def same(theirs, ours, within_ns, what):
    """Each function of ours has its time in THEIRS, and nothing else has."""
    for name in {*theirs, *ours}:
        apart = abs(theirs.get(name, 0) - ours.get(name, 0))
        check(apart <= within_ns, '%s: %s has %s, and flat says %s'
              % (what, name, theirs.get(name), ours.get(name)))


def number(text):
    return float(text.replace(',', ''))


def pprof():
    if shutil.which('pprof', path=':'.join(PLACES)):
        return [reader('pprof', 'github.com/google/pprof')]
    return [reader('go', 'golang-go'), 'tool', 'pprof']


def pprof_reads_pprof():
    words, path = pprof(), export('pprof', '.pb.gz')
    home = {**os.environ, 'HOME': here().path, 'PPROF_TMPDIR': here().path}
    for index, ours in ('wall', flat()), ('cpu', flat('--cpu')):
        told = read(*words, '-top', '-nodecount=0', '-nodefraction=0', '-unit=ns',
                    '-sample_index=' + index, path, env=home)
        rows = re.findall(r'^ *(\d+)(?:ns)? +\S+% +\S+% +\d+\S* +\S+% +(.*?)(?: \(inline\))?$', told, re.M)
        theirs = {}
        for ns, name in rows:
            theirs[name] = theirs.get(name, 0) + int(ns)
        same(theirs, ours, 1, 'pprof -top, ' + index)
    told = read(*words, '-peek', '^price_cart$', '-unit=ns', path, env=home)
    check(re.search(r'\|   checkout\n.*\| price_cart\n.*\|   price_items\n', told), told)
    told = read(*words, '-tags', path, env=home)
    check('GET /checkout' in told and 'request_id' in told and 'thread' in told, told)


def flame_graphs_read_folded():
    ours, path = flat(), export('folded', '.folded')
    seen = []
    for name, package in ('flamegraph.pl', 'libdevel-nytprof-perl'), ('inferno-flamegraph', 'make readers, by cargo'):
        try:
            svg = html.unescape(read(reader(name, package), path))
        except Skip as why:
            seen.append(why)
            continue
        whole = re.search(r'<title>all \(([\d,]+) samples, 100%\)', svg)
        check(abs(number(whole.group(1)) * 1000 - sum(ours.values())) < 1000, name, whole.group(0))
        missing = [f for f, ns in ours.items() if ns > sum(ours.values()) / 100
                   and '<title>%s (' % f not in svg]
        equal(missing, [], name)
    if len(seen) == 2:
        raise Skip('; '.join(map(str, seen)))
    for why in seen:
        print('#', why)


def speedscope_reads_five_formats():
    """The application itself, in a browser, as its own command opens it."""
    command = reader('speedscope', 'make readers, by npm')
    app = os.path.join(os.path.dirname(os.path.realpath(command)), '../dist/release/index.html')
    ours, waits, whole = flat(), {}, json.loads(exported(shop()[0]))
    for wait in whole['waits']:  # of a trace the spans, which hold their CPU time as well
        name = whole['functions'][whole['stacks'][wait['stack']][-1]]['function']
        waits[name] = waits.get(name, 0) + wait['span_ns']
    for form, end, unit_ns, wanted, tab in (
            ('speedscope', '.speedscope.json', None, ours, 0), ('folded', '.folded', 1000, ours, 0),
            ('pprof', '.pb.gz', None, ours, 0), ('callgrind', '.callgrind', 1, ours, 0),
            ('chrome', '.trace.json', None, waits, 1)):
        with open(export(form, end), 'rb') as file:
            data = base64.b64encode(file.read()).decode()
        load = here().file('load.js', 'speedscope.loadFileFromBase64(%s, %s)'
                           % (json.dumps('x' + end), json.dumps(data)))
        page = chromium().page()
        page.open(os.path.normpath(app), 'localProfilePath=' + load)
        page.until('speedscope to read ' + form,
                   lambda p=page: 'Sandwich' in p.js('document.body.innerText'))
        for _ in range(tab):
            page.press('n')  # the next profile of the file
        page.press('3')
        page.settle()
        text = page.js('document.body.innerText')
        rows = re.findall(r'^([\d.,]+)(\D*?) \(\S+%\)\|?\n\t?([\d.,]+)(\D*?) \(\S+%\)\|?\n\t?(.*)$',
                          text.replace('\t', '\n').replace('\n\n', '\n'), re.M)
        units = {'ms': 1e6, 'µs': 1e3, 's': 1e9, 'ns': 1, '': unit_ns}
        theirs = {name.split(' {"')[0]: number(own) * units[unit] for _, _, own, unit, name in rows}
        for name in sorted(wanted, key=wanted.get)[-4:]:
            check(abs(theirs.get(name, 0) - wanted[name]) < 0.01 * wanted[name],  # few digits are shown
                  form, name, theirs.get(name), 'and not', wanted[name], text[:400])


def mozilla_reads_firefox():
    """Of the same code as profiler.firefox.com, by its maker, as a command."""
    command, path = reader('profiler-cli', 'make readers, by npm'), export('firefox', '.firefox.json')
    ours, own = flat(), {**os.environ, 'PROFILER_CLI_SESSION_DIR': here().path,
                         'PROFILER_CLI_NO_SYMBOLICATE': '1', 'HOME': here().path}

    def ask(*words):
        return json.loads(read(command, *words, '--json', '--session', 'reqprof', env=own))
    # `load` starts this in the background, and waits no longer than half a second.
    child = subprocess.Popen([command, '--daemon', path, '--session', 'reqprof'], env=own,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until('profiler-cli', lambda: not subprocess.run(
            [command, 'status', '--session', 'reqprof'], capture_output=True, check=False, env=own).returncode)
        theirs = {f['name']: f['selfSamples'] * 1e6 for f in ask('thread', 'functions')['functions']}
        markers = {kind['markerName']: kind['count'] for kind in ask('thread', 'markers')['byType']}
        cpu_ms = ask('profile', 'info')['processes'][0]['cpuMs']
    finally:
        child.terminate()
        child.wait()
    same(theirs, ours, 1000, 'profiler-cli')
    check(abs(cpu_ms * 1e6 - sum(flat('--cpu').values())) < 1000, 'CPU', cpu_ms)
    equal(markers['wait'], len(json.loads(exported(shop()[0]))['waits']), 'markers')


def callgrind_annotate_reads_callgrind():
    command, path, ours = reader('callgrind_annotate', 'valgrind'), export('callgrind', '.callgrind'), flat()
    told = read(command, '--auto=no', '--threshold=100', path)
    total = re.search(r'([\d,]+) \(100.0%\).*PROGRAM TOTALS', told)
    equal(number(total.group(1)), sum(ours.values()))
    theirs = {}
    for ns, name in re.findall(r'^ *([\d,]+) \( *[\d.]+%\).*?[^\s:]*:(.*?)(?: \[.*?\])?$', told, re.M):
        theirs[name] = theirs.get(name, 0) + number(ns)
    same(theirs, ours, 1, 'callgrind_annotate')


OTLP = '''
import sys
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.profiles.v1development.profiles_pb2 import ProfilesData
data = ProfilesData.FromString(open(sys.argv[1], 'rb').read())
d, text = data.dictionary, data.dictionary.string_table
assert not len(UnknownFieldSet(data)) and not len(UnknownFieldSet(d)), 'unknown fields'
for profile in data.resource_profiles[0].scope_profiles[0].profiles:
    assert not len(UnknownFieldSet(profile)), 'unknown fields'
    for s in profile.samples:
        leaf = d.location_table[d.stack_table[s.stack_index].location_indices[0]]
        name = text[d.function_table[leaf.lines[0].function_index].name_strindex]
        print(text[profile.sample_type.type_strindex], sum(s.values), name, sep='\\t')
'''


def opentelemetry_reads_otlp():
    python = os.path.join(READERS, 'bin/python3')
    if not os.path.exists(python) or subprocess.run(
            [python, '-c', 'import opentelemetry.proto.profiles'], capture_output=True, check=False).returncode:
        raise Skip('there is no opentelemetry-proto (make readers, by pip)')
    theirs = {'wall': {}, 'cpu': {}, 'wait': {}}
    for line in read(python, '-c', OTLP, export('otlp-experimental', '.otlp')).splitlines():
        kind, ns, name = line.split('\t')
        theirs[kind][name] = theirs[kind].get(name, 0) + int(ns)
    same(theirs['wall'], flat(), 0, 'wall')
    same(theirs['cpu'], flat('--cpu'), 0, 'cpu')


def cmark_reads_markdown():
    command, path = reader('cmark-gfm', 'cmark-gfm'), export('markdown', '.md')
    told = html.unescape(read(command, '-e', 'table', path))
    check('<h2><code>GET</code> <code>/checkout</code>' in told, told[:300])
    rows = re.findall(r'<tr>\n(.*?)</tr>', told, re.S)
    check(any('look_up' in row for row in rows), 'no row of a table has look_up')
    check(told.count('<table>') >= 2 and '|' not in re.sub(r'<pre>.*?</pre>', '', told, flags=re.S), told)


def sqlite_and_jq_read_csv_and_json():
    ours = flat()
    told = read(reader('jq', 'jq'), '[.samples[].wall_ns, (.waits[] | .span_ns - .cpu_ns | if . < 0 then 0 '
                'else . end)] | add', export('json', '.json'))
    equal(int(float(told)), sum(ours.values()), 'jq')
    told = read(reader('sqlite3', 'sqlite3'), '-csv', ':memory:', '.import %s t' % export('csv', '.csv'),
                'select sum(self_ns) from t')
    equal(int(told), sum(ours.values()), 'sqlite3')


run(pprof_reads_pprof, flame_graphs_read_folded, speedscope_reads_five_formats, mozilla_reads_firefox,
    callgrind_annotate_reads_callgrind, opentelemetry_reads_otlp, cmark_reads_markdown,
    sqlite_and_jq_read_csv_and_json)
