#!/usr/bin/env python3
# test_page_data.py - what a page holds: sums that are those of the session, names that stay text, a
# policy that is kept, exports like the tool's; few sessions and many samples.
#
# Room: tests.  SPDX-License-Identifier: MIT
import base64
import gzip
import hashlib
import json
import os
import re
import subprocess

import harness
from harness import check, equal, need, run, until
from pages import CTRL, PLACE, VIEWS, chromium, deep, exported, here, html, page, python, record
from pages import shop, shown, source_times, sums, threads
from protobuf import only, packed


def the_head_tells_the_request_and_an_account_that_adds_up():
    told = json.loads(exported(shop()[0]))
    with page(html(shop()[0])) as p:
        equal(p.text('h1').split('\n'), ['GET', '/checkout', '200'])
        parts = dict(p.js('Account.parts(0).map((row) => [row.key, row.ns])'))
        wall = told['account']['wall']
        equal(parts['cpu'], wall['cpu_ns'])
        check(abs(sum(parts.values()) - told['account']['duration_ns']) < 1000,
              'the parts are not the duration', parts)
        check({'wait:recv', 'wait:mutex', 'wait:sleep'} <= set(parts), 'kinds of waits', parts)
        check('handler' in p.text('.phases'), 'no phases')


def the_sums_of_all_views_are_the_total_of_the_session():
    for session in (shop()[0], threads(), python(), deep()):
        wall, cpu, waited = sums(session)
        with page(html(session)) as p:
            for clock, total in (('wall', wall), ('cpu', cpu)):
                p.js('State.set({ clock: "%s", view: "timeline" })' % clock)
                p.settle()
                equal(shown(p, 'tree'), [total], 'tree ' + clock)
                p.press('2')
                equal(shown(p, 'flame'), [total], 'flame ' + clock)
                p.press('4')
                for by in ('function', 'line', 'file', 'library'):
                    p.js('State.set({ by: "%s" })' % by)
                    p.settle()
                    equal(shown(p, 'flat'), [total], 'flat ' + clock + ' by ' + by)
            p.js('State.set({ clock: "wall" })')
            p.settle()
            equal(shown(p, 'timeline'), [wall], 'timeline')
            p.press('6')
            equal(shown(p, 'waits'), [waited], 'waits')
            p.press('5')
            callers, callees, total = shown(p, 'sandwich')
            equal((callers, callees), (total, total), 'sandwich')
            for path, n, ns in source_times(p):
                told = p.js('Sums.by("line").filter((row) => Sums.fn(row).file === %s && Model.nodes.'
                            'line[row.node]).reduce((sum, row) => sum + row.self[0], 0)'
                            % json.dumps(path))
                digit = p.js('Model.scale.ns / 10 ** Model.scale.digits')
                check(abs(ns - told) <= n * digit / 2 + 1, path, 'shows', ns, 'and has', told)


def the_policy_is_kept_and_names_the_script_by_its_hash():
    path = html(shop()[0])
    with open(path, encoding='utf-8', newline='') as file:
        text = file.read()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text).group(1)
    for tag, rule in ('script', 'script-src'), ('style', 'style-src'):
        content, = re.findall('<%s>(.*?)</%s>' % (tag, tag), text, re.S)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        check("%s 'sha256-%s'" % (rule, digest) in policy, tag, 'has another hash')
    check(policy.startswith("default-src 'none'") and 'unsafe' not in policy, policy)
    equal(len(re.findall('</script', text)), 2)
    one = chromium().page()
    one.open(path)
    one.js('(() => { const s = document.createElement("script"); s.textContent = "window.ran = 1"; '
           'document.body.append(s); const i = new Image(); i.src = "http://127.0.0.1:1/x.png"; '
           'return fetch("http://127.0.0.1:1/").catch(() => 0); })()')
    equal(one.js('window.ran'), None, 'a foreign script ran')
    check(len([c for c in one.complaints if 'Content Security Policy' in c]) >= 2, one.complaints)


