# app_asgi.py - the steps of a request (tests/hosts/truth.h) on an event loop of Python's.
#
# Room: tests.  SPDX-License-Identifier: MIT
import asyncio
import random

import app_steps
from app_steps import says

upstreams = None
later = set()  # nobody else keeps these tasks


async def ask(name):
    peer = await upstreams.get()
    says(name, 'granted')
    reader, writer = peer
    writer.write(app_steps.ASK)
    assert await reader.read(4096)
    says(name, 'upstream')
    upstreams.put_nowait(peer)


async def background():
    while True:
        await asyncio.sleep(0.007)
        says('0', 'background')


async def start():
    global upstreams
    upstreams = asyncio.Queue()
    for _ in range(4 if app_steps.UPSTREAM else 0):
        upstreams.put_nowait(await asyncio.open_connection('127.0.0.1', app_steps.UPSTREAM))
    start.background = asyncio.ensure_future(background())


async def lifespan(receive, send):
    await receive()
    await start()
    await send({'type': 'lifespan.startup.complete'})
    await receive()
    await send({'type': 'lifespan.shutdown.complete'})


async def after(name):
    """Nearly always when the request is over."""
    await asyncio.sleep(random.uniform(0.005, 0.01))
    app_steps.burst(name)
    says(name, 'after')


async def serve(query):
    name, steps = app_steps.parse(query)
    burnt = 0
    says(name, 'start')
    for step in steps:
        if step == 't':
            await asyncio.sleep(random.uniform(0.0005, 0.0035))
            says(name, 'timer')
        elif step == 'u':
            await ask(name)
        elif step == 'p':
            await asyncio.get_running_loop().run_in_executor(app_steps.executor, app_steps.job, name)
            says(name, 'pooled')
        elif step == 'w':
            burnt += app_steps.burn(name)
        elif step == 'a':
            later.add(task := asyncio.create_task(after(name)))
            task.add_done_callback(later.discard)
        else:
            app_steps.burst(name)
    says(name, 'end')
    return app_steps.body_of(name, burnt)


async def app(scope, receive, send):
    if scope['type'] == 'lifespan':
        await lifespan(receive, send)
        return
    body = await serve(scope['query_string'].decode())
    await send({'type': 'http.response.start', 'status': 200,
                'headers': [(b'content-length', b'%d' % len(body))]})
    await send({'type': 'http.response.body', 'body': body})
