"""docker-compose.yml runs every service that the command line knows, twice, watched, and holds no secret."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from deploy import connections
from deploy.compose import COPIES
from deploy.healthy import CHECKS
from services.bootstrap.database_roles import role_of
from services.bootstrap.names import PROCESSES
from services.bootstrap.parts import KEY_PARTS, OF_PERSONS, Part, needs_of
from services.bootstrap.variables import FILE
from services.cli.main import parser
from services.reporting.projection.database import open_engine
from shared.address import Address
from shared.bus.names import Names
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.deliveries import PostgresDeliveries
from shared.store.postgres.gateway_records import PostgresGatewayRecords
from shared.store.postgres.person_keys import PostgresPersonKeys
from shared.store.postgres.pool import ConnectionPool
from shared.store.postgres.store import PostgresStore

ROOT = Path(__file__).parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: container for name, container in CONTAINERS.items() if container["image"].startswith("parcours:")}
PROFILES = {"single": {"parcours"}, "operator": {"operator"}, "cluster": {*CONTAINERS} - {"parcours", "operator"}}
RESTART = {"setup": "on-failure", "operator": "no"}  # of those that end; the others are kept running
KEPT_RUNNING = {name: container for name, container in CONTAINERS.items() if name not in RESTART}
DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")  # of a variable
OF_KEYS = {part.value for part in KEY_PARTS}
NAMED_LIKE_A_SECRET = re.compile(r"PASS|SECRET|TOKEN|KEY", re.IGNORECASE)


def test_every_service_has_a_container_and_no_other() -> None:
    assert set(OURS) == {*PROCESSES, "setup", "operator", "parcours"}
    assert set(CONTAINERS) - set(OURS) == {"rabbitmq", "postgres", "proxy"}


def test_each_container_is_of_one_profile() -> None:
    assert {name: set(named) for name, named in profiles().items()} == PROFILES


def test_one_container_of_a_profile_builds_the_image() -> None:
    """Each that builds makes an image of its own under the one name, and the next `up` replaces the containers of all but the last."""
    builders = {name for name, container in CONTAINERS.items() if "build" in container}
    assert [len(builders & PROFILES[profile]) for profile in ("single", "cluster", "operator")] == [1, 1, 0]


def profiles() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, container in CONTAINERS.items():
        for profile in container["profiles"]:
            found.setdefault(profile, []).append(name)
    return found


@pytest.mark.parametrize("name", PROCESSES)
def test_a_cluster_runs_two_of_every_process(name: str) -> None:
    assert OURS[name]["deploy"]["replicas"] == COPIES == 2


@pytest.mark.parametrize("name", OURS)
def test_its_command_is_one_that_the_command_line_takes(name: str) -> None:
    asked = parser().parse_args([str(word) for word in OURS[name]["command"]])
    expected = {"setup": ("setup", None), "operator": ("check", None), "parcours": ("serve", None)}.get(name, ("service", name))
    assert (asked.command, getattr(asked, "process", None)) == expected


def test_no_link_is_printed_where_the_output_is_kept() -> None:
    assert "--no-link" in OURS["setup"]["command"]


@pytest.mark.parametrize("name", KEPT_RUNNING)
def test_every_container_is_watched(name: str) -> None:
    words = KEPT_RUNNING[name]["healthcheck"]["test"]
    assert words[0] == "CMD"
    if name in OURS:
        check = {"parcours": "gateway"}.get(name, name)
        assert words[1:] == ["python", "deploy/healthy.py", check]
        assert check in CHECKS


@pytest.mark.parametrize("name", PROCESSES)
def test_a_service_starts_when_its_servers_are_healthy_and_the_log_is_set_up(name: str) -> None:
    conditions = {other: needed["condition"] for other, needed in OURS[name]["depends_on"].items()}
    assert conditions == {
        "rabbitmq": "service_healthy",
        "postgres": "service_healthy",
        "setup": "service_completed_successfully",
    }


@pytest.mark.parametrize("name", CONTAINERS)
def test_no_secret_is_written_in_it(name: str) -> None:
    named = {key: str(value) for key, value in CONTAINERS[name].get("environment", {}).items() if NAMED_LIKE_A_SECRET.search(key)}
    assert {key: value for key, value in named.items() if not value.startswith("/")} == {}
    assert not re.search(r"://[^/\s]+:[^/\s]+@", (ROOT / "docker-compose.yml").read_text())


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_is_given_its_own_keys_and_no_other(name: str) -> None:
    """Each key is in a volume of its own, but for the two of gateways; nobody who reads one can write it."""
    given, mounted = OURS[name]["environment"], [volume.split(":") for volume in key_volumes(name)]
    keys = {Part(variable): Path(path) for variable, path in given.items() if variable in OF_KEYS}
    assert set(keys) | {Part.PUBLIC_KEYS} == needs_of("service", name).parts & KEY_PARTS | {Part.PUBLIC_KEYS}
    assert {folder for _, folder, _ in mounted} == {str(path.parent) for path in keys.values()}
    assert {mode for _, _, mode in mounted} == {"ro"}


def key_volumes(name: str) -> list[str]:
    """What a container mounts, but for the file of the programme."""
    return [volume for volume in OURS[name]["volumes"] if "territories" not in volume]


def test_every_key_is_where_it_is_made() -> None:
    made = OURS["setup"]["environment"]
    assert {variable for variable in made if variable in OF_KEYS} == OF_KEYS
    assert "--keys" in OURS["setup"]["command"]
    for name in PROCESSES:
        assert {variable for variable in OURS[name]["environment"].items() if variable[0] in OF_KEYS} <= set(made.items())
        assert {volume.removesuffix(":ro") for volume in key_volumes(name)} <= set(key_volumes("setup"))
    folders = [Path(made[variable]).parent for variable in OF_KEYS]
    assert len({*folders}) == len(OF_KEYS) - 1, "the two keys of the gateways share a folder"
    image = (ROOT / "deploy" / "Dockerfile").read_text()
    assert [str(folder) for folder in folders if f" {folder} " not in image] == [], "a volume has the owner of the folder in the image"


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_can_do_no_more_than_it_must(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert "no-new-privileges:true" in container["security_opt"]
    if name not in {"rabbitmq", "postgres"}:  # their entrypoints begin as root and become another user
        assert container["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_is_started_again_and_takes_no_more_than_its_share(name: str) -> None:
    container = CONTAINERS[name]
    assert container["restart"] == RESTART.get(name, "unless-stopped")
    assert container["deploy"]["resources"]["limits"]["memory"]
    assert container["logging"]["options"] == {"max-size": "10m", "max-file": "5"}


def test_postgresql_takes_the_connections_of_two_of_every_process() -> None:
    given = CONTAINERS["postgres"]["command"][-1]
    assert given == f"max_connections={connections.max_connections(2)}"
    assert connections.max_connections(2) - connections.max_connections(1) == sum(map(connections.connections_of, PROCESSES))


def test_what_is_counted_of_a_process_is_what_its_parts_may_open(postgres_dsn: str) -> None:
    store, others = PostgresStore(postgres_dsn), (PostgresCheckpoints, PostgresPersonKeys, PostgresDeliveries, PostgresGatewayRecords)
    checkpoints, person_keys, deliveries, records = (limit_of(other(postgres_dsn).pool) for other in others)
    models = open_engine(Address(postgres_dsn)).pool
    of_all = limit_of(store.reader_pool) + limit_of(store.writer_pool) + checkpoints + person_keys + connections.LOOKS
    assert connections.connections_of("intake") == of_all + 2 * connections.LEASE  # of its inbox, and of the keys of persons
    assert connections.connections_of("referrals") == of_all + connections.LEASE
    assert connections.connections_of("webhooks") == of_all + connections.LEASE + deliveries
    assert connections.connections_of("gateway") == of_all + records
    of_models = models.size() + models._max_overflow  # type: ignore[attr-defined]  # a QueuePool
    assert connections.connections_of("reporting") == of_all + 2 * connections.LEASE + of_models + connections.REBUILD


def limit_of(pool: ConnectionPool) -> int:
    return pool.permits.qsize()


@pytest.mark.parametrize("name", CONTAINERS)
def test_ports_are_opened_on_the_loopback_address_alone(name: str) -> None:
    """Until somebody says otherwise, for the ways in alone."""
    elsewhere = [port for port in CONTAINERS[name].get("ports", []) if not port.startswith("127.0.0.1:")]
    assert [port for port in elsewhere if not (name in {"parcours", "proxy"} and port.startswith("${INSTALL_ADDRESS:-127.0.0.1}:"))] == []


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_image_has_an_exact_version(name: str) -> None:
    assert re.fullmatch(r"[a-z]+:(\$\{INSTALL_VERSION:-local\}|\d+\.\d+(\.\d+)?-\S+)", CONTAINERS[name]["image"])


def test_every_file_that_it_mounts_is_there() -> None:
    mounted = [volume for container in CONTAINERS.values() for volume in container.get("volumes", [])]
    sources = [DEFAULT.sub(r"\1", volume).split(":")[0] for volume in mounted]
    assert [source for source in sources if is_file(source) and not (ROOT / source).is_file()] == []
    assert {source for source in sources if not source.startswith("./")} == set(COMPOSE["volumes"])


def is_file(source: str) -> bool:
    """Of this repository: an installation makes the others."""
    return source.startswith("./") and not source.startswith(("./deploy/secrets/", "./backups"))


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_is_given_the_user_and_the_role_of_its_own(name: str) -> None:
    """Each address is a file that holds its own passwords, and no process has that of another."""
    own = {"amqp_uri": f"{name}_amqp_uri", "event_store": f"{name}_event_store"}
    own |= {"read_models": "read_models"} if name == "reporting" else {}
    own |= {"person_keys": "person_keys"} if needs_of("service", name).parts >= OF_PERSONS else {}
    assert secrets_of(name) == own
    given = {variable: value for variable, value in OURS[name]["environment"].items() if variable.endswith(FILE)}
    assert given == {f"PARCOURS_{target.upper()}{FILE}": f"/run/secrets/{target}" for target in own}
    assert "env_file" not in OURS[name]


def test_the_owner_of_the_log_is_who_sets_it_up_and_who_operates(tmp_path: Path) -> None:
    with_owner = {name for name in OURS if OURS[name].get("secrets") and "owner_event_store" in secrets_of(name).values()}
    assert with_owner == {"setup", "operator"}
    assert secrets_of("setup") == {"event_store": "owner_event_store"}


def secrets_of(name: str) -> dict[str, str]:
    """The name in the container, and that of the file."""
    listed = [{"source": each, "target": each} if isinstance(each, str) else each for each in OURS[name]["secrets"]]
    return {each["target"]: each["source"] for each in listed}


def test_the_secrets_that_it_reads_are_those_that_the_script_makes(tmp_path: Path) -> None:
    made = tmp_path / "secrets"
    subprocess.run([ROOT / "deploy" / "secrets.sh", made], check=True, capture_output=True)
    assert {name: each["file"] for name, each in COMPOSE["secrets"].items()} == {
        name: f"./deploy/secrets/{name}" for name in COMPOSE["secrets"]
    }
    assert {*COMPOSE["secrets"], "tls.pem", "postgres.env"} == {path.name for path in made.iterdir()}
    used = {source for name in OURS if "secrets" in OURS[name] for source in secrets_of(name).values()}
    assert {*used, "definitions.json"} == set(COMPOSE["secrets"])
    assert made.stat().st_mode & 0o077 == 0, "containers have other users: the folder protects the files"
    assert (made / "postgres.env").stat().st_mode & 0o077 == 0
    before = {path.name: path.read_text() for path in made.iterdir()}
    subprocess.run([ROOT / "deploy" / "secrets.sh", made], check=True, capture_output=True)
    after = {path.name: path.read_text() for path in made.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"definitions.json"}, "with another salt"


def test_each_address_of_the_script_is_that_of_its_process(tmp_path: Path) -> None:
    env = {**os.environ, "PARCOURS_ENVIRONMENT": "trial"}
    subprocess.run([ROOT / "deploy" / "secrets.sh", tmp_path], check=True, capture_output=True, env=env)
    for name in PROCESSES:
        broker, log = (urlsplit((tmp_path / f"{name}_{what}").read_text().strip()) for what in ("amqp_uri", "event_store"))
        assert (broker.username, log.username) == (Names("trial").user(name), role_of(name))
    assert urlsplit((tmp_path / "owner_event_store").read_text()).username == "parcours_owner"
    passwords = re.findall(r"://[^:]+:([0-9a-f]{48})@", "".join(file.read_text() for file in tmp_path.glob("*_*")))
    assert len({*passwords}) == len(passwords) - 1, "reporting has one role, in two databases"


def test_docker_itself_reads_it(tmp_path: Path) -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not on this machine; the tests above read the file without it")
    for path in ("docker-compose.yml", "deploy/secrets.sh", "deploy/rabbitmq/definitions.json"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    subprocess.run([tmp_path / "deploy" / "secrets.sh"], check=True, capture_output=True)
    command = ["docker", "compose", "--profile", "*", "--file", "docker-compose.yml", "config", "--quiet"]
    answer = subprocess.run(command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
