# gateway.py - asks as web servers ask behind them: by FastCGI, SCGI or uwsgi, over TCP or a path.
#
# Room: tests.  SPDX-License-Identifier: MIT
import socket
import struct

from harness import PATIENCE, check

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


def connect(where):
    """WHERE: a port of this machine, or the path of a socket."""
    if isinstance(where, int):
        return socket.create_connection(('127.0.0.1', where), PATIENCE)
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(PATIENCE)
    s.connect(where)
    return s


def variables(target, method='GET', body=b'', headers=(), **more):
    """What a gateway says of a request; a variable that is None is left out."""
    path, _, query = target.partition('?')
    told = dict(CONTENT_LENGTH=str(len(body)) if body else '', SCGI='1', REQUEST_METHOD=method,
                REQUEST_URI=target, QUERY_STRING=query, PATH_INFO=path, SCRIPT_NAME='',
                SERVER_PROTOCOL='HTTP/1.1', SERVER_NAME='test', SERVER_PORT='80', HTTP_HOST='test',
                REMOTE_ADDR='127.0.0.1', REMOTE_PORT='4711')
    for header in headers:
        name, _, value = header.partition(': ')
        told['HTTP_' + name.upper().replace('-', '_')] = value
    told.update(more)
    return {k: v for k, v in told.items() if v is not None}


def record(kind, content=b'', number=1, padding=0):
    return struct.pack('>BBHHBx', 1, kind, number, len(content), padding) + content + bytes(padding)


def fastcgi_length(n):
    return bytes([n]) if n < 128 else struct.pack('>I', n | 1 << 31)


def fastcgi_params(told):
    return b''.join(fastcgi_length(len(k)) + fastcgi_length(len(v)) + k.encode() + v.encode()
                    for k, v in told.items())


def fastcgi(told, body=b'', keep=False, piece=65535):
    """The records of a request, PARAMS in pieces of at most PIECE bytes."""
    params = fastcgi_params(told)
    cut = [params[i:i + piece] for i in range(0, len(params), piece)]
    return b''.join([record(BEGIN, struct.pack('>HB5x', 1, keep))] +
                    [record(PARAMS, c, padding=len(c) % 8) for c in cut] + [record(PARAMS)] +
                    ([record(STDIN, body, padding=3)] if body else []) + [record(STDIN)])


def scgi(told, body=b''):
    told = dict(told, CONTENT_LENGTH=str(len(body)))  # it has to be there, and first
    text = b''.join(k.encode() + b'\0' + v.encode() + b'\0' for k, v in told.items())
    return b'%d:%s,%s' % (len(text), text, body)


def uwsgi(told, body=b''):
    block = b''.join(struct.pack('<H', len(t)) + t.encode() for pair in told.items() for t in pair)
    return struct.pack('<BHB', 0, len(block), 0) + block + body


class FastCgi:
    """One connection; its answers come record by record."""

    def __init__(self, where):
        self.socket, self.n = connect(where), 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def take(self, n):
        got = b''
        while len(got) < n:
            more = self.socket.recv(n - len(got))
            check(more, 'the connection closed within a record')
            got += more
        self.n += n
        return got

    def answer(self):
        """(kind, content) of each record, alike neighbours joined; n: the bytes of them all.
        Padding is whatever the server had there."""
        told, self.n = [], 0
        while True:
            _, kind, _, length, padding = struct.unpack('>BBHHBx', self.take(8))
            content = self.take(length)
            self.take(padding)
            if told and told[-1][0] == kind:
                content = told.pop()[1] + content
            told.append((kind, content))
            if kind == END:
                return [(k, c) if k != END else (k, c[:5]) for k, c in told]

    def ask(self, told, body=b'', keep=True, cut=None):
        raw = fastcgi(told, body, keep)
        for segment in cut(raw) if cut else [raw]:
            self.socket.sendall(segment)
        return self.answer()


def output(answer):
    return b''.join(content for kind, content in answer if kind == STDOUT)


def ask_until_closed(where, raw):
    """The whole answer to the bytes RAW."""
    with connect(where) as s:
        s.sendall(raw)
        got = b''
        while True:
            more = s.recv(1 << 16)
            if not more:
                return got
            got += more
