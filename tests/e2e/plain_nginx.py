# plain_nginx.py - one process of nginx with one location: what it does with every request is said.
#
# Room: tests.  SPDX-License-Identifier: MIT
from harness import AS_ROOT, free_port, need, server

CONFIG = '''
daemon off; master_process off; %(user)s pid %(path)s/nginx.pid; error_log %(path)s/nginx.err;
events { worker_connections 64; }
http { access_log off; %(temporary)s
server { listen 127.0.0.1:%(port)d; location / { %(does)s } } }
'''


def plain_nginx(here, does, env=None):
    """A server in HERE; its sessions are there, too."""
    need('nginx')
    port = free_port()
    temporary = ' '.join('%s_temp_path %s/%s;' % (kind, here.path, kind) for kind in (
        'client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    conf = here.file('nginx.conf', CONFIG % {
        'user': 'user root;' if AS_ROOT else '', 'path': here.path, 'port': port,
        'temporary': temporary, 'does': does})
    return server(here, ['nginx', '-c', conf, '-p', here.path, '-e', here.file('nginx.err')], port,
                  env=env)


def proxy(here, upstream, env=None):
    return plain_nginx(here, 'proxy_pass http://127.0.0.1:%d;' % upstream.port, env)
