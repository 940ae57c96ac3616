# browser.py - a headless Chromium, driven over its debugging pipe (the DevTools protocol).
#
# Room: tests.  Python's standard library only.  Everything that a page says on its console, throws,
# is refused by its policy or asks the network for is kept, for tests to look at.
# SPDX-License-Identifier: MIT
import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import time

import harness
from harness import AS_ROOT, Failed, check, need

KEYS = {'Enter': 13, 'Escape': 27, ' ': 32, 'ArrowLeft': 37, 'ArrowUp': 38, 'ArrowRight': 39,
        'ArrowDown': 40, 'Home': 36, 'End': 35}


class Browser:
    def __init__(self, folder):
        need('chromium')
        self.answers, self.rest, self.last = {}, b'', 0
        self.pages = {}
        to_them, self.write_fd = os.pipe()
        self.read_fd, from_them = os.pipe()
        words = ['chromium', '--headless=new', '--remote-debugging-pipe', '--no-first-run',
                 '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars',
                 '--disable-background-networking', '--disable-component-update',
                 '--user-data-dir=' + folder]
        if AS_ROOT:
            words.append('--no-sandbox')
        # It reads from descriptor 3 and writes to 4: a shell puts them there.
        self.child = subprocess.Popen(
            ['sh', '-c', 'exec "$@" 3<&%d 4>&%d' % (to_them, from_them), 'sh', *words],
            pass_fds=(to_them, from_them), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_them)
        os.close(from_them)

    def stop(self):
        with contextlib.suppress(Exception):
            self.call('Browser.close')
            self.child.wait(harness.PATIENCE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)  # the group is ours: start_new_session
        self.child.wait()
        os.close(self.write_fd)
        os.close(self.read_fd)

    def receive(self, seconds):
        """Takes in what came within SECONDS; whether anything did."""
        if not select.select([self.read_fd], [], [], seconds)[0]:
            return False
        some = os.read(self.read_fd, 1 << 20)
        check(some, 'the browser ended')
        *messages, self.rest = (self.rest + some).split(b'\0')
        for message in map(json.loads, messages):
            if 'id' in message:
                self.answers[message['id']] = message
            elif message.get('sessionId') in self.pages:
                self.pages[message['sessionId']].event(message['method'], message['params'])
        return True

    def call(self, method, session=None, **params):
        self.last += 1
        message = {'id': self.last, 'method': method, 'params': params}
        if session:
            message['sessionId'] = session
        data = json.dumps(message).encode() + b'\0'
        while data:
            data = data[os.write(self.write_fd, data):]
        end = time.monotonic() + 3 * harness.PATIENCE
        while self.last not in self.answers:
            check(time.monotonic() < end, 'the browser does not answer', method)
            self.receive(0.5)
        answer = self.answers.pop(self.last)
        check('error' not in answer, method, 'is refused:', answer.get('error'))
        return answer['result']

    def page(self, width=1280, height=800, **media):
        return Page(self, width, height, media)


