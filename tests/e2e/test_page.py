#!/usr/bin/env python3
# test_page.py - `reqprof html` in a headless Chromium: every view, by keyboard and mouse, on sessions
# of real servers.  After each test the page must have said nothing on its console and asked nobody.
#
# Room: tests.  SPDX-License-Identifier: MIT
import base64
import json
import os
import re

import harness
from harness import Skip, check, equal, run, until
from pages import CTRL, PLACE, SHIFT, VIEWS, exported, html, nginx, page, python, shop, shown
from pages import sums, threads


def every_view_opens_on_real_sessions():
    for session in (shop()[0], threads(), python(), nginx()):
        with page(html(session)) as p:
            for number, view in enumerate(VIEWS):
                p.press(str(number + 1))
                equal(p.js('State.now.view'), view)
                check(p.js('document.getElementById("view-%s").checkVisibility()' % view), view)
                equal(p.js('document.querySelectorAll(".view:not([hidden])").length'), 1)
            p.press('1')
            check(re.search(r'\d ms\s', p.text('#view-tree')), 'no times in the tree')


def a_part_of_the_account_filters_every_view():
    wall, cpu, waited = sums(shop()[0])
    with page(html(shop()[0])) as p:
        whole = 0
        for part in p.js('Account.parts(0).map((row) => row.key)'):
            p.js('State.set({ part: %s })' % json.dumps(part))
            p.settle()
            told, = shown(p, 'tree')
            equal(shown(p, 'flat'), [told], part)
            if part == 'cpu':
                equal(told, cpu)
            whole += told if part.startswith('wait:') else 0
        equal(whole, waited, 'the kinds of waits')
        p.js('State.set({ part: "" })')
        p.click('.part[data-part="wait:mutex"]')
        equal(p.js('State.now.part'), 'wait:mutex')
        check('book_order' in p.text('#view-tree') and 'look_up' not in p.text('#view-tree'),
              'the tree is not filtered')
        check('only mutex' in p.text('#only'), 'nothing says what is left out')
        p.press('Escape')
        equal(p.js('State.now.part'), '')


def one_search_marks_all_views_and_tells_its_share():
    with page(html(shop()[0])) as p:
        p.press('/')
        p.type('^price_')
        share = p.js('100 * Search.share().sum / Search.share().whole')
        check(20 < share < 90, 'a share of', share)
        check(p.text('#matched').startswith('%.1f' % share), p.text('#matched'))
        equal(p.js('[...document.querySelectorAll(".row.hit .name")].map((e) => e.innerText)'),
              ['price_cart', 'price_items'])
        p.press('Enter')
        equal(p.js('Calls.whole().label(State.now.chosen)'), 'price_cart')
        p.press('Enter')
        equal(p.js('Calls.whole().label(State.now.chosen)'), 'price_items')
        p.js('document.activeElement.blur()')
        p.press('4')
        equal(p.js('document.querySelectorAll("#view-flat tbody tr").length'), 2)
        p.press('6')
        equal(p.js('document.querySelectorAll("#view-waits details").length'), 0)
        for view in '2', '3', '5', '7', '8':
            p.press(view)
        p.press('2', 'N')
        equal(p.js('Calls.whole().label(State.now.chosen)'), 'price_cart')
        p.press('/')
        p.js('document.getElementById("search").value = ""')
        p.type('(')
        equal(p.js('document.getElementById("search").ariaInvalid'), 'true')
        p.press('Escape')
        equal(p.js('State.now.q'), '')


