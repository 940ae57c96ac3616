# app_sync.py - the steps of a request (tests/hosts/truth.h) in a route that is not async: Starlette
# hands it to a thread of AnyIO's.
#
# Room: tests.  SPDX-License-Identifier: MIT
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import Response
from starlette.routing import Route

import app_steps


def after(query):
    name, steps = app_steps.parse(query)
    if 'a' in steps:
        app_steps.burst(name)
        app_steps.says(name, 'after')


def serve(request):
    query = request.url.query
    return Response(app_steps.serve(query), background=BackgroundTask(after, query))


app = Starlette(routes=[Route('/', serve)], on_startup=[app_steps.start])
