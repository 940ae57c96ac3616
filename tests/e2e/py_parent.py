# py_parent.py PORT [reaper] [sandbox] - an HTTP server that looks after its children as a supervisor
# does: it handles SIGCHLD, and a thread waits for any child in a loop.  /seen tells what it saw.
# Reaper: orphans below it become its children.  Sandbox: once it listens it forbids itself to start processes.
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


def forbid():
    """A filter of seccomp that kills whoever starts a process; threads may be."""
    clone, clone3, execve, execveat = {
        'x86_64': (56, 435, 59, 322), 'aarch64': (220, 435, 221, 281)}[os.uname().machine]
    jump_equal, jump_set, load, end = 0x15, 0x45, 0x20, 0x06
    kill, no_such_call, allow = 0x80000000, 0x00050000 | 38, 0x7fff0000
    clone_thread, number, first_argument = 0x10000, 0, 16
    steps = [(load, 0, 0, number),
             (jump_equal, 6, 0, clone3),  # libc goes on to clone, whose flags can be seen
             (jump_equal, 6, 0, execve),
             (jump_equal, 5, 0, execveat),
             (jump_equal, 0, 2, clone),
             (load, 0, 0, first_argument),
             (jump_set, 0, 2, clone_thread),
             (end, 0, 0, allow),
             (end, 0, 0, no_such_call),
             (end, 0, 0, kill)]
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
    forbid()
server.serve_forever()
