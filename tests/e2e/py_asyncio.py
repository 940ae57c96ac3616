# py_asyncio.py PORT PEM - an HTTP server on asyncio's streams, over TLS: the library of the TLS sees
# memory, never a socket.
#
# Room: tests.  SPDX-License-Identifier: MIT
import asyncio
import os
import ssl
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import py_app


async def body_of(reader, headers):
    if headers.get(b'transfer-encoding', b'').lower() != b'chunked':
        return await reader.readexactly(int(headers.get(b'content-length', 0)))
    body = b''
    while True:
        size = int(await reader.readline(), 16)
        body += (await reader.readexactly(size + 2))[:-2]
        if not size:
            return body


async def serve(reader, writer):
    try:
        while True:
            method, target, _ = (await reader.readuntil(b'\r\n')).split()
            lines = (await reader.readuntil(b'\r\n\r\n')).split(b'\r\n')
            headers = {k.lower(): v.strip() for k, _, v in (h.partition(b':') for h in lines)}
            answer = py_app.answer(target.decode(), await body_of(reader, headers))
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(answer) +
                         (b'' if method == b'HEAD' else answer))
            await writer.drain()
            if headers.get(b'connection') == b'close':
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2])
    server = await asyncio.start_server(serve, '127.0.0.1', int(sys.argv[1]), ssl=context)
    await server.serve_forever()


asyncio.run(main())
