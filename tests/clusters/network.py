"""Hosts on one machine: network namespaces on a bridge, each with an address, whose cables can be pulled."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.clusters.system import servers
from tests.containers.debian import done
from tests.servers.process import Child

# The system's folder with /proc and /dev, and `data` at /mnt, in mounts that no other process sees.
ENTER = """set -e
mount --bind /proc "$1/proc"; mount --rbind /dev "$1/dev"; mount --bind "$2" "$1/mnt"
system=$1; shift 2; exec chroot "$system" "$@"
"""


class Network:
    """A bridge that this machine is on, too. The tests and the product are there."""

    def __init__(self) -> None:
        number = os.getpid() % 16_384
        self.prefix = f"10.{64 + number // 256}.{number % 256}"
        self.name = f"pcl{number}"
        self.hosts: list[Host] = []
        ip("link", "add", self.name, "type", "bridge")
        ip("address", "add", f"{self.prefix}.1/24", "dev", self.name)
        ip("link", "set", self.name, "up")

    def host(self, name: str) -> "Host":
        host = Host(self, name, 11 + len(self.hosts))
        self.hosts.append(host)
        return host

    def close(self) -> None:
        for host in self.hosts:
            ip("netns", "delete", host.namespace)
        ip("link", "delete", self.name)


class Host:
    def __init__(self, network: Network, name: str, number: int) -> None:
        self.network = network
        self.name = name
        self.address = f"{network.prefix}.{number}"
        self.namespace = f"{network.name}-{name}"
        self.cable = f"{network.name}n{number}"
        ip("netns", "add", self.namespace)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        ip("-n", self.namespace, "address", "add", f"{self.address}/24", "dev", "eth0")
        for interface in ("eth0", "lo"):
            ip("-n", self.namespace, "link", "set", interface, "up")
        ip("link", "set", self.cable, "up")
        self.plug()

    def plug(self) -> None:
        ip("link", "set", self.cable, "master", self.network.name)

    def unplug(self) -> None:
        """Packets vanish, both ways; nobody is told."""
        ip("link", "set", self.cable, "nomaster")

    def command(self, data: Path, user: str, words: Sequence[str]) -> list[str]:
        """The words that run a program of the system on this host; `data` is at /mnt."""
        inside = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *words]
        return ["ip", "netns", "exec", self.namespace, "unshare", "--mount", "sh", "-c", ENTER, "sh", str(servers()), str(data), *inside]

    def start(self, data: Path, user: str, words: Sequence[str], env: Mapping[str, str], log: str) -> Child:
        return Child(self.command(data, user, words), env, data.with_name(f"{data.name}.{log}"), "root")


def ip(*words: str) -> None:
    done(["ip", *words])
