"""What is installed is what was locked, on any day: a release of tomorrow changes nothing."""

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOM = Path(__file__).parent.parent.parent / "requirements"
LOCKS = ("run.txt", "test.txt")


def locked(name: str) -> dict[str, Requirement]:
    lines = (ROOM / name).read_text().splitlines()
    pins = [Requirement(line.rstrip("\\ ")) for line in lines if line[:1].isalnum()]
    return {canonicalize_name(pin.name): pin for pin in pins}


def asked_by(pin: Requirement) -> list[Requirement]:
    """What a locked package asks for, as this environment has it."""
    try:
        asked = [Requirement(line) for line in requires(pin.name) or ()]
    except PackageNotFoundError:  # for another Python or system
        return []
    extras = sorted(pin.extras) or [""]
    return [each for each in asked if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras)]


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_exact_and_has_a_hash(name: str) -> None:
    pins = re.split(r"\n(?=[A-Za-z0-9])", (ROOM / name).read_text().strip())
    exact = re.compile(r"[\w.-]+(\[[\w,-]+\])?==[\w.]+ \\\n\s+--hash=sha256:")
    assert [pin.split()[0] for pin in pins if not exact.match(pin)] == []


def test_what_is_tested_is_what_runs() -> None:
    run, test = locked("run.txt"), locked("test.txt")
    assert {name: pin.specifier for name, pin in run.items()} == {name: test[name].specifier for name in run}


@pytest.mark.parametrize("name", LOCKS)
def test_an_extra_that_a_package_asks_for_is_locked_with_it(name: str) -> None:
    """A pin without its extra leaves pip free to look for a newer version of the extra, which has no hash here: nothing installs then."""
    pins = locked(name)
    missing = [
        f"{pin.name} asks for {each}"
        for pin in pins.values()
        for each in asked_by(pin)
        if not each.extras <= pins[canonicalize_name(each.name)].extras
    ]
    assert missing == []
