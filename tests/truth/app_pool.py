# app_pool.py PORT - the steps of a request (tests/hosts/truth.h) in a pool of threads, for which one
# thread reads, as waitress does.  A worker writes half of its answer, which shows whose work it does,
# leaves the rest to the thread that reads, and takes the next request.
#
# Room: tests.  SPDX-License-Identifier: MIT
import queue
import select
import socket
import sys
import threading

import app_steps

WORKERS = 4
HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n'
work = queue.Queue()
written = queue.SimpleQueue()
bell, ringer = socket.socketpair()


def worker():
    while True:
        client, target = work.get()
        body = app_steps.serve(target.split('?')[1])
        try:
            client.sendall((HEAD % len(body)).encode())
        except OSError:
            pass
        written.put((client, body))
        ringer.send(b'!')


def finish(clients):
    bell.recv(4096)
    while not written.empty():
        client, body = written.get()
        try:
            client.sendall(body)
            clients.add(client)
        except OSError:
            client.close()


def read(client, clients):
    """A request comes in one piece."""
    clients.discard(client)
    try:
        head = client.recv(4096)
    except OSError:
        head = b''
    if head:
        work.put((client, head.split()[1].decode()))
    else:
        client.close()


def serve(listener):
    clients = set()
    while True:
        for ready in select.select([listener, bell, *clients], [], [])[0]:
            if ready is listener:
                clients.add(listener.accept()[0])
            elif ready is bell:
                finish(clients)
            else:
                read(ready, clients)


app_steps.start()
for _ in range(WORKERS):
    threading.Thread(target=worker, daemon=True).start()
serve(socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog=128))
