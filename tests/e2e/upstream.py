# upstream.py - a server that takes its time, and knows how much.
#
# Room: tests.  It lives in the test's own process.  SPDX-License-Identifier: MIT
import socket
import threading
import time

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nslow\n'


class Upstream:
    """Answers each request DELAY seconds after its last byte came; `took`: how long it truly was
    between the two, in ns."""

    def __init__(self, delay=0.06):
        self.delay, self.took = delay, []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(peer,), daemon=True).start()

    def answer(self, peer):
        with peer:
            head = b''
            while b'\r\n\r\n' not in head:
                got = peer.recv(4096)
                if not got:
                    return
                head += got
            began = time.monotonic_ns()
            time.sleep(self.delay)
            self.took.append(time.monotonic_ns() - began)
            peer.sendall(ANSWER)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
