# over_tls.py - a certificate, and a client that speaks TLS, for servers that do.
#
# Room: tests.  SPDX-License-Identifier: MIT
import os
import socket
import ssl
import subprocess

from harness import PATIENCE, Client, need, request


def certificate(here):
    """A certificate for a day with its key, in one file that every worker may read."""
    need('openssl')
    key, pem = here.file('key.pem'), here.file('both.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                    'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=localhost',
                    '-keyout', key, '-out', pem], check=True, capture_output=True)
    with open(key) as source, open(pem, 'a') as both:
        both.write(source.read())
    os.chmod(pem, 0o644)
    return pem


def encrypted(connected, newest=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = newest
    return context.wrap_socket(connected)


class TlsClient(Client):
    """The same over TLS; each piece that is sent is a record of its own.  ROOM: what the kernel
    takes in for us before we read.  PREFACE goes before all."""

    def __init__(self, port, newest=ssl.TLSVersion.TLSv1_3, room=None, preface=b''):
        super().__init__(port)
        if room:
            self.socket.close()
            self.socket = socket.socket()
            self.socket.settimeout(PATIENCE)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
            self.socket.connect(('127.0.0.1', port))
        self.socket.sendall(preface)
        self.socket = encrypted(self.socket, newest)

    def send(self, *pieces, pause=0.002):
        """Records stay apart without much of a pause."""
        super().send(*pieces, pause=pause)


def older_client(port):
    return TlsClient(port, ssl.TLSVersion.TLSv1_2)


def ask_tls(port, target, connect=TlsClient, **named):
    """One request on a connection of its own; the raw answer."""
    with connect(port) as client:
        client.send(request(target, **named))
        return client.answer(named.get('method', 'GET'))
