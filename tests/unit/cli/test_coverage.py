"""`parcours audit coverage` prints what is proved of each consumer, names what is not as it should be, and helps to mend it."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.cli.main import main
from tests.contract.consuming import Installation, Without
from tests.unit.cli.test_backup import made, restored


class Audited:
    """The exit code of the command, and what it printed: by consumer, and in sentences."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path, *more: str) -> None:
        capsys.readouterr()
        self.code = main(["audit", "coverage", "--data", str(folder), *more])
        printed = capsys.readouterr()
        self.consumers: dict[str, dict[str, Any]] = {line["consumer"]: line for line in map(json.loads, printed.out.splitlines())}
        self.text = printed.err

    @property
    def faults(self) -> dict[str, list[tuple[str, int]]]:
        return {name: found for name, each in self.consumers.items() if (found := [(f["kind"], f["position"]) for f in each["faults"]])}


@pytest.fixture
def parcours(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "live", {})


def without_one(parcours: Installation) -> int:
    """Three events, of which the inbox of coaching is not given the second; its position."""
    parcours.orient("p-0")
    left_out = parcours.orient("p-1")
    parcours.orient("p-2")
    inbox = parcours.inbox()
    inbox.store = Without(inbox.store, left_out)
    parcours.react(inbox)
    return left_out


def test_it_prints_what_is_proved_of_each_consumer(parcours: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parcours.create_webhook()
    parcours.orient("p-0")
    parcours.react_all()
    parcours.relay()
    parcours.fold()
    parcours.send()
    found, head = Audited(capsys, tmp_path / "live"), parcours.store.head()
    assert (found.code, found.faults) == (0, {})
    of_reporting = {"consumer": "reporting.inbox", "after": 0, "until": head, "events": head, "kinds": None, "faults": []}
    assert found.consumers["reporting.inbox"] == of_reporting
    assert found.consumers["coaching.inbox"]["kinds"] == sorted(parcours.inbox().kinds or ())
    assert f"reporting.inbox: {head} events after position 0, up to position {head}, each applied once." in found.text
    assert set(found.consumers) == {"relay", "intake.inbox", "coaching.inbox", "referrals.inbox", "webhook w-1", "reporting.inbox"}


def test_a_hole_is_named_by_position_and_closed_by_way_of_the_dead_letters(
    parcours: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left_out = without_one(parcours)
    found = Audited(capsys, tmp_path / "live", "--give-back")
    assert (found.code, found.faults) == (1, {"coaching.inbox": [("hole", left_out)]})
    assert f"the event at position {left_out} was not applied" in found.text
    (letter,) = parcours.components.dead_letters.list()
    assert (letter.service, letter.position, letter.reason) == ("coaching", left_out, "The inbox has passed it over.")
    assert main(["dead", "replay", "--data", str(tmp_path / "live")]) == 0
    file, inbox = parcours.components.dead_letter_file, parcours.inbox()
    assert file is not None
    for id, event in file.given_back("coaching"):  # as the consumer does while it works
        inbox.position()
        inbox.redeliver(event)
        file.delete(id)
    assert (Audited(capsys, tmp_path / "live").code, Audited(capsys, tmp_path / "live").faults) == (0, {})


def test_what_was_seen_to_is_begun_anew_unless_the_consumer_is_at_work(
    parcours: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left_out = without_one(parcours)
    parcours.components.policy_runner("coaching").react(*parcours.store.read_at([left_out]))  # in some other way
    assert Audited(capsys, tmp_path / "live").faults == {"coaching.inbox": [("hole", left_out)]}
    with parcours.components.checkpoints.lease("coaching.inbox", 1) as held:
        assert held
        assert Audited(capsys, tmp_path / "live", "--anew", "coaching.inbox").code == 1
    anew = Audited(capsys, tmp_path / "live", "--anew", "coaching.inbox")
    assert (anew.code, str(left_out) in anew.text) == (0, True)
    found = Audited(capsys, tmp_path / "live")
    assert (found.code, found.consumers["coaching.inbox"]["after"]) == (0, parcours.components.checkpoints.load("coaching.inbox"))
    assert Audited(capsys, tmp_path / "live", "--anew", "nothing").code == 1


def test_a_restored_installation_proves_what_was_applied_before_and_after(
    parcours: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parcours.create_webhook()
    parcours.orient("p-0")
    parcours.react_all()
    parcours.relay()
    parcours.fold()
    parcours.send()
    backup = made(tmp_path / "backup", tmp_path / "live")
    parcours.orient("p-1")  # is lost
    parcours.react_all()
    restored(backup, tmp_path / "new")
    assert Audited(capsys, tmp_path / "new").faults == {}
    again = Installation(tmp_path / "new", {})
    again.orient("p-2")
    again.react_all()
    again.relay()
    again.fold()
    again.send()
    found = Audited(capsys, tmp_path / "new")
    assert (found.code, found.faults) == (0, {})
    assert {found.consumers[name]["after"] for name in ("coaching.inbox", "relay", "reporting.inbox", "webhook w-1")} == {0}


def test_a_hole_is_still_named_after_a_restore(parcours: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left_out = without_one(parcours)
    restored(made(tmp_path / "backup", tmp_path / "live"), tmp_path / "new")
    assert Audited(capsys, tmp_path / "new").faults == {"coaching.inbox": [("hole", left_out)]}


def test_a_rebuild_makes_the_coverage_of_the_read_models_again(
    parcours: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parcours.meet("p-0")
    assert main(["rebuild", "--data", str(tmp_path / "live")]) == 0
    parcours.meet("p-1")
    parcours.fold()
    found, head = Audited(capsys, tmp_path / "live"), parcours.store.head()
    assert (found.faults, found.consumers["reporting.inbox"]["until"], found.consumers["reporting.inbox"]["events"]) == ({}, head, head)
