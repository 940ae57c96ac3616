# py_parent.py PORT [reaper] [sandbox] - an HTTP server that looks after its children as a supervisor
# does: it handles SIGCHLD, and a thread waits for any child in a loop.  /seen tells what it saw.
# Reaper: orphans below it become its children.  Sandbox: once it listens it forbids itself execve.
#
# Room: tests.  SPDX-License-Identifier: MIT
import ctypes
import os
import resource
import signal
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 36, 38, 22
seen = {'signals': 0, 'children': 0}


def on_child(*_):
    seen['signals'] += 1


def wait_for_children():
    while True:
        try:
            os.waitpid(-1, 0)
            seen['children'] += 1
        except ChildProcessError:
            time.sleep(0.001)


def forbid_execve():
    """A filter of seccomp: execve and execveat fail with EPERM."""
    numbers = {'x86_64': (59, 322), 'aarch64': (221, 281)}[os.uname().machine]
    steps = [(0x20, 0, 0, 0)]  # the number of the call
    steps += [(0x15, 2 - i, 0, number) for i, number in enumerate(numbers)]
    steps += [(0x06, 0, 0, 0x7fff0000), (0x06, 0, 0, 0x00050001)]
    code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *step) for step in steps))
    program = struct.pack('HxxxxxxP', len(steps), ctypes.addressof(code))
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if prctl(PR_SET_SECCOMP, 2, program, 0, 0) != 0:
        sys.exit('no seccomp')


def work():
    end = time.monotonic() + 0.03
    while time.monotonic() < end:
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        if self.path == '/seen':
            children = resource.getrusage(resource.RUSAGE_CHILDREN)
            body = '%d signals, %d children, pid %d, %d ms\n' % (
                seen['signals'], seen['children'], os.getpid(),
                1000 * (children.ru_utime + children.ru_stime))
        else:
            work()
            body = 'hello\n'
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


signal.signal(signal.SIGCHLD, on_child)
threading.Thread(target=wait_for_children, daemon=True).start()
if 'reaper' in sys.argv[2:]:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
server = ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)
if 'sandbox' in sys.argv[2:]:
    forbid_execve()
server.serve_forever()
