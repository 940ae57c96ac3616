# app_sock.py PORT - the steps of a request (tests/hosts/truth.h) on asyncio, by tasks that read their
# connection themselves: at once where there is something to read, as there mostly is when it is new.
#
# Room: tests.  SPDX-License-Identifier: MIT
import asyncio
import socket
import sys

import app_asgi


async def converse(sock):
    loop = asyncio.get_running_loop()
    with sock:
        if head := await loop.sock_recv(sock, 4096):
            body = await app_asgi.serve(head.split()[1].decode().split('?')[1])
            await loop.sock_sendall(sock, b'HTTP/1.1 200 OK\r\nConnection: close\r\n'
                                    b'Content-Length: %d\r\n\r\n%s' % (len(body), body))


async def main(port):
    with socket.create_server(('127.0.0.1', port), backlog=128) as listener:
        listener.setblocking(False)
        await app_asgi.start()
        served = set()
        while True:
            sock, _ = await asyncio.get_running_loop().sock_accept(listener)
            served.add(task := asyncio.create_task(converse(sock)))
            task.add_done_callback(served.discard)


asyncio.run(main(int(sys.argv[1])))