def the_tree_is_driven_by_keys_and_is_a_tree_for_those_who_listen():
    with page(html(shop()[0])) as p:
        p.press('ArrowDown', 'ArrowDown', 'ArrowDown')
        row = ('(() => { const t = document.querySelector("#view-tree [role=tree]"); const r = '
               'document.getElementById(t.getAttribute("aria-activedescendant")); return r && '
               '[r.getAttribute("role"), r.ariaLevel, r.ariaExpanded, r.ariaSelected, '
               'r.querySelector(".name").innerText]; })()')
        equal(p.js(row), ['treeitem', '3', 'true', 'true', 'http_connection'])
        n = p.js('Tree.rows.rows.length')
        p.press('ArrowLeft')
        equal((p.js('Tree.rows.rows.length'), p.js(row)[2]), (3, 'false'))
        p.press('ArrowRight', 'ArrowRight')
        equal((p.js('Tree.rows.rows.length'), p.js(row)[4]), (n, 'serve'))
        p.press('ArrowLeft', 'ArrowLeft')
        equal(p.js(row)[4], 'http_connection')
        p.press('End', 'Home', 'l')
        check(p.js('State.now.libraries'), 'l')
        stack = p.js('Chosen.stack(State.now.chosen)')
        check(stack.startswith('clone3'), stack)
        p.press('y')
        until('the copy', lambda: p.text('#said') == 'The stack is copied.')
        p.press('Enter')
        equal(p.js('[State.now.view, Model.functions[State.now.fn].name]'), ['sandwich', 'clone3'])


def the_flame_graph_zooms_by_mouse_wheel_and_keys():
    with page(html(shop()[0])) as p:
        p.press('2')
        x, y, width, _ = p.js(PLACE % 'Flame')
        p.js('State.set({ chosen: Calls.whole().what.indexOf(Model.functions.findIndex('
             '(f) => f.name === "price_cart")) })')
        p.press('Enter')
        until('the glide', lambda: p.js('!Flame.canvas.glide'))
        equal(p.js('Calls.whole().label(State.now.zoom)'), 'price_cart')
        share = p.js('(Flame.canvas.range[1] - Flame.canvas.range[0]) / Calls.whole().total[0][0]')
        check(0.2 < share < 0.9, share)
        p.click_at(x + width / 2, y + 10)  # the whole, above
        equal(p.js('State.now.zoom'), 0)
        until('the glide', lambda: p.js('!Flame.canvas.glide'))
        p.wheel(x + width / 2, y + 30, -200, CTRL)
        check(p.js('Flame.canvas.range[1] - Flame.canvas.range[0]') < shown(p, 'flame')[0] * 0.9, 'wheel')
        p.press('0', 'ArrowDown', 'ArrowDown', 'i')
        check(p.js('State.now.flame'), 'i')
        x, y, width, height = p.js(PLACE % 'Flame')
        p.mouse('mouseMoved', x + width / 2, y + height - 10, button='none')
        p.settle()
        check(p.js('!Flame.canvas.tip.hidden'), 'no hint under the mouse')


def the_timeline_zooms_moves_and_picks_a_range():
    with page(html(threads())) as p:
        p.press('3')
        check(p.js('Model.lanes.length') >= 3, 'threads')
        x, y, width, _ = p.js(PLACE % 'Timeline')
        seen = p.js('Timeline.canvas.range')
        p.wheel(x + width / 2, y + 100, -400)
        close = p.js('Timeline.canvas.range')
        check(close[1] - close[0] < (seen[1] - seen[0]) * 0.8, 'the wheel does not zoom')
        p.mouse('mousePressed', x + 500, y + 100)
        p.mouse('mouseMoved', x + 400, y + 100)
        p.mouse('mouseReleased', x + 400, y + 100)
        p.settle()
        check(p.js('Timeline.canvas.range[0]') > close[0], 'dragging does not move')
        p.press('0')
        until('the glide', lambda: p.js('!Timeline.canvas.glide'))
        p.mouse('mousePressed', x + 100, y + 100, SHIFT)
        for step in 200, 300, 400:
            p.mouse('mouseMoved', x + step, y + 100, SHIFT)
        p.mouse('mouseReleased', x + 400, y + 100, SHIFT)
        p.settle()
        begin, end = p.js('[State.now.from, State.now.to]')
        check(end > begin > 0, 'no range is picked')
        part = p.js('Weights.now().total[0]')
        threads_at_once = p.js('Model.lanes.length')
        check(0 < part < (end - begin) * threads_at_once * 1.1, 'the range holds', part)
        p.press('Escape')
        equal(p.js('State.now.from'), -1)


