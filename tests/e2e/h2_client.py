# h2_client.py - the requests of a JSON list on standard input, all at once on one connection of
# HTTP/2; their answers on standard output.  Run by Debian's python3, which may have its h2.
#
# Room: tests.  SPDX-License-Identifier: MIT
import base64
import json
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events
import h2.settings

WINDOW = (1 << 31) - 1


class Counter:
    """Bytes of each stream's frames in one direction."""

    def __init__(self, skip=0):
        self.rest, self.of, self.skip = b'', {}, skip

    def saw(self, data):
        self.rest += data
        if self.skip:  # the preface
            cut = min(self.skip, len(self.rest))
            self.rest, self.skip = self.rest[cut:], self.skip - cut
        while len(self.rest) >= 9:
            size = 9 + int.from_bytes(self.rest[:3], 'big')
            if len(self.rest) < size:
                return
            stream = int.from_bytes(self.rest[5:9], 'big') & WINDOW
            self.of[stream] = self.of.get(stream, 0) + size
            self.rest = self.rest[size:]


def connect(asked):
    s = socket.create_connection(('127.0.0.1', asked['port']), 20)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not asked.get('tls'):
        return s
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(['h2'])
    s = context.wrap_socket(s)
    assert s.selected_alpn_protocol() == 'h2'
    return s


class Client:
    def __init__(self, asked):
        self.socket, self.requests = connect(asked), asked['requests']
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding='utf-8'))
        self.h2.local_settings = h2.settings.Settings(client=True, initial_values={
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW,
            h2.settings.SettingCodes.ENABLE_PUSH: 0})
        self.sent, self.got = Counter(24), Counter()
        self.answers, self.after = {}, b''

    def flush(self):
        data = self.h2.data_to_send()
        self.sent.saw(data)
        self.socket.sendall(data)

    def upgrade(self):
        """The first request goes by HTTP/1 and asks for HTTP/2."""
        settings = self.h2.initiate_upgrade_connection()
        first = self.requests[0]
        lines = ['%s %s HTTP/1.1' % (first['method'], first['target']), 'Host: test',
                 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c',
                 'HTTP2-Settings: ' + settings.decode()]
        lines += ['%s: %s' % tuple(h) for h in first['headers']]
        raw = '\r\n'.join(lines).encode() + b'\r\n\r\n'
        self.socket.sendall(raw)
        head = b''
        while b'\r\n\r\n' not in head:
            more = self.socket.recv(1 << 16)
            assert more, 'closed within ' + repr(head)
            head += more
        end = head.index(b'\r\n\r\n') + 4
        assert head.startswith(b'HTTP/1.1 101 '), head
        self.after = head[end:]
        self.answers[1] = dict(headers=[], body=b'', more_in=len(raw), more_out=end)

    def ask(self):
        for i, request in enumerate(self.requests):
            stream = 1 + 2 * i
            if stream in self.answers:
                continue
            body = request['body'].encode()
            self.answers[stream] = dict(headers=[], body=b'', more_in=0, more_out=0)
            self.h2.send_headers(stream, [(':method', request['method']), (':scheme', 'http'),
                                          (':authority', 'test'), (':path', request['target'])] +
                                 [tuple(h) for h in request['headers']], end_stream=not body)
            if body:
                self.h2.send_data(stream, body, end_stream=True)

    def hear(self, data):
        """Streams that have ended."""
        self.got.saw(data)
        ended = 0
        for event in self.h2.receive_data(data):
            one = self.answers.get(getattr(event, 'stream_id', None))
            if isinstance(event, h2.events.ResponseReceived):
                one['headers'] = event.headers
            elif isinstance(event, h2.events.DataReceived):
                one['body'] += event.data
            elif isinstance(event, h2.events.StreamReset):
                one['reset'] = int(event.error_code)
                ended += 1
            elif isinstance(event, h2.events.StreamEnded):
                ended += 1
            elif isinstance(event, h2.events.ConnectionTerminated):
                if event.error_code or event.last_stream_id < max(self.answers):
                    sys.exit('the server ends the connection: %r' % event)
        return ended

    def hold(self, by_upgrade):
        if by_upgrade:
            self.upgrade()
        else:
            self.h2.initiate_connection()
        self.h2.increment_flow_control_window(WINDOW - 65535)
        self.ask()
        self.flush()
        left = len(self.requests) - (self.hear(self.after) if self.after else 0)
        while left:
            data = self.socket.recv(1 << 18)
            assert data, 'closed with %d streams open' % left
            left -= self.hear(data)
            self.flush()
        self.socket.close()

    def told(self):
        return [dict(headers=one['headers'], body=base64.b64encode(one['body']).decode(),
                     reset=one.get('reset'), bytes_in=self.sent.of.get(s, 0) + one['more_in'],
                     bytes_out=self.got.of.get(s, 0) + one['more_out'])
                for s, one in sorted(self.answers.items())]


asked = json.load(sys.stdin)
client = Client(asked)
client.hold(asked.get('upgrade'))
json.dump(client.told(), sys.stdout)
