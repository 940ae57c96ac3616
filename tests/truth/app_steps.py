# app_steps.py - the steps of a request (tests/hosts/truth.h) for Python's servers with threads.
#
# Room: tests.  SPDX-License-Identifier: MIT
import concurrent.futures
import ctypes
import os
import queue
import random
import socket
import threading
import time
from urllib.parse import parse_qs

ASK = b'GET /slow HTTP/1.1\r\nHost: up\r\n\r\n'
executor = concurrent.futures.ThreadPoolExecutor(4)
upstreams = queue.SimpleQueue()  # as those of executors, with something else in it
BURNS = ctypes.CDLL(os.environ['TRUTH_BURNS']) if 'TRUTH_BURNS' in os.environ else None
UPSTREAM = int(os.environ.get('TRUTH_UPSTREAM', '0'))


def says(name, place):
    os.access('/gt/%s/%s' % (name, place), os.F_OK)


def burst(name, us=160):
    until = time.monotonic() + us / 1e6
    while time.monotonic() < until:
        sum(range(50))
    says(name, 'burst')


def burn(name):
    """ns of CPU, in the function of NAME's last digit."""
    function = getattr(BURNS, 'burn_%d' % (int(name[-1]) % 4))
    function.restype, function.argtypes = ctypes.c_int64, [ctypes.c_int64]
    return function(2000)


def body_of(name, burnt):
    return ('%s %d' % (name, burnt) if burnt else name).encode()


def job(name):
    says(name, 'pool')
    burst(name)


def ask(name):
    peer = upstreams.get()
    says(name, 'granted')
    peer.sendall(ASK)
    assert peer.recv(4096)
    says(name, 'upstream')
    upstreams.put(peer)


def background():
    while True:
        time.sleep(0.0007)
        says('0', 'background')


def start():
    for _ in range(4 if UPSTREAM else 0):
        upstreams.put(socket.create_connection(('127.0.0.1', UPSTREAM)))
    threading.Thread(target=background, daemon=True).start()


def parse(query):
    asked = parse_qs(query)
    return asked['id'][0], asked['steps'][0]


def serve(query):
    """The body of the answer to a request for QUERY."""
    name, steps = parse(query)
    burnt = 0
    says(name, 'start')
    for step in steps:
        if step == 't':
            time.sleep(random.uniform(0.0005, 0.0035))
            says(name, 'timer')
        elif step == 'u':
            ask(name)
        elif step == 'p':
            executor.submit(job, name).result()
            says(name, 'pooled')
        elif step == 'w':
            burnt += burn(name)
        elif step == 'a':
            continue  # whoever calls us starts it
        else:
            burst(name)
    says(name, 'end')
    return body_of(name, burnt)
