# load_h2.py - the same as load.py by HTTP/2: each connection keeps several streams open, and gives
# some of them up by RST_STREAM.
#
# Room: tests.  SPDX-License-Identifier: MIT
import asyncio
import sys

from harness import Skip
from load import GIVEN_UP, PATIENCE, Load

# Debian's package is pure Python: another Python than Debian's can use it as well.
sys.path.append('/usr/lib/python3/dist-packages')
try:
    import h2.config
    import h2.connection
    import h2.events
    import h2.exceptions
    import h2.settings
except ImportError:
    h2 = None

STREAMS = 4
CANCEL = 8  # error code


class H2Load(Load):
    def __init__(self, *args, **named):
        if not h2:
            raise Skip('this Python has no h2')
        super().__init__(*args, **named)

    async def one(self):
        try:
            reader, writer = await asyncio.open_connection('127.0.0.1', self.port)
            talk = Talk(self, writer)
            askers = [asyncio.create_task(talk.ask()) for _ in range(STREAMS)]
            listening = asyncio.create_task(talk.listen(reader))
            await asyncio.gather(*askers)
            listening.cancel()
            writer.close()
        except (OSError, asyncio.TimeoutError, h2.exceptions.ProtocolError) as why:
            self.bad.append(repr(why))


class Talk:
    """One connection: its streams, each with what waits for its answer."""

    def __init__(self, load, writer):
        self.load, self.writer, self.open = load, writer, {}
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding='utf-8'))
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(1 << 30)

    def flush(self):
        self.writer.write(self.h2.data_to_send())

    async def ask(self):
        """Requests one after another, with pauses: streams of a connection do not march in step."""
        load = self.load
        while load.goes_on():
            flagged = load.flags()
            name = '%s%d' % ('f' if flagged else 'u', next(load.ids))
            load.flagged += flagged
            stream = self.h2.get_next_available_stream_id()
            self.h2.send_headers(stream, [
                (':method', 'GET'), (':scheme', 'http'), (':authority', 'truth'),
                (':path', load.target % name + ('&profile=1' if flagged else ''))],
                end_stream=True)
            self.open[stream] = one = [asyncio.get_running_loop().create_future(), '', b'']
            self.flush()
            if load.give_up and load.random.random() < GIVEN_UP:
                del self.open[stream]
                self.h2.reset_stream(stream, CANCEL)
                self.flush()
            else:
                await asyncio.wait_for(one[0], PATIENCE)
                load.answers += 1
                if one[1] != '200' or not load.right(name, one[2].strip().decode()):
                    load.bad.append('%s got %r' % (name, one[1:]))
            await asyncio.sleep(load.random.random() * 0.003)

    async def listen(self, reader):
        while data := await reader.read(1 << 16):
            for event in self.h2.receive_data(data):
                one = self.open.get(getattr(event, 'stream_id', None))
                if not one:
                    continue
                if isinstance(event, h2.events.ResponseReceived):
                    one[1] = dict(event.headers)[':status']
                elif isinstance(event, h2.events.DataReceived):
                    one[2] += event.data
                elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                    self.open.pop(event.stream_id)[0].set_result(None)
            self.flush()
