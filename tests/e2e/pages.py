# pages.py - pages of recorded sessions in a browser, and the sums of what they show.
#
# Room: tests.  SPDX-License-Identifier: MIT
import atexit
import contextlib
import functools
import json
import os
import shutil
import subprocess

import harness
from browser import browser
from harness import PYTHON, check, equal, files, need, place, server, until

VIEWS = ['tree', 'flame', 'timeline', 'flat', 'sandwich', 'waits', 'source', 'info']
CTRL, SHIFT = 2, 8
PLACE = ('(() => { const b = %s.canvas.element.getBoundingClientRect(); '
         'return [b.x, b.y, b.width, b.height]; })()')
OPEN = contextlib.ExitStack()  # what lives as long as all tests
atexit.register(OPEN.close)


@functools.lru_cache(None)
def here():
    return OPEN.enter_context(place())


@functools.lru_cache(None)
def chromium():
    return OPEN.enter_context(browser())


# ---- sessions of real servers ------------------------------------------------------------------

def record(argv, *targets, **named):
    """The sessions of TARGETS, flagged, on the server ARGV (PORT stands for its port), which has
    answered UNFLAGGED before."""
    unflagged = named.pop('unflagged', ())
    with place(named.pop('owner', None)) as there:
        port = harness.free_port()
        argv = [a.replace('PORT', str(port)).replace('HERE', there.path) for a in argv]
        named.pop('prepare', lambda *_: None)(there, port)
        with server(there, argv, port, **named):
            for target in (*unflagged, *targets):
                harness.ask(port, target, close=True)
            until('sessions', lambda: len(files(there.sessions)) >= len(targets))
        kept = []
        for path in files(there.sessions):
            folder = here().file('sessions-%d' % len(os.listdir(here().path)))
            os.mkdir(folder)
            kept.append(shutil.copy(path, folder))
        return kept


@functools.lru_cache(None)
def shop():
    return record([os.path.join(harness.BUILD, 'hosts/shop'), 'PORT'], '/checkout?profile=1',
                  '/checkout?profile=1', '/cart?profile=1')


@functools.lru_cache(None)
def threads():
    # It asks itself: see test_account_mix.
    return record([os.path.join(harness.BUILD, 'hosts/mix'), 'PORT'], '/mix?profile=1',
                  unflagged=['/mix'])[0]


@functools.lru_cache(None)
def python():
    program = os.path.join(harness.ROOT, 'tests/e2e/py_threads.py')
    return record([PYTHON, program, 'PORT'], '/slow?profile=1')[0]


@functools.lru_cache(None)
def nginx():
    need('nginx')

    def prepare(there, port):
        there.file('www/page.html', '<p>a page to squeeze</p>\n' * 40000)
        temporary = ''.join('%s_temp_path %s/%s;\n' % (name, there.path, name) for name in (
            'client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        there.file('nginx.conf', 'daemon off; pid %s/pid; error_log %s/err; events {} http {\n%s'
                   'access_log off; gzip on; gzip_comp_level 9; gzip_proxied any; gzip_http_version '
                   '1.0; gzip_types *; server { listen 127.0.0.1:%d; root %s/www; } }'
                   % (there.path, there.path, temporary, port, there.path))
        if harness.AS_ROOT:
            there.give(there.sessions, 'nobody')
    return record(['nginx', '-c', 'HERE/nginx.conf', '-e', 'HERE/err'], '/page.html?profile=1',
                  prepare=prepare)[0]


@functools.lru_cache(None)
def deep():
    """20 000 samples of 60 frames."""
    path = here().file('deep.reqprof')
    subprocess.run([os.path.join(harness.BUILD, 'bench/bench_page'), path], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def html(*words):
    path = here().file('page-%d.html' % len(os.listdir(here().path)))
    done = subprocess.run([harness.TOOL, 'html', '-o', path, *words], capture_output=True,
                          check=False)
    equal((done.returncode, done.stdout, done.stderr), (0, b'', b''), 'reqprof html')
    return path


def exported(session, form='json'):
    done = subprocess.run([harness.TOOL, 'export', '-f', form, session], capture_output=True,
                          check=True)
    return done.stdout


@contextlib.contextmanager
def page(path, state='', **named):
    """PATH in a tab; what it must never do is looked at in the end."""
    one = chromium().page(**named)
    one.open(path, state)
    yield one
    equal(one.complaints, [], 'the page complains')
    others = [url for url in one.asked if not url.startswith((
        'file://' + path, 'about:', 'data:', 'blob:'))]
    equal(others, [], 'requests that left the page')


# ---- sums --------------------------------------------------------------------------------------

def sums(path):
    """(wall, cpu, waited) of a session, as the tool exports it."""
    told = json.loads(exported(path))
    waited = sum(max(0, w['span_ns'] - w['cpu_ns']) for w in told['waits'])
    return (waited + sum(s['wall_ns'] for s in told['samples']),
            sum(s['cpu_ns'] for s in told['samples']), waited)


# What views show, summed up by set: of a tree all own times; of Flat and Waits all rows; of Timeline
# what its lanes took; of Sandwich what both sides hold, beside the function's total in Flat.
SHOWN = """
({
	tree: () => Calls.whole().self.map((ns) => ns.reduce((a, b) => a + b, 0)),
	flame: () => Calls.whole().total.map((ns) => ns[0]),
	flat: () => Model.sets.map((n, set) => Flat.rows().reduce((sum, row) => sum + row.self[set], 0)),
	waits: () => Model.sets.map((n, set) => Waits.groups().reduce((sum, g) => sum + g.ns[set], 0)),
	timeline: () => Model.sets.map((n, set) => Timeline.lanes.reduce((sum, lane) =>
		sum + (Model.setOf(lane.lane.session) === set ? lane.wall : 0), 0)),
	sandwich: () => [
		...Object.values(Sandwich.around).map((calls) => calls.total[0][0]),
		Sums.by('function').find((row) => Sums.fn(row).id === Sandwich.around.callers.what[1]).total[0]],
})"""


def shown(p, view):
    return p.js(SHOWN + '.' + view + '()')


def source_times(p):
    """Of each source file the times beside its lines, as they stand there, in ns."""
    p.js('State.set({ view: "source", unit: "time" })')
    for number in range(p.js('Model.sources.length')):
        p.js('State.set({ file: %d })' % number)
        p.settle()
        cells = p.js('[...document.querySelectorAll("#view-source tbody tr td:first-child")].map('
                     '(e) => e.innerText).filter((text) => text && text !== "⋯")')
        units = {'ms': 1e6, 'µs': 1e3, 's': 1e9}
        yield p.js('Model.sources[%d].path' % number), len(cells), sum(
            float(cell.split()[0]) * units[cell.split()[1]] for cell in cells)
