# harness.py - real servers with and without the shim, a raw HTTP client, the sessions they leave.
#
# Room: tests.  Python's standard library only.  A server listens on 127.0.0.1 and is ended by the
# process group that was made for it; everything it writes is below one temporary directory.
# SPDX-License-Identifier: MIT
import contextlib
import fcntl
import glob
import json
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

from tree import AS_ROOT, BUILD, ROOT

SHIM = os.path.join(BUILD, 'libreqprof.so')
TOOL = os.path.join(BUILD, 'reqprof')
PYTHON = '/usr/bin/python3' if os.path.exists('/usr/bin/python3') else sys.executable
PATIENCE = 20  # seconds until something that must happen counts as not happening


class Failed(Exception):
    """A test that does not hold; its text says why."""


class Skip(Exception):
    """A test that cannot run here; its text says why."""


def check(holds, *why):
    if not holds:
        raise Failed(' '.join(str(w) for w in why) or 'does not hold')


def equal(seen, wanted, what=''):
    check(seen == wanted, what, 'is', repr(seen)[:400], 'and not', repr(wanted)[:400])


def need(*programs):
    for program in programs:
        if not shutil.which(program, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin'):
            raise Skip('there is no ' + program)


def until(what, true, patience=PATIENCE):
    """Polls TRUE() until it answers something; the answer."""
    end = time.monotonic() + patience
    while True:
        answer = true()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failed('waited %d s in vain for %s' % (patience, what))
        time.sleep(0.02)


# ---- places ------------------------------------------------------------------------------------

class Place:
    """A directory for one server: its files, its log and the directory of its sessions."""

    def __init__(self, owner=None):
        self.path = tempfile.mkdtemp(prefix='reqprof-e2e-')
        os.chmod(self.path, 0o755)  # a worker under another user passes through
        self.settings = {}  # REQPROF_* of every server here that has the shim
        self.log = self.file('shim.log')
        self.sessions = self.file('sessions')
        open(self.log, 'w').close()
        os.chmod(self.log, 0o666)
        os.mkdir(self.sessions, 0o700)
        if owner and AS_ROOT:
            self.give(self.sessions, owner)

    def give(self, path, owner):
        user = pwd.getpwnam(owner)
        os.chown(path, user.pw_uid, user.pw_gid)

    def file(self, name, content=None):
        path = os.path.join(self.path, name)
        if content is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as out:
                out.write(content if isinstance(content, bytes) else content.encode())
        return path

    def said(self):
        with open(self.log) as log:
            return log.read()

    def free(self):
        shutil.rmtree(self.path, ignore_errors=True)


@contextlib.contextmanager
def place(owner=None):
    here = Place(owner)
    try:
        yield here
    finally:
        here.free()


# ---- servers -----------------------------------------------------------------------------------

KEPT = 200  # descriptors from here on; a shell names those below 10 only


def free_port():
    """A port that this process keeps: bound to it is a socket that never listens, and over that a
    server binds its own (SO_REUSEADDR).  Given back at once it could be given to another run of tests
    as well, whose server would be asked instead of ours, and reset our connections when it ends."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(('127.0.0.1', 0))
        fcntl.fcntl(s, fcntl.F_DUPFD_CLOEXEC, KEPT)
        return s.getsockname()[1]


def answers(port):
    """PORT is a number, or the path of a socket."""
    path = isinstance(port, str)
    with socket.socket(socket.AF_UNIX if path else socket.AF_INET) as s:
        return s.connect_ex(port if path else ('127.0.0.1', port)) == 0


def shim_settings(here):
    """The environment of a server with the shim; the gate is wide open, for tests."""
    return {'LD_PRELOAD': SHIM, 'REQPROF_DIR': here.sessions, 'REQPROF_LOG': here.log,
            'REQPROF_RATE': '10000', 'REQPROF_BURST': '10000', 'REQPROF_CONCURRENT': '32',
            **here.settings}


class Server:
    """ARGV running until stop(); `env` is added to the environment, a None there removes."""

    def __init__(self, here, argv, port, shim=True, env=None, before=None, cwd=None):
        settings = {k: v for k, v in os.environ.items() if not k.startswith('REQPROF')}
        settings.update(shim_settings(here) if shim else {})
        settings.update(env or {})
        self.port, self.pid = port, None
        self.output = open(here.file('server.out'), 'ab')
        self.child = subprocess.Popen(
            argv, env={k: v for k, v in settings.items() if v is not None}, cwd=cwd or here.path,
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=before)
        self.pid = self.child.pid
        try:
            until('port %s of %s' % (port, argv[0]), lambda: self.ended() or answers(port))
            if self.ended():
                with open(here.file('server.out'), errors='replace') as out:
                    raise Failed('%s ended: %s' % (argv[0], out.read()[-500:]))
        except BaseException:
            self.stop()
            raise

    def ended(self):
        return self.child.poll() is not None

    def stop(self, how=signal.SIGTERM):
        """Ends it and what it started; the exit status of its first process."""
        try:
            self.child.send_signal(how)
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # the group is ours: start_new_session
        self.output.close()
        return self.child.wait()


@contextlib.contextmanager
def server(*args, **named):
    one = Server(*args, **named)
    try:
        yield one
    finally:
        one.stop()


# ---- the client --------------------------------------------------------------------------------

def request(target, method='GET', headers=(), body=None, close=False):
    """The bytes of one request; a list BODY is sent chunked."""
    lines = ['%s %s HTTP/1.1' % (method, target), 'Host: test'] + list(headers)
    data = b''
    if isinstance(body, list):
        lines.append('Transfer-Encoding: chunked')
        data = b''.join(b'%x\r\n%s\r\n' % (len(c), c) for c in body) + b'0\r\n\r\n'
    elif body is not None:
        lines.append('Content-Length: %d' % len(body))
        data = body
    if close:
        lines.append('Connection: close')
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + data


# At the end of a head, once: a second copy would stay, and differ from the bare answer.
OURS = re.compile(rb'X-Reqprof-Id: (\d+-\d{6,})\r\n'
                  rb'Server-Timing: (ttfb;dur=[^\r\n]+)\r\n(?=\r\n$)')


class Answer(bytes):
    """What a server sent, without the lines that the shim has put into the head of a flagged
    request's answer: those are .id, .timing (None: there were none)."""

    def __new__(cls, head, rest=b'', before=b''):
        ours = OURS.search(head)
        if ours:
            head = head[:ours.start()] + head[ours.end():]
        answer = super().__new__(cls, before + head + rest)
        answer.id = ours and ours.group(1).decode()
        answer.timing = ours and ours.group(2).decode()
        return answer

    def behind(self, before):
        answer = Answer(before + self)
        answer.id, answer.timing = self.id, self.timing
        return answer


class Client:
    """One connection; answers come one by one."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *pieces, pause=0.02):
        """Sends each piece in a segment of its own."""
        for i, piece in enumerate(pieces):
            if i:
                time.sleep(pause)
            self.socket.sendall(piece)

    def more(self):
        got = self.socket.recv(1 << 16)
        self.rest += got
        return len(got)

    def take(self, n):
        while len(self.rest) < n and self.more():
            pass
        check(len(self.rest) >= n, 'the answer ends after', len(self.rest), 'of', n, 'bytes')
        taken, self.rest = self.rest[:n], self.rest[n:]
        return taken

    def take_to(self, end):
        while end not in self.rest:
            check(self.more(), 'the connection closed within an answer:', self.rest[:200])
        return self.take(self.rest.index(end) + len(end))

    def begun(self):
        """Waits for the head of the next answer, and leaves it there."""
        while b'\r\n\r\n' not in self.rest:
            check(self.more(), 'the connection closed within a head:', self.rest[:200])

    def stuck(self):
        """Reads the head of the next answer and no more until the server cannot send on: nothing
        has come for a while."""
        self.begun()
        before, now = 0, self.unread()
        while now == 0 or now != before:
            time.sleep(0.1)
            before, now = now, self.unread()

    def unread(self):
        """How many bytes wait in the kernel."""
        return struct.unpack('i', fcntl.ioctl(self.socket, termios.FIONREAD, bytes(4)))[0]

    def take_chunks(self):
        raw = b''
        while True:
            line = self.take_to(b'\r\n')
            size = int(line.split(b';')[0], 16)
            raw += line + (self.take(size + 2) if size else self.take_to(b'\r\n'))
            if not size:
                return raw

    def answer(self, method='GET'):
        """The next answer, whole: see Answer."""
        head = self.take_to(b'\r\n\r\n')
        status = int(head.split()[1])
        length = re.search(rb'\r\ncontent-length: *(\d+)', head, re.I)
        if method == 'HEAD' or status in (204, 304) or status < 200:
            return Answer(head)
        if re.search(rb'\r\ntransfer-encoding: *chunked', head, re.I):
            return Answer(head, self.take_chunks())
        if length:
            return Answer(head, self.take(int(length.group(1))))
        while self.more():
            pass
        rest, self.rest = self.rest, b''
        return Answer(head, rest)


def ask(port, target, **named):
    """One request on a connection of its own; the raw answer."""
    method = named.get('method', 'GET')
    with Client(port) as client:
        client.send(request(target, **named))
        return client.answer(method)


def body_of(raw):
    return raw.split(b'\r\n\r\n', 1)[1]


# ---- sessions ----------------------------------------------------------------------------------

def files(directory, kind='reqprof'):
    return sorted(glob.glob(os.path.join(glob.escape(directory), '*.' + kind)))


def export(path):
    done = subprocess.run([TOOL, 'export', '-f', 'json', path], capture_output=True, check=False)
    check(done.returncode == 0, 'reqprof export', path, 'says', done.stderr.decode())
    return Session(json.loads(done.stdout), path)


def sessions(directory, n, settle=0.3):
    """The N sessions of DIRECTORY in the order they began, once they are written; fails when
    there are more or fewer."""
    with contextlib.suppress(Failed):
        until('sessions', lambda: len(files(directory)) >= n and not files(directory, 'part'), 8)
    time.sleep(settle)  # one too many would come now
    found = [export(path) for path in files(directory)]
    targets = [s.request['method'] + ' ' + s.request['target'] for s in found]
    check(len(found) == n, 'there are', len(found), 'sessions and not', n, targets,
          [os.path.basename(p) for p in files(directory, 'part')])
    return sorted(found, key=lambda s: s.request['began_wall_ns'])


def shown_in_ps(pid):
    """Waits until process PID shows its requests in flight (REQPROF_PS); the path of its table."""
    return until('the table of requests in flight',
                 lambda: glob.glob('/dev/shm/reqprof-*/%d' % pid))[0]


def ps(*pids):
    """The rows of reqprof ps of these processes."""
    done = subprocess.run([TOOL, 'ps', '--json', *map(str, pids)], capture_output=True, text=True,
                          check=False)
    check(done.returncode in (0, 1), 'reqprof ps says', done.stderr)
    return json.loads(done.stdout)['requests']


def tool(*args):
    """What `reqprof ARGS --json` says."""
    done = subprocess.run([TOOL, *args, '--json'], capture_output=True, check=False)
    check(done.returncode == 0, 'reqprof', *args, 'says', done.stderr.decode())
    return json.loads(done.stdout)


class Session:
    """What `reqprof export -f json` says of one session."""

    def __init__(self, told, path):
        self.told = told
        name = re.search(r"-(\d+-\d{6,})-", os.path.basename(path))
        self.id = name and name.group(1)
        for key in ('request', 'phases', 'account', 'lost', 'samples', 'waits', 'functions'):
            setattr(self, key, told[key])
        self.target = self.request['target']

    def stack(self, point):
        """The functions of a sample or wait, root first."""
        return [self.functions[f] for f in self.told['stacks'][point['stack']]]

    def names(self):
        """Every function on any sample or wait."""
        points = self.samples + self.waits
        return {f['function'] for p in points for f in self.stack(p)}

    def ns_in(self, matches):
        """Wall time of the samples that have a function for which MATCHES(function)."""
        return sum(p['wall_ns'] for p in self.samples if any(map(matches, self.stack(p))))

    def ns_waiting(self, *kinds):
        return sum(w['span_ns'] for w in self.waits if not kinds or w['kind'] in kinds)

    def truncated(self):
        return [[f['function'] for f in self.stack(p)] for p in self.samples + self.waits
                if any(f['function'].startswith('[truncated') for f in self.stack(p))]


# ---- the runner --------------------------------------------------------------------------------

def sentence(test):
    return test.__name__.replace('_', ' ')


def run(*tests):
    """Runs TESTS, functions whose names are sentences; only those that contain a word of the
    command line when there is one.  Ends the program."""
    words = sys.argv[1:]
    count = {'ok': 0, 'FAIL': 0, 'SKIP': 0}
    for test in tests:
        if words and not any(word in test.__name__ for word in words):
            continue
        why, said = '', 'ok'
        try:
            test()
        except Skip as skip:
            said, why = 'SKIP', str(skip)
        except Failed as failed:
            where = traceback.extract_tb(failed.__traceback__)
            lines = [str(f.lineno) for f in where if 'harness.py' not in f.filename]
            said, why = 'FAIL', '%s (line %s)' % (failed, ' > '.join(lines))
        except Exception:  # a broken test is a failed one
            said, why = 'FAIL', traceback.format_exc().strip().replace('\n', ' | ')
        count[said] += 1
        print(said, sentence(test) + (': ' + why if why else ''), flush=True)
    print('%(ok)d passed, %(FAIL)d failed, %(SKIP)d skipped' % count)
    sys.exit(1 if count['FAIL'] else 0)
