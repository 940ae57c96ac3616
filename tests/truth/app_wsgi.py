# app_wsgi.py - the steps of a request as a WSGI application.
#
# Room: tests.  SPDX-License-Identifier: MIT
import app_steps

app_steps.start()


def app(environ, start_response):
    body = app_steps.serve(environ['QUERY_STRING'])
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
