# load.py - connections that ask a server without a pause, each answer checked, one request in four
# flagged, one in fifty given up by its client.
#
# Room: tests.  SPDX-License-Identifier: MIT
import asyncio
import itertools
import random
import time

FLAGGED, GIVEN_UP = 0.25, 0.02
UNFLAGGED_S = 0.5  # before the first one, where it is asked for
PATIENCE = 10


class Load:
    """SECONDS of requests to PORT, and longer until there are ENOUGH answers; TARGET has %s where
    the id goes."""
    at_once = 1

    def __init__(self, port, target, connections, seconds, enough=0, give_up=True):
        self.port, self.target, self.connections = port, target, connections
        self.seconds, self.enough, self.give_up = seconds, enough, give_up
        self.answers = self.flagged = 0
        self.bad = []
        self.ids = itertools.count(1)
        self.random = random.Random(connections)

    def run(self):
        asyncio.run(self.all())
        return self

    async def all(self):
        self.began = time.monotonic()
        await asyncio.gather(*(self.one() for _ in range(self.connections)))

    def goes_on(self):
        took = time.monotonic() - self.began
        return took < self.seconds or (self.answers < self.enough and took < PATIENCE)

    async def one(self):
        while self.goes_on():
            reader, writer = await asyncio.open_connection('127.0.0.1', self.port)
            try:
                while self.goes_on():
                    if not await self.ask(reader, writer):
                        break
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as why:
                self.bad.append(repr(why))
            finally:
                writer.close()

    def flags(self):
        """Whether the next request is flagged."""
        return self.random.random() < FLAGGED

    def right(self, name, body):
        """BODY is the answer to the request of that NAME."""
        return body in (name, 'whoever')

    def send(self, writer):
        """The name of the request."""
        flagged = self.flags()
        name = '%s%d' % ('f' if flagged else 'u', next(self.ids))
        target = self.target % name + ('&profile=1' if flagged else '')
        writer.write(('GET %s HTTP/1.1\r\nHost: truth\r\n\r\n' % target).encode())
        self.flagged += flagged
        return name

    async def ask(self, reader, writer):
        """False: the connection is not to be used again."""
        names = [self.send(writer) for _ in range(self.at_once)]
        if self.give_up and self.random.random() < GIVEN_UP:
            await asyncio.sleep(self.random.random() * 0.004)
            return False
        return all([await self.take(reader, name) for name in names])

    async def take(self, reader, name):
        """The same."""
        head = await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), PATIENCE)
        n = [line for line in head.lower().split(b'\r\n') if line.startswith(b'content-length:')]
        body = await reader.readexactly(int(n[0].split(b':')[1])) if n else b''
        if not head.startswith(b'HTTP/1.1 200') or not self.right(name, body.strip().decode()):
            self.bad.append('%s got %r' % (name, head + body))
        self.answers += 1
        return b'connection: close' not in head.lower()


class PipelinedLoad(Load):
    at_once = 3


def first(kind):
    """The same KIND of load, in which one request is flagged, among others that are not: the first
    of a server that has been busy for a while."""
    class First(kind):
        def flags(self):
            return not self.flagged and time.monotonic() - self.began > UNFLAGGED_S
    return First
