"""A cluster of RabbitMQ nodes, one on each host."""

import json
import os
import secrets
import signal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests.clusters.network import Host
from tests.clusters.system import user_of
from tests.servers.process import Child
from tests.servers.rabbitmq import PRODUCTION

USER = "rabbitmq"
AMQP, MANAGEMENT = 5672, 15672
QUIET = "+sbwt none +sbwtdcpu none +sbwtdio none -start_epmd false"
OURS = """
default_user = parcours
default_pass = {password}
disk_free_limit.absolute = 50MB
raft.wal_max_size_bytes = 67108864
cluster_formation.peer_discovery_backend = classic_config
cluster_partition_handling = autoheal
net_ticktime = 5
raft.adaptive_failure_detector.poll_interval = 1000
"""


class Node:
    def __init__(self, host: Host, folder: Path, config: str, cookie: str) -> None:
        self.host = host
        self.name = f"rabbit@{host.address}"
        self.data = folder / host.name
        self.data.mkdir()
        self.write("rabbitmq.conf", config)
        self.write("enabled_plugins", "[rabbitmq_management].\n")
        self.write(".erlang.cookie", cookie)
        os.chown(self.data, *user_of(USER))
        self.names = host.start(self.data, USER, ["epmd"], {}, "names")
        self.child: Child | None = None

    def write(self, name: str, text: str) -> None:
        (self.data / name).write_text(text)
        (self.data / name).chmod(0o400)
        os.chown(self.data / name, *user_of(USER))

    def start(self) -> None:
        env = {
            "HOME": "/mnt",
            "RUNNING_UNDER_SYSTEMD": "1",  # the script then becomes the node itself
            "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_MNESIA_BASE": "/mnt/data",
            "RABBITMQ_LOG_BASE": "/mnt",
            "RABBITMQ_PID_FILE": "/mnt/pid",
            "RABBITMQ_CONFIG_FILE": "/mnt/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "/mnt/enabled_plugins",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": QUIET,
        }
        self.child = self.host.start(self.data, USER, ["/usr/lib/rabbitmq/bin/rabbitmq-server"], env, "log")

    def running(self) -> Child:
        assert self.child is not None
        return self.child

    def kill(self) -> None:
        self.running().kill()

    def stop(self) -> None:
        self.running().end(signal.SIGTERM)

    def freeze(self) -> None:
        for process in self.running().family():
            process.suspend()

    def thaw(self) -> None:
        for process in self.running().family():
            process.resume()


class Cluster:
    def __init__(self, hosts: list[Host], folder: Path) -> None:
        self.password = secrets.token_hex(16)
        names = "".join(f"cluster_formation.classic_config.nodes.{n} = rabbit@{host.address}\n" for n, host in enumerate(hosts, 1))
        config = PRODUCTION.read_text() + OURS.format(password=self.password) + names
        cookie = secrets.token_hex(16)
        self.nodes = [Node(host, folder, config, cookie) for host in hosts]
        for node in self.nodes:
            node.start()
        self.nodes[0].running().wait_for(self.is_whole, 120)

    @property
    def address(self) -> str:
        """All nodes, for a client."""
        return ";".join(f"amqp://parcours:{self.password}@{node.host.address}:{AMQP}/" for node in self.nodes)

    def ask(self, path: str, node: Node | None = None) -> object:
        """What the first node that answers, or this one, says over its management interface."""
        fault: Exception | None = None
        for each in [node] if node else self.nodes:
            try:
                url = f"http://{each.host.address}:{MANAGEMENT}/api/{path}"
                answer = httpx.get(url, auth=("parcours", self.password), timeout=5)
                return answer.raise_for_status().json()
            except (httpx.HTTPError, json.JSONDecodeError) as failure:
                fault = failure
        raise AssertionError(f"no node answers {path}") from fault

    def is_whole(self) -> bool:
        """Every node runs, and each sees all."""
        try:
            seen = [self.ask("nodes", node) for node in self.nodes]
        except AssertionError:
            return False
        return all(isinstance(nodes, list) and sum(node["running"] for node in nodes) == len(self.nodes) for nodes in seen)

    def queue(self, name: str) -> dict[str, Any]:
        found = self.ask(f"queues/%2F/{quote(name, safe='')}")
        assert isinstance(found, dict)
        return found

    def leader(self, queue: str) -> Node:
        leader = self.queue(queue)["leader"]
        return next(node for node in self.nodes if node.name == leader)

    def close(self) -> None:
        for node in self.nodes:
            if node.child is not None:
                node.thaw()
                node.child.kill()
            node.names.kill()
