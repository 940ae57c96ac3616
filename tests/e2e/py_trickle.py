# py_trickle.py MODE SOCKET [PEM] - answers through a send buffer that is as small as the kernel
# allows, and tells on standard output what every call returned.
#
# Room: tests.  MODE: send, write, sendmsg, writev, pieces (the head in small calls), sendfile (the
# body of a file behind the head), blocking, tls.  After a short count it waits for an edge, as
# nginx does, and so would hang for ever on one that the kernel did not mean.
# SPDX-License-Identifier: MIT
import os
import select
import socket
import ssl
import sys
import tempfile
import urllib.parse

MODE, PATH = sys.argv[1:3]
PIECE = 7


class Out:
    """One connection; .calls: what each call that sends returned, -1 for EAGAIN."""

    def __init__(self, client):
        self.client, self.calls = client, []
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        client.setblocking(MODE == 'blocking')
        self.edges = select.epoll()
        self.edges.register(client, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)

    def wait(self):
        self.edges.poll()

    def call(self, data):
        if MODE == 'write':
            return os.write(self.client.fileno(), data)
        half = len(data) // 2
        if MODE == 'sendmsg':
            return self.client.sendmsg([data[:half], b'', data[half:]])
        if MODE == 'writev':
            return os.writev(self.client.fileno(), [data[:1], data[1:half + 1], data[half + 1:]])
        return self.client.send(data)

    def once(self, call, left):
        try:
            n = call()
        except (BlockingIOError, ssl.SSLWantWriteError):
            n = -1
        self.calls.append(n)
        if n < left:
            self.wait()
        return max(n, 0)

    def put(self, data):
        view = memoryview(data)
        while view:
            view = view[self.once(lambda: self.call(view), len(view)):]

    def put_file(self, data):
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            at = 0
            while at < len(data):
                at += self.once(lambda: os.sendfile(self.client.fileno(), file.fileno(), at,
                                                    len(data) - at), len(data) - at)

    def receive(self):
        while True:
            try:
                return self.client.recv(65536)
            except (BlockingIOError, ssl.SSLWantReadError):
                self.wait()


def answer(target):
    """Head and body as /?head=N&body=M asks: a head of so many bytes.  No body: status 204."""
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
    body = bytes(i % 251 for i in range(int(asked['body'])))
    head = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Pad: ' % len(body)
    if not body:
        head = b'HTTP/1.1 204 No Content\r\nX-Pad: '
    return head + b'p' * (int(asked['head']) - len(head) - 4) + b'\r\n\r\n', body


def serve(client):
    out, rest = Out(client), b''
    while True:
        while b'\r\n\r\n' not in rest:
            more = out.receive()
            if not more:
                return
            rest += more
        request, rest = rest.split(b'\r\n\r\n', 1)
        head, body = answer(request.split()[1].decode())
        out.calls = []
        if MODE == 'pieces':
            for at in range(0, len(head), PIECE):
                out.put(head[at:at + PIECE])
            out.put(body)
        elif MODE == 'sendfile':
            out.put(head)
            out.put_file(body)
        else:
            out.put(head + body)
        print(' '.join(map(str, out.calls)), flush=True)


def main():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(PATH)
    listener.listen()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if MODE == 'tls':
        context.load_cert_chain(sys.argv[3])
    while True:
        client, _ = listener.accept()
        if MODE == 'tls':
            try:
                client = context.wrap_socket(client, server_side=True)
            except OSError:
                continue  # somebody looked whether we listen
        try:
            serve(client)
        except OSError:
            pass
        client.close()


main()
