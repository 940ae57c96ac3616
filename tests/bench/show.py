#!/usr/bin/env python3
"""show.py [ROUNDS] - how long `reqprof show` takes for a session of more than 500 samples, most of
them in libc, whose debug file is uncompressed (10 MB): a process that begins anew, the files in the
page cache.  First with nothing but the session, then once more.  Lines for stats.py.
SPDX-License-Identifier: MIT
"""
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + '/../e2e')

import harness  # noqa: E402
import hosts  # noqa: E402


def debug_dir(here):
    """A folder like /usr/lib/debug that has libc's file without compression; its size."""
    libc = subprocess.run("ldd /bin/sh | awk '/libc\\.so/ { print $3 }'", shell=True, text=True,
                          check=True, stdout=subprocess.PIPE).stdout.strip()
    notes = subprocess.run(['readelf', '-n', libc], text=True, check=True,
                           stdout=subprocess.PIPE).stdout
    build = notes.split('Build ID: ')[1].split()[0]
    part = '.build-id/%s/%s.debug' % (build[:2], build[2:])
    installed, plain = '/usr/lib/debug/' + part, here.file('debug/' + part, '')
    if not os.path.exists(installed):
        raise harness.Skip('no separate debug file of libc')
    subprocess.run(['objcopy', '--decompress-debug-sections', installed, plain], check=True)
    return here.file('debug'), os.path.getsize(plain)


def record(here):
    port = harness.free_port()
    env = {'REQPROF_INTERVAL': '50us'}
    with harness.server(here, [hosts.built('storm'), str(port)], port, env=env):
        harness.ask(port, '/libc', headers=['X-Reqprof: save'], close=True)
        session, = harness.sessions(here.sessions, 1)
    path, = harness.files(here.sessions)
    return path, len(session.samples)


def show_ms(path, debug):
    began = time.monotonic()
    subprocess.run([harness.TOOL, 'show', '--debug-dir', debug, path], check=True,
                   stdout=subprocess.DEVNULL)
    return (time.monotonic() - began) * 1000


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with harness.place() as here:
        debug, size = debug_dir(here)
        path, samples = record(here)
        harness.check(samples >= 500, 'only', samples, 'samples')
        first, second = [], []
        for turn in range(rounds + 1):
            folder = here.file('again/%d' % turn)
            os.makedirs(folder)
            copy = shutil.copy(path, folder)
            took = show_ms(copy, debug), show_ms(copy, debug)
            if turn:  # the first one fills the page cache
                first.append(took[0])
                second.append(took[1])
    what = 'reqprof show, %d samples, debug file of %.1f MB' % (samples, size / 1e6)
    for name, times, goal in ((what, first, '<=150'), ('the same once more', second, '<=50')):
        for ms in times:
            print(name, 'value', 'ms', goal, '%.1f' % ms, sep='\t')


if __name__ == '__main__':
    try:
        main()
    except harness.Skip as skip:
        print('SKIP show: %s' % skip, file=sys.stderr)
