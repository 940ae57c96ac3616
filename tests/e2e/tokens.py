# tokens.py - tokens as the gate takes them, made by Python's own hmac.
#
# Room: tests.  SPDX-License-Identifier: MIT
import hmac
import os
import secrets
import time

SECRET, OLD = 'the-secret-of-this-test-server', 'and-the-one-before-it'


def token(after=300, scope='html', path='', secret=SECRET, kid_of=None, nonce=None):
    """One that ends AFTER so many seconds; KID_OF: the secret that it claims to be signed with."""
    kid = hmac.digest((kid_of or secret).encode(), b'kid', 'sha256')[:4].hex()
    text = 'v1.%s.%d.%s.%s' % (kid, time.time() + after, nonce or secrets.token_hex(8), scope)
    if path:
        text += '~' + path.encode().hex()
    return text + '.' + hmac.digest(secret.encode(), text.encode(), 'sha256').hex()


def secret_file(here):
    """The path of a file that holds both secrets, the new one first."""
    path = here.file('secret', SECRET + '\n' + OLD + '\n')
    os.chmod(path, 0o600)
    return path
