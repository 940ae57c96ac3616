#!/usr/bin/env python3
# test_apache.py - apache2 with mpm_event: a listener thread hands requests to worker threads
# that block every signal.
#
# Room: tests.  SPDX-License-Identifier: MIT
import contextlib
import os

import battery
from harness import AS_ROOT, PYTHON, Server, Skip, ask, check, equal, free_port, need, place, run
from harness import sessions

USER = 'www-data' if AS_ROOT else None
MODULES = '/usr/lib/apache2/modules'
UPSTREAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'py_threads.py')
CONF = '''
ServerRoot %(path)s
PidFile %(path)s/apache.pid
DefaultRuntimeDir %(path)s
ErrorLog %(path)s/apache.err
ServerName localhost
Listen 127.0.0.1:%(port)d
LoadModule mpm_event_module %(modules)s/mod_mpm_event.so
LoadModule authz_core_module %(modules)s/mod_authz_core.so
LoadModule mime_module %(modules)s/mod_mime.so
LoadModule proxy_module %(modules)s/mod_proxy.so
LoadModule proxy_http_module %(modules)s/mod_proxy_http.so
StartServers 1
ServerLimit 2
ThreadsPerChild 8
MaxRequestWorkers 16
MinSpareThreads 1
MaxSpareThreads 16
KeepAlive On
KeepAliveTimeout 30
%(user)s
TypesConfig /dev/null
DocumentRoot %(path)s/www
<Directory %(path)s/www>
Require all granted
</Directory>
ProxyPass /echo http://127.0.0.1:%(upstream)d/echo
ProxyPass /slow http://127.0.0.1:%(upstream)d/slow
ProxyPass /hello http://127.0.0.1:%(upstream)d/hello
'''


def configure(here, port, upstream):
    user = 'User %s\nGroup %s' % (USER, USER) if USER else ''
    here.file('www/small.txt', 'a small file\n')
    here.file('www/large.bin', bytes(range(256)) * 1200)
    for path in ('www/small.txt', 'www/large.bin'):
        os.utime(here.file(path), (1700000000, 1700000000))
    return here.file('apache.conf', CONF % dict(user=user, path=here.path, port=port,
                                                upstream=upstream, modules=MODULES))


@contextlib.contextmanager
def apache(here, shim=True):
    """apache2 before a Python server, which is bare in both rounds."""
    need('apache2')
    if not os.path.exists(MODULES + '/mod_mpm_event.so'):
        raise Skip('there is no ' + MODULES + '/mod_mpm_event.so')
    port, up = free_port(), free_port()
    upstream = Server(here, [PYTHON, UPSTREAM, str(up)], up, shim=False)
    try:
        conf = configure(here, port, up)
        one = Server(here, ['apache2', '-DFOREGROUND', '-f', conf], port, shim)
        try:
            yield port
        finally:
            one.stop()
    finally:
        upstream.stop()


def a_request_proxied_to_a_slow_upstream_waits_for_it():
    with place(USER) as here, apache(here) as port:
        raw = ask(port, '/slow?profile=1')
        s, = sessions(here.sessions, 1)
        equal(s.request['bytes_out'], len(raw), 'bytes_out')
        equal(s.truncated(), [])
        check(s.account['cpu_ns'] <= 150e6, 'the CPU of the upstream is not of this process',
              s.account)
        check(s.ns_waiting() >= 290e6, 'it does not wait 0.29 s:',
              [(w['kind'], w['object'], w['span_ns']) for w in s.waits])


TALKS = [talk for path in ('/small.txt', '/large.bin')
         for talk in battery.plain_talks(path) + battery.pipelined_talks(path) +
         battery.head_talks(path)]
PROXIED = battery.plain_talks('/hello') + battery.pipelined_talks('/hello') + \
    battery.post_talks('/echo') + battery.expecting_talks('/echo') + battery.chunked_talks('/echo')
run(*battery.Battery(apache, TALKS, owner=USER).tests('files'),
    *battery.Battery(apache, PROXIED, owner=USER).tests('proxied'),
    a_request_proxied_to_a_slow_upstream_waits_for_it)
