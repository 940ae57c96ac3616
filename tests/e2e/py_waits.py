# py_waits.py PORT POSTGRES - asks a Postgres to sleep, over a connection made at the start.
#
# Room: tests.  Run by the system's python.  SPDX-License-Identifier: MIT
import http.server
import socketserver
import sys

import psycopg2

database = psycopg2.connect(host='127.0.0.1', port=int(sys.argv[2]), user='postgres',
                            dbname='postgres')
database.autocommit = True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        with database.cursor() as cursor:
            cursor.execute("SELECT 'a secret', pg_sleep(0.05)")
        self.send_response(200)
        self.send_header('Content-Length', '6')
        self.end_headers()
        self.wfile.write(b'slept\n')

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


Server(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
