"""To whom a webhook tells what: its owner what they may read in the feed, a committee that figures changed, nobody a secret."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.vocabulary.calendar import local_date, quarter_of
from services.webhooks.delivery.sender import Sender
from shared.message import Actor
from shared.trust.access import Identity
from tests.harness.accounts import give, granted
from tests.unit.webhooks.scene import COACH, COMMITTEE, COORDINATOR, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_an_owner_gets_what_they_may_read_in_the_feed(scene: Scene) -> None:
    sender = scene.create(COACH, types=[])
    scene.meet("p-1")
    scene.meet("p-2", territory="flers")
    scene.create(COORDINATOR, webhook="w-2")
    scene.work(sender)
    assert scene.persons == ["p-1"]  # nothing of another territory, and nothing of a webhook, its own included


def test_a_committee_gets_a_hint_when_a_quarter_closes_and_nothing_of_any_event(scene: Scene) -> None:
    past = datetime.now(UTC) - timedelta(days=200)
    for days in (0, 1, 2, 100, 101):
        moment = past + timedelta(days=days)
        scene.meet(f"p-{days}", time=moment, recorded_time=moment)
    sender = scene.create(COMMITTEE, types=[], after=0)
    scene.meet("p-now")
    scene.answers = [204, 503]
    while (wait := scene.work(sender)) is not None:
        scene.now += timedelta(seconds=wait + 1)
    told = [(event["type"].rpartition(".")[2], event["territory"]) for event in scene.events]
    assert set(told) == {("FiguresChanged", "alencon"), ("FiguresChanged", "flers")}
    assert all("." not in headers["webhook-id"] for _, headers, _ in scene.sent)
    assert not any("data" in event for event in scene.events)
    closings = len({event["position"] for event in scene.events})
    assert closings >= len({quarter_of(local_date(past + timedelta(days=days))) for days in (0, 100)})
    assert len(scene.sent) == 2 * closings + 1
    scene.work(Sender("w-1", scene.parts, lambda: True))
    assert len(scene.sent) == 2 * closings + 1


def test_no_secret_is_in_the_log_or_the_deliveries(scene: Scene, tmp_path: Path) -> None:
    sender = scene.create()
    scene.ask("RotateWebhookSecret")
    scene.meet("p-1")
    scene.answers = [500]
    scene.work(sender)
    scene.components.store.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("*.sqlite*"))
    assert b"WebhookSecretRotated" in stored
    for version in (1, 2):
        secret = scene.parts.secrets.secret("w-1", version)
        assert secret.encode() not in stored
        assert secret.removeprefix("whsec_").encode() not in stored
        assert scene.parts.secrets.raw("w-1", version) not in stored


def test_a_webhook_waits_without_the_grant_of_its_owner_and_tells_no_more_than_that(scene: Scene) -> None:
    sender = scene.create(COACH, types=["intake"])
    grant = granted(scene.components, COACH)
    scene.meet("p-1")
    scene.work(sender)
    give(scene.components, "WithdrawGrant", account="coach-1", grant=grant, reason="FIN_DE_FONCTION")
    scene.meet("p-2")
    assert scene.work(sender) is None
    assert scene.persons == ["p-1"]
    granted(scene.components, COACH)
    scene.work(sender)
    assert scene.persons == ["p-1", "p-2"]


def test_a_webhook_tells_of_the_territories_that_its_owner_still_has(scene: Scene) -> None:
    everywhere = Identity(Actor("coach-1", "coach", "etape"), ("*",))
    sender = scene.create(everywhere, types=["intake"])
    granted(scene.components, COACH)
    scene.meet("p-1", territory="flers")
    scene.meet("p-2")
    scene.work(sender)
    assert scene.persons == ["p-2"]


def test_once_there_are_accounts_a_webhook_of_nobody_waits(scene: Scene) -> None:
    sender = scene.create(COORDINATOR, types=["intake"])
    scene.meet("p-1")
    scene.work(sender)
    granted(scene.components, COACH)
    scene.meet("p-2")
    scene.work(sender)
    assert scene.persons == ["p-1"]
    granted(scene.components, COORDINATOR)
    scene.work(sender)
    assert scene.persons == ["p-1", "p-2"]
