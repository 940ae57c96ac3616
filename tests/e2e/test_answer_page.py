#!/usr/bin/env python3
# test_answer_page.py - ?profile=1 in a headless Chromium, on real servers: the page works under its
# policy, in an origin of its own, and asks nobody for anything.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import glob
import re

import answers
from answers import KINDS
from harness import check, equal, place, run, until
from pages import VIEWS, chromium


@contextlib.contextmanager
def started(name):
    """The server called NAME under the shim, with the tool that is beside it; its port."""
    kind = next(kind for kind in KINDS if kind.name == name)
    with place(kind.owner) as here:
        with kind.start(here, True, REQPROF_TOOL=None) as one:
            yield kind, one.port


@contextlib.contextmanager
def tab(url):
    """URL in a tab, which must neither complain nor ask for more."""
    one = chromium().page()
    one.visit(url)
    yield one
    equal(one.complaints, [], 'the page complains')
    others = [u for u in one.asked if u != url and not u.startswith(('data:', 'blob:'))]
    equal(others, [], 'requests that left the page')


def page_of(name):
    def test():
        with started(name) as (kind, port):
            target = kind.targets[0]
            url = 'http://127.0.0.1:%d%s?a=1&profile=1' % (port, target)
            with tab(url) as p:
                for number, view in enumerate(VIEWS):
                    p.press(str(number + 1))
                    check(p.js('document.getElementById("view-%s").checkVisibility()' % view), view)
                check(target + '?a=1' in p.text('#head'), p.text('#head'))
                equal(p.js('Model.sessions.length'), 1)
                p.press('1', 'l')
                check(p.js('document.querySelectorAll("#view-tree [role=treeitem]").length') > 0,
                      'the tree is empty')
                p.press('8')
                check(re.search(r'Page made in \(ms\)\s+[\d.]+\n', p.text('#view-info')),
                      p.text('#view-info'))
                equal(p.js('origin'), 'null')
                for secret in 'document.cookie', 'localStorage', 'indexedDB.open("a")':
                    equal(p.js('(() => { try { return String(%s); } catch (e) { return e.name; } })()'
                               % secret), 'SecurityError', secret)
    test.__name__ = 'the_page_of_%s_works_in_every_view' % name
    return test


def what_is_downloaded_and_switched_works_without_an_origin():
    with started('python') as (_, port), place() as folder:
        with tab('http://127.0.0.1:%d/slow?profile=html' % port) as p:
            chromium().call('Browser.setDownloadBehavior', behavior='allow', downloadPath=folder.file('to'))
            p.js('Exports.save("folded stacks")')
            until('a download', lambda: glob.glob(folder.file('to/*.folded')))
            theme = 'document.documentElement.dataset.theme'
            before = p.js(theme)
            p.js('[...document.querySelectorAll("button")].find((b) => b.innerText === "◐").click()')
            p.settle()
            check(p.js(theme) != before, 'it stays', before)
            p.press('2')
            p.js('State.set({ q: "slow" })')
            p.settle()
            check('view=flame' in p.js('location.hash'), p.js('location.hash'))


def links_of_the_help_page_lead_to_the_other_modes():
    with started('python') as (_, port):
        base = 'http://127.0.0.1:%d/hello' % port
        p = chromium().page()
        p.visit(base + '?token=a%26b&profile=help&c=d')
        equal(p.js('[...document.querySelectorAll("a")].map((a) => a.href)'),
              [base + '?token=a%26b&c=d&profile=' + mode
               for mode in ('html', 'text', 'json', 'save', 'term', 'skip')])
        check('token=***' in p.text('h1'), p.text('h1'))
        wanted = p.loaded + 1
        x, y = p.js('(() => { const b = document.querySelector("a[data-mode=text]")'
                    '.getBoundingClientRect(); return [b.x + 5, b.y + 5]; })()')
        p.mouse('mousePressed', x, y)
        p.mouse('mouseReleased', x, y)
        p.until('the text', lambda: p.loaded >= wanted)
        check(p.text('body').startswith('GET /hello?token=***&c=d → 200'), p.text('body'))
        equal(p.complaints, [])


run(page_of('nginx'), page_of('python'), page_of('node'), page_of('apache'),
    what_is_downloaded_and_switched_works_without_an_origin,
    links_of_the_help_page_lead_to_the_other_modes)
