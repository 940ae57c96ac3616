#!/usr/bin/env python3
"""test_cli_bad_input.py - what reqprof says to files and words that are wrong.

A refusal is exit status 2 (1 where the answer is "no"), one sentence on stderr and nothing on
stdout; a damaged or cut session gives what can be trusted; nothing ever crashes or hangs.
SPDX-License-Identifier: MIT
"""
import http.server
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading

from tree import BUILD, ROOT

TOOL = os.path.join(BUILD, "reqprof")
GOLDEN = os.path.join(ROOT, "tests", "golden", "v1-small.reqprof")
HEAD_BYTES, HEAD_CRC_AT = 64, 60
NAME = "20261122T174132.123Z-4711-000007-GET-_slow.reqprof"
VERBS = [["show"], ["flat"], ["callers", "f"], ["callees", "f"], ["hot-paths"],
         ["export", "-f", "folded"], ["html"]]

counts = {"passed": 0, "failed": 0, "skipped": 0}


def tool(*words, env=None, cwd=None, stdout=subprocess.PIPE, user=None):
    """Runs reqprof in a clean environment; a hang is a failure of the whole test."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("REQPROF", "DEBUGINFOD"))}
    clean.update({"LC_ALL": "C.UTF-8", "REQPROF_DIR": EMPTY}, **(env or {}))
    return subprocess.run([TOOL, *words], env=clean, cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=stdout, stderr=subprocess.PIPE, timeout=60, user=user)


def check(name, run, problems):
    err = run.stderr.decode("utf-8", "replace")
    if run.returncode < 0 or run.returncode >= 128:
        problems.append("crashed with %d" % run.returncode)
    if "Sanitizer" in err or "runtime error" in err:
        problems.append("a sanitizer spoke")
    if problems:
        counts["failed"] += 1
        print("FAIL %s: %s\n  stderr: %s" % (name, "; ".join(problems), err.strip()[:400]))
    else:
        counts["passed"] += 1


def refused(name, run, status=2):
    """One sentence, no output."""
    err, problems = run.stderr.decode("utf-8", "replace"), []
    if run.returncode != status:
        problems.append("status %d, not %d" % (run.returncode, status))
    if run.stdout:
        problems.append("%d bytes on stdout" % len(run.stdout))
    lines = err.splitlines()
    if len(lines) != 1 or not err.startswith("reqprof: ") or len(err) < 20:
        problems.append("%d lines on stderr, not one sentence" % len(lines))
    check(name, run, problems)


def answered(name, run, *, needs=b""):
    problems = []
    if run.returncode != 0 or not run.stdout:
        problems.append("status %d and %d bytes on stdout" % (run.returncode, len(run.stdout)))
    if needs not in run.stdout + run.stderr:
        problems.append("nothing says %r" % needs)
    check(name, run, problems)


def put(name, data):
    path = os.path.join(WORK, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def foreign_files(good):
    files = {
        "empty": b"",
        "text": b"GET / HTTP/1.1\r\n\r\n" * 40,
        "zeros": bytes(4096),
        "elf": open("/bin/true", "rb").read(),
        "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "ascii-transfer": good.replace(b"\r\n", b"\n"),
        "head-only-magic": good[:8],
        "head-crc": good[:HEAD_CRC_AT] + bytes(4) + good[HEAD_BYTES:],
    }
    for name, data in files.items():
        path = put(name, data)
        for verb in VERBS:
            refused("%s of a file that is %s" % (verb[0], name), tool(*verb, path))
    newer = bytearray(good[:HEAD_BYTES])
    newer[8:10] = b"\xff\x7f"
    newer[HEAD_CRC_AT:] = struct.pack("<I", crc32c(newer[:HEAD_CRC_AT]))
    refused("a session of a later version", tool("show", put("newer", newer)))


def skipped(why):
    counts["skipped"] += 1
    print("SKIP " + why)


def closed(path):
    """Root may read everything, and asks as somebody else."""
    os.chmod(WORK, 0o711)
    user = "nobody" if os.geteuid() == 0 else None
    refused("a file that may not be read", tool("show", path, user=user))
    folder = os.path.join(WORK, "closed")
    os.mkdir(folder, 0o000)
    run = tool("run", "--", "no-such-server", user=user, env={"PATH": folder + ":/usr/bin"})
    os.rmdir(folder)
    refused("run of an unknown word, with a closed folder on PATH", run, status=127)


def places():
    refused("a directory", tool("show", WORK))
    refused("a device", tool("show", "/dev/null"))
    fifo = os.path.join(WORK, "fifo")
    os.mkfifo(fifo)
    refused("a fifo, without waiting for a writer", tool("show", fifo))
    refused("a path that is not there", tool("show", os.path.join(WORK, "nowhere")))
    os.symlink("nowhere-at-all", os.path.join(WORK, "dangling"))
    refused("a dangling link", tool("show", os.path.join(WORK, "dangling")))
    refused("an unknown id", tool("show", "99999-999999"), status=1)
    refused("a glob without a match", tool("show", "none*"), status=1)
    refused("@ without sessions", tool("show", "@"), status=1)
    refused("@7 without sessions", tool("flat", "@7"), status=1)
    refused("REQPROF_DIR is a file", tool("ls", env={"REQPROF_DIR": put("file", b"x")}))
    secret = put("secret", b"x")
    os.chmod(secret, 0)
    closed(secret)


def cuts(good):
    """Any prefix of a session is a session, from the first whole head on."""
    step = max(1, (len(good) - HEAD_BYTES) // 60)
    for n in list(range(0, HEAD_BYTES, 3)) + list(range(HEAD_BYTES + 40, len(good), step)):
        path = put("cut", good[:n])
        run = tool("show", path)
        if n < HEAD_BYTES:
            refused("cut at byte %d" % n, run)
        elif run.returncode == 0:
            answered("cut at byte %d" % n, run, needs=b"incomplete")
        else:
            refused("cut at byte %d" % n, run)


def flips(good):
    """One wrong bit: what is before it is shown and the damage named, or the file is refused."""
    step = max(1, len(good) // 120)
    for at in range(0, len(good), step):
        bad = bytearray(good)
        bad[at] ^= 1 << (at % 8)
        run = tool("show", put("flipped", bad))
        if run.returncode == 0:
            answered("bit flipped at byte %d" % at, run, needs=b"is damaged at byte ")
        else:
            refused("bit flipped at byte %d" % at, run)


def listing(good):
    full = os.path.join(WORK, "full")
    os.mkdir(full)
    with open(os.path.join(full, NAME), "wb") as f:
        f.write(good)
    with open(os.path.join(full, NAME.replace("000007", "000008")), "wb") as f:
        f.write(b"not a session")
    with open(os.path.join(full, NAME.replace("000007", "000009") + ".part"), "wb") as f:
        f.write(good[:len(good) // 2])
    run = tool("ls", full)
    answered("ls lists what it can", run, needs=b"4711-000007")
    answered("ls marks what is incomplete", run, needs=b"(incomplete)")
    check("ls names what is no session", run,
          [] if run.stderr.count(b"reqprof: ") == 1 else ["not one sentence on stderr"])
    refused("ls without sessions", tool("ls"), status=1)
    refused("ls of a route nobody asked for",
            tool("ls", "--route", "/nope", env={"REQPROF_DIR": only(good)}), status=1)
    refused("gc without sessions", tool("gc"), status=1)
    for verb in ("gc", "ls", "serve"):
        refused("%s of a directory that is not there" % verb, tool(verb, os.path.join(WORK, "nodir")))
    refused("ls of a file", tool("ls", put("good", good)))
    refused("a folder without sessions", tool("show", EMPTY + "/"))
    refused("a set without sessions", tool("show", "tag=nope"), status=1)
    for word in ("color=red", "status=ok", "since=soon", "tag=a,b"):
        refused("a set that says nothing: " + word, tool("show", word))


def only(good):
    """A directory with one good session."""
    path = os.path.join(WORK, "only")
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, NAME), "wb") as f:
        f.write(good)
    return path


def without_debug_info(good):
    """The modules of the golden session are of another machine or build."""
    for verb in VERBS[:1] + VERBS[4:]:
        answered("%s without debug files" % verb[0], tool(*verb, put("good", good)))


def usage():
    for words in (["nosuchverb"], ["show", "--nosuch"], ["ls", "--since", "yesterday"],
                  ["ls", "--slower", "5"], ["ls", "--sort", "colour"], ["ls", "-n", "-1"],
                  ["ls", "--json=yes"], ["gc", "--keep", "everything"], ["gc", "--keep"],
                  ["completion"], ["completion", "tcsh"], ["doctor", "--pid", "x"],
                  ["doctor", "a", "b"], ["curl"], ["curl", "-n", "0", "http://127.0.0.1:1/"],
                  ["curl", "--timeout", "5", "http://127.0.0.1:1/"], ["callers"],
                  ["flat", "-n", "many"], ["export", "-f", "nosuchformat"], ["run"],
                  ["html", "--diff"], ["html", "--diff", "a"], ["html", "--json"],
                  ["run", "--"], ["run", "--interval", "soon", "true"],
                  ["run", "--max-frames", "0", "true"],
                  ["run", "--dir", "/no/such/folder", "true"], ["help", "nosuchverb"],
                  ["hot-paths", "-d", "0"], ["token", "--path", "relative"],
                  ["serve", "--port", "65536"]):
        refused("reqprof " + " ".join(words), tool(*words))
    refused("a control character in a word", tool("show", "no\x1b[2Jsuch"), status=1)
    check("that character is not repeated", tool("show", "no\x1b[2Jsuch"),
          ["it is"] if b"\x1b" in tool("show", "no\x1b[2Jsuch").stderr else [])


def running():
    refused("run of what is not there", tool("run", "--", "/no/such/server"), status=127)
    refused("run of an unknown word", tool("run", "--", "no-such-server"), status=127)
    refused("run of a directory", tool("run", "--", "/tmp"), status=126)
    refused("run of a file without x", tool("run", "--", put("plain", b"#!/bin/sh\n")), status=126)
    script = put("script", b"#!/no/such/interpreter\n")
    os.chmod(script, 0o755)
    refused("run of a script without interpreter", tool("run", "--", script), status=126)
    source = put("s.c", b"int main(void) { return 0; }\n")
    if not shutil.which("gcc"):
        skipped("no static program: there is no gcc")
    else:
        static = os.path.join(WORK, "static")
        subprocess.run(["gcc", "-static", "-o", static, source], check=True)
        refused("run of a static program", tool("run", "--", static), status=126)
        run = tool("doctor", static)
        check("doctor says no to it", run, [] if run.returncode == 1 and
              b"statically linked" in run.stdout else ["status %d" % run.returncode])
    if not shutil.which("go"):
        skipped("no Go program: there is no go")
    else:
        with open(os.path.join(WORK, "m.go"), "w", encoding="ascii") as f:
            f.write("package main\nfunc main() {}\n")
        built = subprocess.run(["go", "build", "-o", "gosrv", "m.go"], cwd=WORK, check=False,
                               stderr=subprocess.PIPE,
                               env=dict(os.environ, GOCACHE=os.path.join(WORK, "gocache"),
                                        HOME=WORK, GO111MODULE="off"))
        check("a Go program can be built", built, [] if built.returncode == 0 else ["it cannot"])
        refused("run of a Go program", tool("run", "--", os.path.join(WORK, "gosrv")), status=126)


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


def curling():
    if not shutil.which("curl"):
        skipped("reqprof curl: there is no curl")
        return
    run = tool("curl", "http://127.0.0.1:1/")
    check("curl without a server", run, [] if run.returncode == 2 and not run.stdout and
          b"Failed to connect" in run.stderr else ["status %d" % run.returncode])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d/" % server.server_address[1]
    refused("curl of a server without the shim", tool("curl", "--timeout", "200ms", url), status=1)
    server.shutdown()


def no_room():
    with open("/dev/full", "wb") as full:
        for words in (["show", put("good", GOOD)], ["ls", only(GOOD)], ["--help"],
                      ["completion", "bash"], ["doctor"]):
            run = tool(*words, stdout=full)
            check("%s into a full disk" % words[0], run,
                  [] if run.returncode == 2 and run.stderr.count(b"reqprof: ") == 1 else
                  ["status %d, not 2, or not one sentence" % run.returncode])


WORK = tempfile.mkdtemp(prefix="reqprof-bad-")
EMPTY = os.path.join(WORK, "none")
os.mkdir(EMPTY, 0o700)
try:
    with open(GOLDEN, "rb") as golden:
        GOOD = golden.read()
    answered("the golden session itself", tool("show", GOLDEN))
    foreign_files(GOOD)
    places()
    cuts(GOOD)
    flips(GOOD)
    listing(GOOD)
    without_debug_info(GOOD)
    usage()
    running()
    curling()
    no_room()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
sys.exit(1 if counts["failed"] else 0)
