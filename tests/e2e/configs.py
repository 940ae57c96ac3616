# configs.py - how nginx and apache are set up: files, and a Python server behind them; with or
# without TLS.  And php-fpm, alone and behind nginx.
#
# Room: tests.  SPDX-License-Identifier: MIT
import glob
import os

from harness import AS_ROOT, Skip, need

USER = 'www-data' if AS_ROOT else None
MODULES = '/usr/lib/apache2/modules'
TEMPS = '''
	client_body_temp_path %(path)s/tmp-body;
	proxy_temp_path %(path)s/tmp-proxy;
	fastcgi_temp_path %(path)s/tmp-fastcgi;
	uwsgi_temp_path %(path)s/tmp-uwsgi;
	scgi_temp_path %(path)s/tmp-scgi;
'''  # Debian's nginx has its scratch files in a folder of root's
NGINX = '''
%(user)s
worker_processes 2;
daemon off;
pid %(path)s/nginx.pid;
error_log %(path)s/nginx.err;
events { worker_connections 256; }
http {
	access_log off;
	sendfile on;
	keepalive_timeout 30;
	default_type text/plain;''' + TEMPS + '''
	upstream up { server 127.0.0.1:%(upstream)d; keepalive 4; }
	%(http)s
	server {
		listen 127.0.0.1:%(port)d%(listen)s%(tls)s;
		%(locations)s
		root %(path)s/www;
		location = /hi { return 200 "hi\\n"; }
		location ~ ^/(echo|slow|hello|big)$ {
			proxy_pass http://up;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
		}
	}
}
'''
APACHE = '''
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
%(tls)s
%(h2)s
TypesConfig /dev/null
DocumentRoot %(path)s/www
<Directory %(path)s/www>
Require all granted
</Directory>
ProxyPass /echo http://127.0.0.1:%(upstream)d/echo
ProxyPass /slow http://127.0.0.1:%(upstream)d/slow
ProxyPass /hello http://127.0.0.1:%(upstream)d/hello
'''


def pages(here):
    here.file('www/small.txt', 'a small file\n')
    here.file('www/large.bin', bytes(range(256)) * 1200)
    for path in ('www/small.txt', 'www/large.bin'):
        os.utime(here.file(path), (1700000000, 1700000000))


def nginx(here, port, upstream=1, pem=None, listen='', http='', locations=''):
    """What starts nginx on PORT, over TLS with PEM; LISTEN: more words of that line, HTTP and
    LOCATIONS: more lines of these blocks."""
    need('nginx')
    pages(here)
    tls = ' ssl; ssl_certificate %s; ssl_certificate_key %s' % (pem, pem) if pem else ''
    conf = here.file('nginx.conf', NGINX % dict(
        user='user %s;' % USER if USER else '', path=here.path, port=port, upstream=upstream,
        tls=tls, listen=listen, http=http, locations=locations))
    return ['nginx', '-c', conf, '-e', here.file('nginx.err')]


def apache(here, port, upstream, pem=None, h2=False):
    """The same of apache2, with mpm_event; H2: it speaks HTTP/2 without TLS."""
    need('apache2')
    for module in ['mpm_event'] + (['ssl'] if pem else []) + (['http2'] if h2 else []):
        if not os.path.exists('%s/mod_%s.so' % (MODULES, module)):
            raise Skip('there is no mod_%s.so in %s' % (module, MODULES))
    pages(here)
    tls = 'LoadModule ssl_module %s/mod_ssl.so\nSSLEngine on\nSSLCertificateFile %s' % (
        MODULES, pem) if pem else ''
    conf = here.file('apache.conf', APACHE % dict(
        user='User %s\nGroup %s' % (USER, USER) if USER else '', path=here.path, port=port,
        upstream=upstream, modules=MODULES, tls=tls,
        h2='LoadModule http2_module %s/mod_http2.so\nProtocols h2c http/1.1' % MODULES
        if h2 else ''))
    return ['apache2', '-DFOREGROUND', '-f', conf]


POOL = '''
[global]
error_log = %(path)s/fpm.err
daemonize = no
[tests]
%(user)s
listen = %(listen)s
listen.mode = 0666
pm = static
pm.max_children = %(children)d
catch_workers_output = no
'''
TO_FPM = '''
location ~ ^%s {
	include /etc/nginx/fastcgi_params;
	fastcgi_param SCRIPT_FILENAME %s;
	fastcgi_pass fpm;
	fastcgi_keep_conn on;
}
'''


def php_fpm(here, where, children=1, user=USER):
    """What starts php-fpm on WHERE, a port or a path, with workers of USER."""
    found = sorted(glob.glob('/usr/sbin/php-fpm[0-9]*'))
    if not found:
        raise Skip('there is no php-fpm')
    conf = here.file('fpm.conf', POOL % dict(
        path=here.path, children=children,
        listen='127.0.0.1:%d' % where if isinstance(where, int) else where,
        user='user = %s\ngroup = %s' % (user, user) if user else ''))
    return [found[-1], '-n', '-y', conf] + ['-R'] * (user == 'root')


def to_fpm(pool, script, paths):
    """What nginx() needs to hand PATHS on to SCRIPT of the php-fpm on POOL."""
    return dict(http='upstream fpm { server unix:%s; keepalive 2; }' % pool,
                locations=TO_FPM % (paths, script))