class Page:
    """A tab; WIDTH x HEIGHT, and media features such as prefers_color_scheme='dark'."""

    def __init__(self, browser, width, height, media):
        self.browser, self.complaints, self.asked, self.loaded = browser, [], [], 0
        target = browser.call('Target.createTarget', url='about:blank')['targetId']
        self.session = browser.call('Target.attachToTarget', targetId=target,
                                    flatten=True)['sessionId']
        browser.pages[self.session] = self
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(domain + '.enable')
        self.resize(width, height)
        self.call('Emulation.setEmulatedMedia', features=[
            {'name': name.replace('_', '-'), 'value': value} for name, value in media.items()])

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def event(self, method, params):
        if method == 'Page.loadEventFired':
            self.loaded += 1
        elif method == 'Runtime.consoleAPICalled':
            self.complaints.append('console: %s' % [a.get('value') for a in params['args']])
        elif method == 'Runtime.exceptionThrown':
            told = params['exceptionDetails']
            self.complaints.append('thrown: ' + told.get('exception', {}).get(
                'description', told['text']))
        elif method == 'Log.entryAdded':
            self.complaints.append('log: ' + params['entry']['text'])
        elif method == 'Page.javascriptDialogOpening':
            self.complaints.append('dialog: ' + params['message'])
        elif method == 'Network.requestWillBeSent':
            self.asked.append(params['request']['url'])

    def resize(self, width, height, mobile=False):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height,
                  deviceScaleFactor=1, mobile=mobile)

    def open(self, path, state=''):
        """Shows the file PATH, with #STATE.  From about:blank: a hash alone would load nothing."""
        self.visit('about:blank')
        self.visit('file://' + path + ('#' + state if state else ''))

    def visit(self, url):
        wanted = self.loaded + 1
        self.call('Page.navigate', url=url)
        self.until('the page ' + url, lambda: self.loaded >= wanted)
        self.settle()

    def until(self, what, true):
        """Lets the browser go on until TRUE() answers something; the answer."""
        end = time.monotonic() + 3 * harness.PATIENCE
        while not (answer := true()):
            check(time.monotonic() < end, 'waited in vain for', what)
            self.browser.receive(0.2)
        return answer

    def js(self, expression):
        """The value of EXPRESSION, which may be a promise."""
        told = self.call('Runtime.evaluate', expression=expression, returnByValue=True,
                         awaitPromise=True)
        if 'exceptionDetails' in told:
            details = told['exceptionDetails']
            raise Failed('%s: %s' % (expression, details.get('exception', {}).get(
                'description', details['text'])))
        return told['result'].get('value')

    def settle(self):
        """Until what was asked for is drawn; never in a page whose policy lets no script run."""
        try:
            self.js('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => '
                    'setTimeout(done, 0))))')
        except Failed as failed:
            raise Failed('%s, the page says: %s' % (failed, self.text('body')[:300])) from failed

    def press(self, *keys, modifiers=0):
        for key in keys:
            text = {'text': key} if len(key) == 1 else {'text': '\r'} if key == 'Enter' else {}
            common = {'key': key, 'windowsVirtualKeyCode': KEYS.get(key, 0),
                      'modifiers': modifiers}
            self.call('Input.dispatchKeyEvent', type='keyDown' if text else 'rawKeyDown',
                      **common, **text)
            self.call('Input.dispatchKeyEvent', type='keyUp', **common)
            self.settle()

    def type(self, text):
        self.call('Input.insertText', text=text)
        self.js('new Promise((done) => setTimeout(done, 200))')  # the search waits for a pause
        self.settle()

    def mouse(self, kind, x, y, modifiers=0, **more):
        self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, modifiers=modifiers,
                  **{'button': 'left', 'clickCount': 1, **more})

    def click_at(self, x, y):
        self.mouse('mousePressed', x, y)
        self.mouse('mouseReleased', x, y)
        self.settle()

    def click(self, selector):
        place = self.js('(() => { const e = document.querySelector(%s); if (!e) return null; '
                        'e.scrollIntoView({ block: "nearest" }); '
                        'const b = e.getBoundingClientRect(); '
                        'return [b.x + b.width / 2, b.y + b.height / 2]; })()'
                        % json.dumps(selector))
        check(place, 'there is no', selector)
        self.click_at(*place)

    def wheel(self, x, y, by, modifiers=0):
        self.mouse('mouseWheel', x, y, modifiers, deltaX=0, deltaY=by, button='none')
        self.settle()

    def text(self, selector):
        return self.js('document.querySelector(%s).innerText' % json.dumps(selector))

    def screenshot(self, path):
        import base64
        with open(path, 'wb') as file:
            file.write(base64.b64decode(self.call('Page.captureScreenshot')['data']))


@contextlib.contextmanager
def browser():
    with tempfile.TemporaryDirectory(prefix='reqprof-e2e-chromium-',
                                     ignore_cleanup_errors=True) as folder:
        one = Browser(folder)
        try:
            yield one
        finally:
            one.stop()
