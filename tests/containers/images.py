"""The images that docker-compose.yml and the Dockerfile name, made of Debian's packages."""

import shutil
from pathlib import Path

from tests.containers.debian import system
from tests.containers.engine import Engine, wheels

ROOT = Path(__file__).parent.parent.parent
ENTRYPOINTS = Path(__file__).parent / "images"
ENTRYPOINT = "usr/local/bin/docker-entrypoint.sh"


def images(engine: Engine) -> None:
    engine.take(python(), "python:3.11.14-slim-bookworm")
    entry = f'ENTRYPOINT ["/{ENTRYPOINT}"]'
    postgres = with_entrypoint(system("image-postgres", "trixie", ["postgresql"]), "postgres.sh")
    engine.take(
        postgres,
        "postgres:17.6-alpine",
        entry,
        'CMD ["postgres"]',
        "ENV PATH=/usr/lib/postgresql/17/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ENV LANG=C.UTF-8",
        "STOPSIGNAL SIGINT",
    )
    rabbitmq = with_entrypoint(system("image-rabbitmq", "trixie", ["rabbitmq-server"]), "rabbitmq.sh")
    (rabbitmq / "etc" / "rabbitmq" / "conf.d").mkdir(exist_ok=True)
    (rabbitmq / "etc" / "rabbitmq" / "enabled_plugins").write_text("[rabbitmq_management].\n")
    engine.take(rabbitmq, "rabbitmq:4.1.4-management-alpine", entry, 'CMD ["rabbitmq-server"]')
    haproxy = system("image-haproxy", "trixie", ["haproxy", "busybox"])
    wget = haproxy / "usr" / "bin" / "wget"
    if not wget.is_symlink():
        wget.symlink_to("busybox")
    engine.take(
        haproxy, "haproxy:3.0.11-alpine", "USER haproxy", 'CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]'
    )


def python() -> Path:
    folder = system("image-python", "bookworm", ["python3", "python3-venv", "python-is-python3"])
    shutil.copytree(wheels(ROOT / "requirements" / "run.txt"), folder / "wheels", dirs_exist_ok=True)
    (folder / "etc" / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    return folder


def with_entrypoint(folder: Path, script: str) -> Path:
    shutil.copy(ENTRYPOINTS / script, folder / ENTRYPOINT)
    return folder
