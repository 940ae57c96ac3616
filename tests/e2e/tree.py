# tree.py - what is tested: the tree that the tests lie in; or, where root has it in a place of its own (a clone
# below /root, a umask of 077), one like it that the users whom servers run as may read.
#
# Room: tests.  Python's standard library only.
# SPDX-License-Identifier: MIT
import atexit
import os
import pwd
import shutil
import subprocess
import tempfile

AS_ROOT = os.geteuid() == 0
# What workers read, or run.
SHARED = ['build/libreqprof.so', 'build/reqprof', 'build/hosts', 'build/truth', 'tests/e2e', 'tests/truth']


def others_may_read(paths):
    user = pwd.getpwnam('nobody')
    return subprocess.run(['sh', '-c', 'for path; do [ -r "$path" ] || exit; done', 'sh', *paths], check=False,
                          user=user.pw_uid, group=user.pw_gid, extra_groups=[]).returncode == 0


def like(parts):
    """A tree for all, of copies of what is shared and of links to the rest, until the program ends; PARTS:
    the directories of its own, by name."""
    top = tempfile.mkdtemp(prefix='reqprof-e2e-tree-')
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    for part, there in parts.items():
        os.mkdir(os.path.join(top, part))
        for name in os.listdir(there):
            source, path = os.path.join(there, name), os.path.join(top, part, name)
            if os.path.join(part, name) not in SHARED:
                os.symlink(source, path)
            elif os.path.isdir(source):
                shutil.copytree(source, path, symlinks=True)
            else:
                shutil.copy2(source, path)
    subprocess.run(['chmod', '-R', 'a+rX', top], check=True)
    return top


def find():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    build = os.environ.get('REQPROF_BUILD', os.path.join(root, 'build'))
    parts = {'build': build, 'tests': os.path.join(root, 'tests')}
    asked = [os.path.join(parts[part], name) for part, name in (path.split('/') for path in SHARED)]
    if AS_ROOT and not others_may_read(filter(os.path.exists, asked)):
        root = like(parts)
        build = os.path.join(root, 'build')
    return root, build


ROOT, BUILD = find()
