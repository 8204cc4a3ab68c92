"""Hosts on one machine: network namespaces on a bridge, each with an address, whose cables can be pulled; or on two, to be parted."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.clusters.system import servers
from tests.containers.debian import done
from tests.servers.process import Child

# The system's folder with /proc and /dev, and `data` at /mnt, in mounts that no other process sees.
ENTER = """set -e
if [ $$ = 1 ]; then mount -t proc proc "$1/proc"; else mount --bind /proc "$1/proc"; fi
mount --rbind /dev "$1/dev"; mount --bind "$2" "$1/mnt"
system=$1; shift 2; exec chroot "$system" "$@"
"""
# A program's processes are its own, also those whose parents have ended: they end with the first one.
OWN_PROCESSES = ("--pid", "--fork", "--kill-child=KILL")


class Network:
    """A bridge that this machine is on, too. The tests are there, and the product unless it has hosts of its own.

    The far side is another bridge, and a trunk between the two.
    """

    def __init__(self) -> None:
        number = os.getpid() % 16_384
        self.prefix, self.side_door = (f"10.{first + number // 256}.{number % 256}" for first in (64, 128))
        self.name = f"pcl{number}"
        self.far, self.trunk = f"{self.name}f", (f"{self.name}t", f"{self.name}u")
        self.hosts: list[Host] = []
        for bridge in (self.name, self.far):
            ip("link", "add", bridge, "type", "bridge")
            ip("link", "set", bridge, "up")
        ip("address", "add", f"{self.prefix}.1/24", "dev", self.name)
        ip("link", "add", self.trunk[0], "type", "veth", "peer", "name", self.trunk[1])
        for end in self.trunk:
            ip("link", "set", end, "up")
        ip("link", "set", self.trunk[1], "master", self.far)
        self.join()

    def host(self, name: str, *, far: bool = False) -> "Host":
        host = Host(self, name, 11 + len(self.hosts), self.far if far else self.name)
        self.hosts.append(host)
        return host

    def join(self) -> None:
        ip("link", "set", self.trunk[0], "master", self.name)

    def part(self) -> None:
        """Packets between the sides vanish, both ways; nobody is told."""
        ip("link", "set", self.trunk[0], "nomaster")

    def close(self) -> None:
        for host in self.hosts:
            ip("netns", "delete", host.namespace)
        for link in (self.trunk[0], self.far, self.name):
            ip("link", "delete", link)


class Host:
    def __init__(self, network: Network, name: str, number: int, bridge: str) -> None:
        self.network = network
        self.name = name
        self.number = number
        self.bridge = bridge
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
        ip("link", "set", self.cable, "master", self.bridge)

    def side_door(self) -> str:
        """An address of this host that only the tests reach, whatever becomes of the network."""
        door, inside, prefix = f"{self.network.name}d{self.number}", "eth1", self.network.side_door
        ip("link", "add", door, "type", "veth", "peer", "name", inside, "netns", self.namespace)
        ip("address", "add", f"{prefix}.{4 * self.number - 3}/30", "dev", door)
        ip("-n", self.namespace, "address", "add", f"{prefix}.{4 * self.number - 2}/30", "dev", inside)
        ip("-n", self.namespace, "link", "set", inside, "up")
        ip("link", "set", door, "up")
        return f"{prefix}.{4 * self.number - 2}"

    def unplug(self) -> None:
        """Packets vanish, both ways; nobody is told."""
        ip("link", "set", self.cable, "nomaster")

    def command(self, data: Path, user: str, words: Sequence[str], *, own: bool = False) -> list[str]:
        """The words that run a program of the system on this host; `data` is at /mnt."""
        inside = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *words]
        apart = ["unshare", "--mount", *(OWN_PROCESSES if own else ()), "sh", "-c", ENTER, "sh", str(servers()), str(data)]
        return ["ip", "netns", "exec", self.namespace, *apart, *inside]

    def start(self, data: Path, user: str, words: Sequence[str], env: Mapping[str, str], log: str, *, own: bool = False) -> Child:
        return Child(self.command(data, user, words, own=own), env, data.with_name(f"{data.name}.{log}"), "root")


def ip(*words: str) -> None:
    done(["ip", *words])