# Where an arrow's middle is, on the canvas; and what is painted there.
MIDDLE = ('(() => { const a = Handoffs.drawn()[%d], [{ from, to }] = a.of; return [(a.x + a.end) / 2, '
          '((from ? from.top + 3 : to.top - 16) + to.top) / 2 - Timeline.canvas.top]; })()')
PIXELS = ('(({ element: e }) => { const c = new OffscreenCanvas(e.width, e.height).getContext("2d", '
          '{ willReadFrequently: true }); c.drawImage(e, 0, 0); '
          'return c.getImageData(0, 0, e.width, e.height).data; })(Timeline.canvas)')


def handoffs_are_arrows_between_lanes():
    told = json.loads(exported(threads()))
    equal([h['by'] for h in told['handoffs']], ['thread created'] * 2)
    for scheme in 'light', 'dark':
        with page(html(threads()), prefers_color_scheme=scheme) as p:
            p.press('3')
            p.settle()
            equal(p.js('Handoffs.drawn().map((a) => a.of.length)'), [1, 1])
            equal(p.js('Handoffs.drawn().every((a) => a.of[0].from.top < a.of[0].to.top)'), True)
            p.js('window.before = %s' % PIXELS)
            p.js('Handoffs.make([]), Timeline.canvas.soon()')
            p.settle()
            gone = p.js('(() => { const now = %s; let n = 0; for (let i = 0; i < now.length; i += 4) '
                        'n += Math.abs(now[i] - before[i]) > 40; return n; })()' % PIXELS)
            check(gone > 200, scheme, 'has no arrows that can be seen:', gone, 'pixels')
    with page(html(threads())) as p:
        p.press('3')
        x, y, _, _ = p.js(PLACE % 'Timeline')
        at = p.js(MIDDLE % 0)
        p.mouse('mouseMoved', x + at[0], y + at[1], button='none')
        p.settle()
        # One that is over before its name is asked for has none.
        names = ['%s %d' % (t['name'] or 'thread', t['tid']) for t in told['threads']]
        tip = p.text('.tip').split('\n')
        equal(tip[0], 'thread created')
        check(tip[1] in ['%s → %s' % (a, b) for a in names for b in names if a != b], tip)
        check(re.fullmatch(r'given at .*\d m?s, taken [\d.]+ .s later', tip[2]), tip)
        p.press('h')
        close = p.js('Timeline.canvas.range')
        one = p.js('Model.handoffs.slice().sort((a, b) => a.taken - b.taken)[0]')
        check(close[0] <= one['given'] <= one['taken'] <= close[1], 'h shows', close, 'not', one)
        check(p.text('#said').startswith('thread created, '), p.text('#said'))
        p.press('0')
        until('the glide', lambda: p.js('!Timeline.canvas.glide'))
        # Many: what would lie on each other is one, and none is lost.
        p.js('for (let i = 0, [h] = Model.handoffs; i < 20000; i++) Model.handoffs.push({ ...h, '
             'given: i / 20000 * Model.duration, taken: i / 20000 * Model.duration + 5000 })')
        p.js('Handoffs.make(Timeline.lanes), Timeline.canvas.soon()')
        p.settle()
        equal(p.js('Handoffs.drawn().reduce((n, a) => n + a.of.length, 0)'), 20002)
        drawn = p.js('Handoffs.drawn().length')
        check(50 < drawn < p.js('Timeline.canvas.width') / 4, drawn, 'arrows')
        at = p.js(MIDDLE % 40)
        p.mouse('mouseMoved', x + at[0], y + at[1], button='none')
        p.settle()
        check(re.search(r'thread created × \d+', p.text('.tip')), p.text('.tip'))
        p.press('h')
        check(p.js('Handoffs.drawn().length') <= drawn, 'nobody looks closer')


