# py_threads.py PORT [one] [proxied] [PEM] - http.server with a thread for each connection, or only one
# at all, serving py_app; over TLS when there is a certificate with its key.  Proxied: connections
# begin with a preface of the PROXY protocol.
#
# Room: tests.  SPDX-License-Identifier: MIT
import os
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import py_app


def read_preface(connection):
    """Byte by byte, so that nothing behind it is taken."""
    def take(n):
        return b''.join(connection.recv(1) for _ in range(n))
    seen = take(12)
    if seen.startswith(b'PROXY'):
        while not seen.endswith(b'\n'):
            seen += take(1)
    else:
        take(int.from_bytes(take(4)[2:], 'big'))


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        body = py_app.answer(self.path, self.rfile.read(int(self.headers['Content-Length'] or 0)))
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(b'' if self.command == 'HEAD' else body)

    do_POST = do_HEAD = do_GET

    def setup(self):
        super().setup()
        if 'proxied' in sys.argv[2:]:
            read_preface(self.connection)

    def log_message(self, *_):
        pass


Kind = HTTPServer if 'one' in sys.argv[2:] else ThreadingHTTPServer
server = Kind(('127.0.0.1', int(sys.argv[1])), Handler)
for pem in sys.argv[2:]:
    if pem not in ('one', 'proxied'):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
