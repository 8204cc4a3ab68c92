"""nginx, Caddy and HAProxy as private processes with TLS, each in front of one port, configured as the how-to says."""

import signal
import socket
import textwrap
from collections.abc import Callable
from pathlib import Path

from tests.kurrent.security import self_signed
from tests.servers.debian import program
from tests.servers.process import Child, Folder, free_port

USER = "www-data"

NGINX = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/a;
  proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d;
  scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/certificate.pem;
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      {headers}
    }}
  }}
}}
"""
NGINX_HEADERS = """
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
"""
CADDY = """
{{
  admin off
  auto_https disable_redirects
  servers {{
    protocols h1 h2
  }}
}}
https://localhost:{port} {{
  bind 127.0.0.1
  tls {folder}/certificate.pem {folder}/certificate.pem
  reverse_proxy 127.0.0.1:{behind}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend tls
  bind 127.0.0.1:{port} ssl crt {folder}/certificate.pem
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  default_backend parcours
backend parcours
  server gateway 127.0.0.1:{behind}
"""


class Proxy:
    """A proxy on `url`, whose certificate `authority` verifies."""

    def __init__(self, name: str, config: str, command: Callable[[Path], list[str]], behind: int, headers: str = "") -> None:
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.folder = Folder(name, USER)
        key, certificate = self_signed("localhost")
        self.authority = self.folder.write("certificate.pem", (certificate + key).decode())
        text = config.format(folder=self.folder.path, port=self.port, behind=behind, headers=headers)
        file = self.folder.write("config", textwrap.dedent(text))
        self.child = Child(command(file), {"HOME": str(self.folder.path)}, self.folder.path / "log", USER)
        try:
            self.child.wait_for(self.answers, 20)
        except BaseException:
            self.folder.remove()
            raise

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self) -> None:
        self.child.end(signal.SIGTERM, 5)
        self.folder.remove()


def nginx(behind: int, headers: str = NGINX_HEADERS) -> Proxy:
    server = str(program("/usr/sbin/nginx", "nginx-light"))
    return Proxy("nginx", NGINX, lambda file: [server, "-c", str(file), "-e", str(file.with_name("error.log"))], behind, headers)


def caddy(behind: int) -> Proxy:
    server = str(program("/usr/bin/caddy", "caddy"))
    return Proxy("caddy", CADDY, lambda file: [server, "run", "--adapter", "caddyfile", "--config", str(file)], behind)


def haproxy(behind: int) -> Proxy:
    server = str(program("/usr/sbin/haproxy", "haproxy"))
    return Proxy("haproxy", HAPROXY, lambda file: [server, "-db", "-f", str(file)], behind)


PROXIES: dict[str, Callable[[int], Proxy]] = {"nginx": nginx, "caddy": caddy, "haproxy": haproxy}