def what_was_chosen_is_in_the_address():
    path = html(shop()[0])
    with page(path) as p:
        p.press('4', 'p', 'c')
        p.js('State.set({ by: "file", q: "a&b=c#d" })')
        p.settle()
        state = p.js('location.hash').lstrip('#')
        seen = p.text('#view-flat')
    with page(path, state) as p:
        equal(p.js('[State.now.view, State.now.unit, State.now.clock, State.now.by, State.now.q]'),
              ['flat', 'share', 'cpu', 'file', 'a&b=c#d'])
        equal(p.text('#view-flat'), seen)
    with page(path, 'view=nonsense&chosen=999999&zoom=-4&lane=77&fn=99999&sort=x&by=y&part=z&q=('):
        pass


def the_sheet_tells_the_keys():
    with page(html(shop()[0])) as p:
        p.press('?')
        check(p.js('document.getElementById("sheet").open'), 'closed')
        check('regular expression' in p.text('#sheet'), 'no keys')
        p.press('?')
        check(not p.js('document.getElementById("sheet").open'), 'open')


def both_colour_schemes_and_a_telephone_and_paper():
    path = html(shop()[0])
    seen = set()
    for scheme in 'light', 'dark':
        with page(path, prefers_color_scheme=scheme) as p:
            equal(p.js('document.documentElement.dataset.theme'), scheme)
            seen.add(p.js('getComputedStyle(document.body).backgroundColor'))
    equal(len(seen), 2)
    with page(path) as p:
        p.resize(390, 844, mobile=True)
        for number in range(len(VIEWS)):
            p.press(str(number + 1))
            check(p.js('document.documentElement.scrollWidth') <= 390, VIEWS[number], 'is wider')
        p.resize(1280, 800)
        p.press('1')
        pdf = base64.b64decode(p.call('Page.printToPDF')['data'])
        check(pdf.startswith(b'%PDF') and len(pdf) > 10000, 'paper is empty')
    with page(path, prefers_color_scheme='dark') as p:
        p.press('2')
        canvas = "Main.view().canvas.element.width + ' ' + document.documentElement.dataset.theme"
        screen = p.js(canvas)
        p.js("dispatchEvent(new Event('beforeprint'))")
        equal(p.js(canvas), '900 light')
        p.js("dispatchEvent(new Event('afterprint'))")
        equal(p.js(canvas), screen)


def axe_finds_nothing_that_keeps_people_out():
    axe = os.path.join(harness.BUILD, 'readers/node_modules/axe-core/axe.min.js')
    if not os.path.exists(axe):
        raise Skip('there is no axe-core (make readers, by npm)')
    with open(axe, encoding='utf-8') as file:
        source = file.read()
    for path in html(threads()), html('--diff', shop()[0], shop()[2]):
        for scheme in 'light', 'dark':
            with page(path, prefers_color_scheme=scheme) as p:
                p.js(source + ';0')
                for number in range(len(VIEWS)):
                    p.press(str(number + 1))
                    equal(p.js('axe.run(document).then((r) => r.violations.map((v) => [v.impact, v.id, '
                               'v.nodes[0].html]))'), [], VIEWS[number])


run(every_view_opens_on_real_sessions, a_part_of_the_account_filters_every_view,
    one_search_marks_all_views_and_tells_its_share,
    the_tree_is_driven_by_keys_and_is_a_tree_for_those_who_listen,
    the_flame_graph_zooms_by_mouse_wheel_and_keys, the_timeline_zooms_moves_and_picks_a_range,
    handoffs_are_arrows_between_lanes,
    what_was_chosen_is_in_the_address, the_sheet_tells_the_keys,
    both_colour_schemes_and_a_telephone_and_paper, axe_finds_nothing_that_keeps_people_out)
