# py_wsgi.py - py_app as a WSGI application.
#
# Room: tests.  SPDX-License-Identifier: MIT
import py_app


def app(environ, start_response):
    posted = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    body = py_app.answer(environ['PATH_INFO'], posted)
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [b'' if environ['REQUEST_METHOD'] == 'HEAD' else body]
