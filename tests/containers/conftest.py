"""One engine for all tests of this package, and an installation of each profile: only with `make test-long`."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.engine import Engine
from tests.containers.images import images
from tests.containers.installation import Installation, copy_files
from tests.servers.process import Unavailable


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    copy_files(folder)
    subprocess.run([folder / "deploy" / "secrets.sh"], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def engine(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if shutil.which("apt-get") is None:
        pytest.skip("the engine and its images are made of Debian's packages")
    try:
        made = Engine(project, tmp_path_factory.mktemp("engine") / "engine.log")
    except Unavailable as fault:
        pytest.skip(str(fault))
    try:
        images(made)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def installation(request: pytest.FixtureRequest, engine: Engine, project: Path) -> Iterator[Installation]:
    """Of the profile that the module names."""
    installed = Installation(engine, project, request.module.PROFILE)
    try:
        installed.up()
        yield installed
    finally:
        installed.compose("down", "--volumes", "--timeout", "20", check=False)
