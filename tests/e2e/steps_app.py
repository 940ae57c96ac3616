# steps_app.py - what a python server does, in a thread: json, re, zlib, hashes, exceptions.
# SPDX-License-Identifier: MIT
import hashlib
import json
import re
import threading
import zlib


def fails(n):
    if n == 0:
        raise KeyError('deep')
    return fails(n - 1)


def work():
    for turn in range(1000):
        text = json.dumps({'n': turn, 'list': list(range(60)), 'x': {'y': [1.5, None, 'z' * 30]}})
        json.loads(text)
        re.findall(r'(\d+)[,\]] ?"?(\w*)', text)
        packed = zlib.compress(text.encode() * 4)
        hashlib.sha256(zlib.decompress(packed)).hexdigest()
        try:
            fails(20)
        except KeyError:
            pass


thread = threading.Thread(target=work)
thread.start()
thread.join()