HOSTILE = ['</script><img src=x onerror=alert(1)>', '"><b onmouseover=\'alert(2)\'>&lt;',
           'abc\u202etxt.exe', '<!--<script>', '&amp;\u2028' + 'x' * 4096]


def hostile_names_are_text():
    """Symbols of a real program, renamed; they go through the shim, the store and the tool."""
    need('nm', 'objcopy', 'strip')
    program, plain = here().file('hostile'), os.path.join(harness.BUILD, 'hosts/shop')
    symbols = subprocess.run(['nm', plain], capture_output=True, check=True).stdout.decode()
    names = {re.search(r' t (%s\S*)' % word, symbols).group(1): name for word, name in zip(
        ['round_money', 'apply_discounts', 'look_up', 'price_items', 'price_cart'], HOSTILE)}
    subprocess.run(['strip', '-g', '-o', program, plain], check=True)
    subprocess.run(['objcopy', *('--redefine-sym=%s=%s' % pair for pair in names.items()),
                    program], check=True)
    target = '/cart?profile=1&x=</script><script>alert(3)</script>"\''
    session, = record([program, 'PORT'], target)
    path = html(session)
    with open(path, encoding='utf-8') as file:
        equal(len(re.findall('</script', file.read(), re.I)), 2)
    with page(path) as p:
        seen = p.js('Model.functions.map((f) => f.name)')
        missing = [name for name in HOSTILE if name not in seen]
        equal(missing, [], 'names that the program has')
        for number in range(len(VIEWS)):
            p.press(str(number + 1))
            equal(p.js('document.querySelectorAll("img, b b, #views script, [onmouseover]").length'),
                  0, 'markup in ' + VIEWS[number])
        check('</script><script>alert(3)' in p.text('h1'), p.text('h1'))
        p.press('4')
        table = p.text('#view-flat')
        check('\u202e' not in table and '\\u202e' in table, 'the direction of text can be turned')
        check(HOSTILE[0] in table, table)
        check(p.js('document.documentElement.scrollWidth <= innerWidth'), 'a long name widens it')


def a_large_session_is_a_small_page():
    path = html(deep())
    size = os.path.getsize(path)
    check(size <= 2000000, 'the page has', size, 'bytes')
    with page(path) as p:
        equal(p.js('Model.points.n'), 20000)
        took = p.js('performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd')
        for number in range(len(VIEWS)):
            p.press(str(number + 1))
        p.js('State.set({ least: 0, libraries: true, view: "tree" })')
        p.settle()
        check(p.js('Tree.rows.rows.length') > 10000, 'not all rows')
        check(p.js('document.querySelectorAll(".row").length') < 400, 'rows out of sight exist')
        p.press('End')
        for view in 'flame', 'timeline':
            p.js('State.set({ view: "%s" })' % view)
            p.settle()
            name = view.capitalize()
            x, y, width, height = p.js(PLACE % name)
            p.js('%s.canvas.frames.length = 0' % name)
            for by in [-100] * 10 + [100] * 10:
                p.wheel(x + width / 2, y + height / 2, by, CTRL)
            worst = p.js('Math.max(...%s.canvas.frames)' % name)
            print('# %s: the slowest of its frames took %.1f ms' % (view, worst))
        print('# %d bytes, opened in %.0f ms' % (size, took))


def too_many_samples_are_summed():
    """Seven times 20 000: their moments are left out, their time is not."""
    copies = [here().file('copy-%d.reqprof' % i, open(deep(), 'rb').read()) for i in range(7)]
    path = html(*copies)
    check(os.path.getsize(path) < 2200000, 'the page has', os.path.getsize(path), 'bytes')
    with page(path) as p:
        equal(p.js('Model.points.count.reduce((a, b) => a + b, 0)'), 7 * 20000)
        for number in range(len(VIEWS)):
            p.press(str(number + 1))
        equal(shown(p, 'tree'), [7 * sums(deep())[0]])
        check('moments were left out' in p.text('#view-timeline'), 'nothing says so')
        equal(p.js('Exports.offered()'), ['pprof', 'folded stacks'])


