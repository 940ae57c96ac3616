# py_wsgi.py - py_app as a WSGI application; with "open" in the query answers say no length.
#
# Room: tests.  SPDX-License-Identifier: MIT
import py_app


def app(environ, start_response):
    posted = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    body = py_app.answer(environ['PATH_INFO'], posted)
    length = [('Content-Length', str(len(body)))] if 'open' not in environ['QUERY_STRING'] else []
    start_response('200 OK', [('Content-Type', 'text/plain')] + length)
    return [b'' if environ['REQUEST_METHOD'] == 'HEAD' else body]
