# app_threads.py PORT - http.server with a thread for each connection.
#
# Room: tests.  SPDX-License-Identifier: MIT
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import app_steps


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        body = app_steps.serve(self.path.split('?')[1])
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


app_steps.start()
ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
