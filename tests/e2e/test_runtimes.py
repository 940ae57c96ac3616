#!/usr/bin/env python3
# test_runtimes.py - servers whose runtime is asked whose work it is: asyncio, its tasks, timers and
# executor, beside a neighbour on the same loop; and that the server does not notice.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib

import harness
from harness import PYTHON, ask, body_of, check, equal, free_port, place, run, server, sessions

BY_RUNTIME = 6  # store/handoffs.def
SERVER = '''
import asyncio, contextvars, hashlib, queue, sys, time, zlib

DATA = bytes(range(256)) * 4096
own = contextvars.ContextVar('own')


def burn(what, ms):
    """What it took of this thread's CPU, in ns."""
    began = time.thread_time_ns()
    while time.thread_time_ns() - began < ms * 1000000:
        what(DATA)
    return time.thread_time_ns() - began


async def in_turns(what, turns):
    """A millisecond of work, then others have their turn."""
    burnt = 0
    for _ in range(turns):
        burnt += burn(what, 1)
        await asyncio.sleep(0.001)
    return burnt


async def all_of_it(_):
    loop = asyncio.get_running_loop()
    burnt = await in_turns(zlib.crc32, 30)
    both = await asyncio.gather(in_turns(zlib.crc32, 15), in_turns(zlib.crc32, 15))
    away = await loop.run_in_executor(None, burn, zlib.crc32, 40)
    return burnt + sum(both) + away


async def neighbour(_):
    return await in_turns(lambda data: hashlib.sha1(data).digest(), 60)


def refuses(call):
    try:
        call()
    except Exception as why:
        return '%s: %s' % (type(why).__name__, str(why).split('<')[0])


async def semantics(_):
    """What contexts and queues do, in words that do not depend on anything else."""
    context, q = contextvars.copy_context(), queue.SimpleQueue()
    told = [context.run(own.set, 1) is not None, context.run(own.get), own.get(None),
            refuses(lambda: context.run(context.run, int)), refuses(lambda: context.run(lambda: 1 / 0)),
            refuses(context.run), refuses(q.get_nowait), refuses(lambda: q.get(timeout=0.01))]
    for thing in (1, None, 'x', 'x', DATA):
        q.put(thing)
    q.put_nowait('last')
    told += [q.qsize(), q.get(), q.get(True), q.get(block=False), q.get_nowait(), len(q.get()), q.get()]
    return told

held = []


async def poke(_):
    """Answers for somebody else, in a context that is not his."""
    writer, event = held.pop()
    writer.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n:')
    event.set()
    return 'poked'


async def wait_for_poke(writer):
    held.append((writer, asyncio.Event()))
    await held[-1][1].wait()
    writer.write(b')')

ROUTES = {'/all': all_of_it, '/neighbour': neighbour, '/semantics': semantics, '/poke': poke}


async def serve(reader, writer):
    while True:
        head = await reader.readuntil(b'\\r\\n\\r\\n')
        path = head.split()[1].decode().split('?')[0]
        if path == '/held':
            await wait_for_poke(writer)
            continue
        body = str(await ROUTES[path](path)).encode()
        writer.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s' % (len(body), body))


async def main():
    await (await asyncio.start_server(serve, '127.0.0.1', int(sys.argv[1]))).serve_forever()

asyncio.run(main())
'''


@contextlib.contextmanager
def asyncio_server(here, shim=True, **env):
    port = free_port()
    argv = [PYTHON, here.file('server.py', SERVER), str(port)]
    with server(here, argv, port, shim, env=env):
        yield port


def module(part):
    return lambda function: part in (function['module'] or '')


def cpu_in(session, part):
    return sum(p['cpu_ns'] for p in session.samples if any(map(module(part), session.stack(p))))


def beside_its_neighbour(here, port, more=0):
    """The session of a request that a neighbour shares the loop with, and what it truly burnt."""
    with harness.Client(port) as other, harness.Client(port) as client:
        other.send(harness.request('/neighbour'))
        client.send(harness.request('/all?profile=1'))
        raw = client.answer()
        other.answer()
    found = {s.target: s for s in sessions(here.sessions, 1 + more)}
    return found['/all'], int(body_of(raw))


def asyncio_gives_a_request_its_tasks_timers_and_jobs_and_none_of_its_neighbour():
    with place() as here, asyncio_server(here) as port:
        session, burnt = beside_its_neighbour(here, port)
    equal(session.ns_in(module('libcrypto.')), 0, 'time of the neighbour')
    check(session.account['cpu_ns'] >= 0.8 * burnt, 'the CPU time', session.account['cpu_ns'],
          'of', burnt, 'that it burnt;', session.account)
    check(session.account['cpu_ns'] <= 1.5 * burnt + 60e6, 'more CPU than', burnt, session.account)
    equal(session.told['counters'].get('follow_contradicted', 0), 0, 'checks that did not hold')
    check(any(h['by'] == 'queue' for h in session.told['handoffs']),
          'the executor is no hand-off:', session.told['handoffs'])


def asyncio_without_it_knows_less_and_nothing_wrong():
    with place() as here, asyncio_server(here, REQPROF_RUNTIMES='off') as port:
        session, burnt = beside_its_neighbour(here, port)
    equal(session.ns_in(module('libcrypto.')), 0, 'time of the neighbour')
    check(session.account['cpu_ns'] <= burnt, 'more CPU than it burnt', session.account)


def what_was_wrong_once_is_asked_no_more():
    with place() as here, asyncio_server(here) as port:
        with harness.Client(port) as client:
            client.send(harness.request('/held'))
            ask(port, '/semantics')
            equal(body_of(ask(port, '/poke?profile=1')), b'poked', 'the body')
            equal(body_of(client.answer()), b':)', 'the body of the other')
        session, burnt = beside_its_neighbour(here, port, more=1)
        poked, = [s for s in sessions(here.sessions, 2) if s.target == '/poke']
    equal(poked.told['counters'].get('follow_contradicted'), 1, 'checks that did not hold')
    equal(session.told['counters'].get('follow_off'), 1 << BY_RUNTIME, 'what is not believed')
    equal(session.ns_in(module('libcrypto.')), 0, 'time of the neighbour')
    check(session.account['cpu_ns'] <= burnt, 'more CPU than it burnt', session.account)


def contexts_and_queues_do_what_they_did():
    told = []
    for shim in (False, True):
        with place() as here, asyncio_server(here, shim) as port:
            told.append([body_of(ask(port, '/semantics' + query))
                         for query in ('', '?profile=1', '?profile=1', '')])
    equal(told[1], told[0], 'what they do')
    equal(len(set(told[0])), 1, 'kinds of answers')


run(asyncio_gives_a_request_its_tasks_timers_and_jobs_and_none_of_its_neighbour,
    asyncio_without_it_knows_less_and_nothing_wrong,
    what_was_wrong_once_is_asked_no_more, contexts_and_queues_do_what_they_did)
