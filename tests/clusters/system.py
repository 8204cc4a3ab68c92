"""A Debian 13 with the servers of a cluster, in a folder of `.cache`."""

from pathlib import Path

from tests.containers.debian import system

PACKAGES = ("rabbitmq-server", "postgresql-17", "patroni", "python3-etcd", "etcd-server", "etcd-client", "haproxy")


def servers() -> Path:
    return system("cluster-servers", "trixie", PACKAGES)


def user_of(name: str) -> tuple[int, int]:
    """The ids of a user of the system, which has its own."""
    users = dict(line.split(":", 1) for line in (servers() / "etc" / "passwd").read_text().splitlines())
    user, group = users[name].split(":")[1:3]
    return int(user), int(group)
