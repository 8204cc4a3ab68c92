"""A bundle of a strange history, for the tests of what an auditor carries away."""

import shutil
from datetime import date
from pathlib import Path

import msgspec
import pytest

from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.cli.commands import importer
from services.cli.main import main
from shared.proof.sealer import Pace, Sealer
from tests.fuzz.random_commands import RandomCommands

UNSEALED = 7  # events
PACE = Pace(events=50)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A strange history: random commands of every type, of which many are refused; all but the last events are sealed."""
    folder = tmp_path_factory.mktemp("data")
    components = Components(read_settings(folder, environ={}))
    components.publish_definitions()
    territories = [territory.id for territory in components.settings.programme().territories]
    commands, history = RandomCommands(1, territories, 1_500, date(2024, 6, 30), {"valid": 78, "nearly": 22}), importer(components)
    for command in commands:
        outcome, *_ = history.load([msgspec.json.encode(command)])
        if outcome.fault is None:
            commands.accepted(command)
    sealer = Sealer(components.raw_store, components.checkpoints, components.tree_heads, components.sealer().signer, PACE)
    with components.checkpoints.lease("sealer", 1) as held:
        sealing = sealer.begin()
        sealer.read(sealing)
        del sealing.pending[-UNSEALED:]
        sealer.seal(sealing, held, rest=True)
    return folder


@pytest.fixture(scope="session")
def made(data: Path) -> Path:
    assert main(["bundle", str(data / "bundle"), "--data", str(data)]) == 0
    return data / "bundle"


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "bundle"))
