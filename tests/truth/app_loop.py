# app_loop.py PORT tasks|callbacks - the steps of a request (tests/hosts/truth.h) on a loop in Python
# that is none of asyncio's, and has a context of its own for each task.  With "tasks" these read
# their connection themselves, as trio's do; with "callbacks" the loop reads, outside of any, as
# Twisted's does, and what it calls begins a task.
#
# Room: tests.  SPDX-License-Identifier: MIT
import collections
import contextvars
import heapq
import itertools
import random
import selectors
import socket
import sys
import time
import types

import app_steps
from app_steps import says

selector = selectors.DefaultSelector()
ready, timers, numbers = collections.deque(), [], itertools.count()
upstreams, waiting = [], collections.deque()


class Task:
    """CORO awaits what is given this task to call `wake` when it is there."""

    def __init__(self, coro):
        self.coro, self.context = coro, contextvars.copy_context()
        self.wake()

    def wake(self):
        ready.append(self)

    def step(self):
        try:
            self.context.run(self.coro.send, None)(self)
        except (StopIteration, OSError):  # it is done, or its client is gone
            pass


@types.coroutine
def until(sets_up):
    yield sets_up


def sleep(s):
    return until(lambda task: heapq.heappush(
        timers, (time.monotonic() + s, next(numbers), task.wake)))


def readable(sock):
    return until(lambda task: selector.modify(sock, selectors.EVENT_READ, task.wake))


async def receive(sock):
    while True:
        try:
            return sock.recv(4096)
        except BlockingIOError:
            await readable(sock)
            selector.modify(sock, selectors.EVENT_READ, None)


async def ask(name):
    while not upstreams:
        await until(waiting.append)
    peer = upstreams.pop()
    says(name, 'granted')
    peer.sendall(app_steps.ASK)
    assert await receive(peer)
    says(name, 'upstream')
    upstreams.append(peer)
    if waiting:
        waiting.popleft().wake()


async def serve(sock, head):
    name, steps = app_steps.parse(head.split()[1].decode().split('?')[1])
    burnt = 0
    says(name, 'start')
    for step in steps:
        if step == 't':
            await sleep(random.uniform(0.0005, 0.0035))
            says(name, 'timer')
        elif step == 's':
            await sleep(0)
            says(name, 'slice')
        elif step == 'u':
            await ask(name)
        elif step == 'w':
            burnt += app_steps.burn(name)
        else:
            app_steps.burst(name)
    says(name, 'end')
    body = app_steps.body_of(name, burnt)
    sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))


def gone(sock):
    selector.unregister(sock)
    sock.close()


async def converse(sock):
    try:
        while head := await receive(sock):
            await sleep(0)
            await serve(sock, head)
    finally:
        gone(sock)


def hear(sock):
    try:
        head = sock.recv(4096)
    except OSError:
        head = b''
    if head:
        Task(serve(sock, head))
    else:
        gone(sock)


async def background():
    while True:
        await sleep(0.007)
        says('0', 'background')


def accept(by_tasks):
    sock, _ = listener.accept()
    sock.setblocking(False)
    selector.register(sock, selectors.EVENT_READ, None if by_tasks else lambda: hear(sock))
    if by_tasks:
        Task(converse(sock))


def connect():
    peer = socket.create_connection(('127.0.0.1', app_steps.UPSTREAM))
    peer.setblocking(False)
    selector.register(peer, selectors.EVENT_READ, None)
    return peer


def turn():
    wait = 0 if ready else max(0, timers[0][0] - time.monotonic()) if timers else None
    for key, _ in selector.select(wait):
        if key.data:
            key.data()
    while timers and timers[0][0] <= time.monotonic():
        heapq.heappop(timers)[2]()
    for _ in range(len(ready)):
        ready.popleft().step()


listener = socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog=128)
selector.register(listener, selectors.EVENT_READ, lambda: accept(sys.argv[2] == 'tasks'))
upstreams += [connect() for _ in range(4 if app_steps.UPSTREAM else 0)]
Task(background())
while True:
    turn()
