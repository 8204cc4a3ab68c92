"""docker-compose.yml runs every service that the command line knows, watched, and holds no secret."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.healthy import CHECKS
from services.bootstrap.names import PROCESSES
from services.bootstrap.variables import KNOWN
from services.cli.main import parser

ROOT = Path(__file__).parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: container for name, container in CONTAINERS.items() if "build" in container}
KEPT_RUNNING = {name: container for name, container in CONTAINERS.items() if name != "setup"}
NAMED_LIKE_A_SECRET = re.compile(r"PASS|SECRET|TOKEN|KEY", re.IGNORECASE)


def test_every_service_has_a_container_and_no_other() -> None:
    assert set(OURS) == {*PROCESSES, "setup"}
    assert set(CONTAINERS) - set(OURS) == {"rabbitmq", "postgres"}


@pytest.mark.parametrize("name", OURS)
def test_its_command_is_one_that_the_command_line_takes(name: str) -> None:
    asked = parser().parse_args([str(word) for word in OURS[name]["command"]])
    assert name == "setup" or (asked.command, asked.process) == ("service", name)


@pytest.mark.parametrize("name", KEPT_RUNNING)
def test_every_container_is_watched(name: str) -> None:
    words = KEPT_RUNNING[name]["healthcheck"]["test"]
    assert words[0] == "CMD"
    if name in OURS:
        assert words[1:] == ["python", "deploy/healthy.py", name]
        assert name in CHECKS


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


@pytest.mark.parametrize("name", OURS)
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    container = OURS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in container["security_opt"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_ports_are_opened_on_the_loopback_address_alone(name: str) -> None:
    assert [port for port in CONTAINERS[name].get("ports", []) if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_image_has_an_exact_version(name: str) -> None:
    assert re.fullmatch(r"[a-z]+:(local|\d+\.\d+(\.\d+)?-\S+)", CONTAINERS[name]["image"])


def test_every_file_that_it_mounts_is_there() -> None:
    sources = [volume.split(":")[0] for container in CONTAINERS.values() for volume in container.get("volumes", [])]
    assert [source for source in sources if source.startswith("./") and not (ROOT / source).is_file()] == []
    assert {source for source in sources if not source.startswith("./")} == set(COMPOSE["volumes"])


def test_the_secrets_that_it_reads_are_those_that_the_script_makes(tmp_path: Path) -> None:
    made = tmp_path / "secrets"
    subprocess.run([ROOT / "deploy" / "secrets.sh", made], check=True, capture_output=True)
    asked = {Path(file).name for container in CONTAINERS.values() for file in container.get("env_file", [])}
    assert asked == {path.name for path in made.iterdir()}
    assert {path.stat().st_mode & 0o077 for path in made.iterdir()} == {0}
    given = {file.name: set(re.findall(r"^([A-Z_]+)=", file.read_text(), re.MULTILINE)) for file in made.iterdir()}
    read = {name for container in OURS.values() for file in container["env_file"] for name in given[Path(file).name]}
    assert read <= set(KNOWN), "a variable that no process knows ends it"
    before = (made / "services.env").read_text()
    subprocess.run([ROOT / "deploy" / "secrets.sh", made], check=True, capture_output=True)
    assert (made / "services.env").read_text() == before


def test_docker_itself_reads_it(tmp_path: Path) -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not on this machine; the tests above read the file without it")
    for path in ("docker-compose.yml", "deploy/secrets.sh"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    subprocess.run([tmp_path / "deploy" / "secrets.sh"], check=True, capture_output=True)
    command = ["docker", "compose", "--file", "docker-compose.yml", "config", "--quiet"]
    answer = subprocess.run(command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