def a_diff_has_two_sides():
    a, b, c = shop()
    path = html('--diff', a, c)
    with page(path) as p:
        equal(p.js('Model.sets'), [1, 1])
        wanted = [sums(a)[0], sums(c)[0]]
        for number, view in enumerate(VIEWS):
            p.press(str(number + 1))
            if view in ('tree', 'flame', 'flat', 'timeline'):
                equal(shown(p, view), wanted, view)
        p.press('1')
        check(p.text('#view-tree .tree-head').split('\n')[:3] == ['Before', 'After', 'Change'])
        check('new' in p.js('[...document.querySelectorAll("#view-tree .change")].map('
                            '(e) => e.className).join(" ")'), 'nothing is new in another route')
    with page(html(a, b, c)) as p:
        equal(shown(p, 'tree'), [sums(a)[0] + sums(b)[0] + sums(c)[0]], 'merged')
        for number in range(len(VIEWS)):
            p.press(str(number + 1))
    done = subprocess.run([harness.TOOL, 'html', '--diff', a], capture_output=True, check=False)
    equal((done.returncode, done.stdout), (2, b''), 'one word is no comparison')


def the_page_exports_what_the_tool_exports():
    session = threads()
    wall, cpu, waited = sums(session)
    folder = here().file('downloads')
    os.makedirs(folder, exist_ok=True)
    chromium().call('Browser.setDownloadBehavior', behavior='allow', downloadPath=folder)
    with page(html(session)) as p:
        for name in p.js('Exports.offered()'):
            p.js('Exports.save(%s)' % json.dumps(name))
        until('downloads', lambda: len([f for f in os.listdir(folder)
                                        if not f.endswith('.crdownload')]) == 4)
        told = {f.split('.', 1)[1]: open(os.path.join(folder, f), 'rb').read()
                for f in os.listdir(folder)}
    equal(sorted(told), ['folded', 'json', 'pb.gz', 'speedscope.json'])
    equal(sum(int(line.rsplit(' ', 1)[1]) for line in told['folded'].decode().splitlines()),
          wall // 1000)
    equal(sorted(told['folded'].decode().splitlines())[0].rsplit(' ', 1)[0],
          sorted(exported(session, 'folded').decode().splitlines())[0].rsplit(' ', 1)[0])
    profile = gzip.decompress(told['pb.gz'])
    values = [packed(only(s, 2)[0]) for s in only(profile, 2)]
    equal([sum(v[i] for v in values) for i in (1, 2, 3)], [wall, cpu, waited], 'pprof')
    known = {only(m, 1)[0] for m in only(profile, 4)}
    check(all(set(packed(only(s, 1)[0])) <= known for s in only(profile, 2)), 'a location misses')
    scope = json.loads(told['speedscope.json'])
    equal(sum(sum(one['weights']) for one in scope['profiles']), wall, 'speedscope')
    same_json(json.loads(told['json']), json.loads(exported(session)))


def same_json(page_says, tool_says):
    """Numbers of stacks may differ, and the order of samples; nothing else."""
    def plain(told):
        def path(stack):
            return [told['functions'][f]['function'] for f in told['stacks'][stack]]
        def row(one):
            held = one.get('held')
            if held and held['stack'] is not None:
                held = {**held, 'stack': path(held['stack'])}
            return json.dumps({**one, 'stack': path(one['stack']), 'held': held}, sort_keys=True)
        rows = [sorted(map(row, told[key])) for key in ('samples', 'waits')]
        return [*rows, {k: v for k, v in told.items() if k not in ('samples', 'waits', 'stacks')}]
    *lists, seen = plain(page_says)
    *wanted_lists, wanted = plain(tool_says)
    equal(lists, wanted_lists, 'samples and waits')
    for key in sorted({*seen, *wanted}):
        equal(seen.get(key), wanted.get(key), key)


run(the_head_tells_the_request_and_an_account_that_adds_up,
    the_sums_of_all_views_are_the_total_of_the_session,
    the_policy_is_kept_and_names_the_script_by_its_hash, hostile_names_are_text,
    a_large_session_is_a_small_page, too_many_samples_are_summed, a_diff_has_two_sides,
    the_page_exports_what_the_tool_exports)
