"""RabbitMQ: a private node with its own epmd, on the loopback address alone, and a fresh vhost for each test."""

import secrets
import signal
import socket
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from tests.servers.certificates import HOST, authority
from tests.servers.debian import rabbitmq_server
from tests.servers.given import GivenRabbitmq
from tests.servers.process import Child, Folder, free_port

USER = "rabbitmq"
# Busy waiting would take the cores that the tests need.
QUIET = "+sbwt none +sbwtdcpu none +sbwtdio none -start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"
PRODUCTION = Path(__file__).parent.parent.parent / "deploy" / "rabbitmq.conf"
READS_DEFINITIONS = PRODUCTION.parent / "rabbitmq" / "definitions.conf"
OURS = """\
listeners.tcp.1 = 127.0.0.1:{amqp}
listeners.ssl.1 = 127.0.0.1:{amqps}
ssl_options.cacertfile = {folder}/authority.pem
ssl_options.certfile = {folder}/certificate.pem
ssl_options.keyfile = {folder}/key.pem
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
default_user = parcours
default_pass = {password}
disk_free_limit.absolute = 50MB
raft.wal_max_size_bytes = 67108864
"""


class RabbitmqServer(GivenRabbitmq):
    """A node of our own, configured as the product's broker is, but for its addresses and its limits.

    With `definitions`, it reads them when it starts, as that of docker-compose.yml does; `login` is then an administrator among them.
    """

    def __init__(self, definitions: str = "", login: tuple[str, str] | None = None) -> None:
        self.program = rabbitmq_server()
        self.amqp, self.amqps, self.management, self.distribution, self.epmd = (free_port() for _ in range(5))
        self.folder = Folder("rabbitmq", USER)
        user, password = login or ("parcours", secrets.token_hex(16))
        super().__init__(f"amqp://{user}:{password}@127.0.0.1:{self.amqp}/", f"http://127.0.0.1:{self.management}")
        self.write_certificates()
        ports = {"amqp": self.amqp, "amqps": self.amqps, "management": self.management}
        ours = OURS.format(**ports, password=password, folder=self.folder.path)
        self.folder.write("rabbitmq.conf", PRODUCTION.read_text() + (self.reading(definitions) if definitions else "") + ours)
        self.folder.write("enabled_plugins", "[rabbitmq_management].\n")
        self.names: Child | None = None
        self.child: Child | None = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def reading(self, definitions: str) -> str:
        """The settings with which it reads them."""
        file = self.folder.write("definitions.json", definitions)
        return READS_DEFINITIONS.read_text().replace("/run/secrets/definitions.json", str(file))

    def write_certificates(self) -> None:
        certificate, key = authority().sign()
        self.folder.write("authority.pem", authority().file.read_text())
        self.folder.write("certificate.pem", certificate)
        self.folder.write("key.pem", key)

    def start(self) -> None:
        if self.alive():
            return
        if self.names is None:
            epmd = ["epmd", "-address", "127.0.0.1", "-port", str(self.epmd)]
            self.names = Child(epmd, {}, self.folder.path / "epmd.log", USER)
            self.names.wait_for(self.names_answer)
        self.child = Child([str(self.program)], self.env(), self.folder.path / "log", USER)
        self.child.wait_for(self.answers)

    def env(self) -> dict[str, str]:
        home = str(self.folder.path)
        return {
            "HOME": home,
            "RUNNING_UNDER_SYSTEMD": "1",  # the script then becomes the node itself: a signal reaches it, and no shell stays
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.epmd),
            "RABBITMQ_NODENAME": f"parcours-{self.amqp}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.amqp),
            "RABBITMQ_DIST_PORT": str(self.distribution),
            "RABBITMQ_MNESIA_BASE": f"{home}/data",
            "RABBITMQ_LOG_BASE": home,
            "RABBITMQ_PID_FILE": f"{home}/pid",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": QUIET,
        }

    def over_tls(self, uri: str, host: str = HOST, **options: str) -> str:
        """The address of a vhost on the listener with TLS. Its certificate is for HOST."""
        place = urlsplit(uri)
        user, _, _ = place.netloc.rpartition("@")
        query = urlencode({"cacertfile": str(authority().file), **options})
        return place._replace(scheme="amqps", netloc=f"{user}@{host}:{self.amqps}", query=query).geturl()

    def names_answer(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.epmd)) == 0

    def alive(self) -> bool:
        return self.child is not None and self.child.alive()

    def stop(self) -> None:
        """A clean stop: queues and streams are closed, and clients are notified."""
        if self.child is not None:
            self.child.end(signal.SIGTERM)

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """What it holds is thrown away, so it need not be closed in order, which takes seconds."""
        self.kill()
        if self.names is not None:
            self.names.end(signal.SIGTERM)
        self.folder.remove()
