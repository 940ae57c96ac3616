# py_app.py - what the Python servers of the tests do; each answer says in words what happened.
#
# Room: tests.  Two ways to burn CPU that share no native function: zlib and sha256.
# SPDX-License-Identifier: MIT
import hashlib
import os
import time
import zlib

opened = []  # by /fill
BLOCK = bytes(range(256)) * 4096  # 1 MiB


def burn(work, seconds):
    """Lets WORK run until this thread used SECONDS of CPU; how many it truly were."""
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        work(BLOCK)
    return time.thread_time() - began


def fill():
    """Opens descriptors until there are no more."""
    try:
        while True:
            opened.append(os.open('/dev/null', os.O_RDONLY))
    except OSError as error:
        return error.strerror.encode() + b'\n'


def answer(target, body=b''):
    path = target.split('?')[0]
    if path == '/echo':
        return b'%d bytes\n' % len(body) + body
    if path == '/slow':
        time.sleep(0.3)
        return b'slept 0.3, burnt %.6f\n' % burn(zlib.compress, 0.2)
    if path == '/sleep':
        time.sleep(0.3)
        return b'slept\n'
    if path == '/long':
        return b'burnt %.6f\n' % burn(zlib.compress, 5)
    if path == '/fill':
        return fill()
    if path == '/zlib':
        return b'burnt %.6f\n' % burn(zlib.compress, 0.4)
    if path == '/sha':
        return b'burnt %.6f\n' % burn(lambda block: hashlib.sha256(block).digest(), 0.4)
    if path == '/big':
        return b'0123456789abcdef' * 20000
    if path == '/huge':
        return b'0123456789abcdef' * 640000
    return b'hello\n'
