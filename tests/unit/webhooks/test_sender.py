"""What one webhook sends, step by step: a real log, deliveries and judgement of reading. The receiver and the clock are given."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from services.webhooks.delivery.index import MAX_OF_OWNER
from services.webhooks.delivery.sender import TEST_TYPE, Deleted, Sender
from shared.errors import Invalid
from tests.unit.webhooks.scene import COACH, COORDINATOR, PUBLIC, Crash, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_events_are_sent_in_order_and_once(scene: Scene) -> None:
    scene.meet("before")
    sender = scene.create()
    scene.meet("p-1", "p-2", "p-3")
    assert scene.work(sender) is None
    assert scene.persons == ["p-1", "p-2", "p-3"]
    assert scene.work(sender) is None
    assert scene.work(Sender("w-1", scene.parts, lambda: True)) is None  # after a start
    assert len(scene.sent) == 3


def test_it_may_begin_at_any_position_but_not_after_the_end(scene: Scene) -> None:
    scene.meet("p-1", "p-2")
    early, late = scene.create(after=0), scene.create(webhook="w-2", after=10**12)
    scene.meet("p-3")
    scene.work(early)
    assert scene.persons == ["p-1", "p-2", "p-3"]
    scene.sent.clear()
    scene.work(late)
    assert scene.persons == ["p-3"]


@pytest.mark.parametrize("failure", [500, 301, 404, 429, 100, "timeout", "tls"])
def test_what_fails_is_tried_again_when_it_is_due_and_holds_the_rest_back(scene: Scene, failure: int | str) -> None:
    sender = scene.create()
    scene.meet("p-1", "p-2")
    scene.answers = [failure]
    assert scene.work(sender) == 10.0
    assert scene.work(sender) == 10.0
    assert (scene.persons, scene.row().status, scene.row().attempts) == (["p-1"], "waiting", 1)
    assert (scene.row().answer, scene.row().fault) == ((failure, None) if isinstance(failure, int) else (None, failure))
    scene.now += timedelta(seconds=10.1)
    assert scene.work(sender) is None
    assert scene.persons == ["p-1", "p-1", "p-2"]
    ids = [headers["webhook-id"] for _, headers, _ in scene.sent]
    assert ids[0] == ids[1] != ids[2]


def test_a_message_that_is_never_taken_stops_the_webhook_and_nothing_is_lost(scene: Scene) -> None:
    sender = scene.create()
    scene.meet("p-1", "p-2")
    scene.answers = [503, 503, 503]
    for wait in (10.0, 100.0, None):
        assert scene.work(sender) == wait
        later(scene, (wait or 0) + 1)
    stopped = scene.answer()
    assert (stopped["status"], stopped["stop"]["reason"], stopped["waiting"]["status"]) == ("stopped", "EXHAUSTED", "given_up")
    assert scene.components.store.read_stream("webhook-w-1")[-1].kind == "webhooks.WebhookStopped"
    scene.now += timedelta(days=9)
    assert scene.work(sender) is None
    assert scene.persons == ["p-1"] * 3
    scene.ask("ResumeWebhook")
    assert scene.work(sender) is None
    assert scene.persons == ["p-1"] * 4 + ["p-2"]
    assert scene.answer()["status"] == "active"


def later(scene: Scene, seconds: float) -> None:
    scene.now += timedelta(seconds=seconds)


def test_after_a_resumption_all_attempts_are_made_again(scene: Scene) -> None:
    sender = scene.create()
    scene.meet("p-1")
    scene.answers = [503] * 4
    for seconds in (11, 101, 0):
        scene.work(sender)
        later(scene, seconds)
    scene.ask("ResumeWebhook")
    assert scene.work(sender) == 10.0
    assert (scene.row().attempts, scene.row().resumptions, scene.row().status) == (1, 1, "waiting")


def test_a_message_that_is_passed_over_is_left_out(scene: Scene) -> None:
    sender = scene.create()
    scene.meet("p-1", "p-2")
    scene.answers = [410]
    assert scene.work(sender) is None
    assert scene.answer()["stop"]["reason"] == "GONE"
    scene.ask("ResumeWebhook", pass_over=True)
    assert scene.work(sender) is None
    assert scene.persons == ["p-1", "p-2"]
    statuses = {each.status for each in scene.components.webhook_deliveries.latest("w-1", 9)}
    assert statuses == {"passed_over", "delivered"}


def test_a_process_that_dies_after_it_gave_up_says_so_when_it_is_there_again(scene: Scene) -> None:
    sender = scene.create()
    scene.meet("p-1")
    scene.answers = [410]

    def crash(*args: object) -> None:
        raise Crash

    sender.parts = replace(scene.parts, stop=crash)
    with pytest.raises(Crash):
        scene.work(sender)
    assert scene.answer()["status"] == "active"
    assert scene.work(Sender("w-1", scene.parts, lambda: True)) is None
    assert (scene.answer()["status"], len(scene.sent)) == ("stopped", 1)


def test_a_process_that_dies_before_it_noted_an_answer_sends_under_the_same_id(scene: Scene) -> None:
    sender = scene.create()
    scene.meet("p-1", "p-2")
    scene.answers = [204, "crash"]
    with pytest.raises(Crash):
        scene.work(sender)
    scene.work(Sender("w-1", scene.parts, lambda: True))
    assert scene.persons == ["p-1", "p-2", "p-2"]
    ids = [headers["webhook-id"] for _, headers, _ in scene.sent]
    assert ids[1] == ids[2] != ids[0]


def test_a_process_that_dies_before_the_cursor_is_saved_sends_nothing_twice(scene: Scene) -> None:
    sender = scene.create()
    scene.meet("p-1", "p-2")
    sender.save_cursor = lambda: None  # type: ignore[method-assign]  # it dies before it comes to that
    scene.work(sender)
    assert scene.components.webhook_deliveries.cursor("w-1") is None
    scene.work(Sender("w-1", scene.parts, lambda: True))
    assert scene.persons == ["p-1", "p-2"]


def test_a_process_without_the_lease_sends_nothing(scene: Scene) -> None:
    scene.create()
    scene.meet("p-1")
    scene.ask("TestWebhook")
    assert scene.work(Sender("w-1", scene.parts, lambda: False))
    assert scene.sent == []


def test_a_pause_holds_and_a_resumption_goes_on(scene: Scene) -> None:
    sender = scene.create()
    scene.ask("PauseWebhook")
    scene.meet("p-1")
    assert (scene.work(sender), scene.sent) == (None, [])
    scene.ask("ResumeWebhook")
    scene.work(sender)
    assert scene.persons == ["p-1"]
    scene.ask("DeleteWebhook")
    scene.meet("p-2")
    with pytest.raises(Deleted):
        scene.work(sender)
    assert scene.persons == ["p-1"]


def test_a_replay_sends_again_under_the_same_ids(scene: Scene) -> None:
    sender = scene.create()
    scene.meet("p-1", "p-2")
    scene.work(sender)
    [_, second] = [event["position"] for event in scene.events]
    scene.ask("ReplayWebhook", after=second - 1)
    scene.meet("p-3")
    scene.work(sender)
    assert scene.persons == ["p-1", "p-2", "p-2", "p-3"]
    ids = [headers["webhook-id"] for _, headers, _ in scene.sent]
    assert ids[1] == ids[2]
    scene.work(Sender("w-1", scene.parts, lambda: True))
    assert len(scene.sent) == 4


def test_a_test_is_sent_once_in_any_state_and_tells_nothing(scene: Scene) -> None:
    sender = scene.create()
    scene.ask("PauseWebhook")
    scene.ask("TestWebhook")
    scene.answers = [503]
    for _ in range(3):
        scene.work(sender)
    [event] = scene.events
    assert (event["type"], event["data"]) == (TEST_TYPE, {"webhook": "w-1"})
    assert "position" not in event
    assert (scene.row().status, scene.row().answer, scene.row().position) == ("tested", 503, 0)


def test_what_changes_holds_for_the_next_attempt(scene: Scene) -> None:
    sender = scene.create()
    scene.meet("p-1")
    scene.answers = [503]
    scene.work(sender)
    scene.ask("ChangeWebhook", url="https://other.example/b", types=["coaching"])
    later(scene, 11)
    assert scene.work(sender) is None
    assert len(scene.sent) == 1  # the event is not in the filter any more
    scene.ask("ChangeWebhook", url="https://other.example/b", types=[])
    scene.meet("p-2")
    scene.work(sender)
    assert [event["data"].get("person") for event in scene.events][-1] == "p-2"
    assert scene.sent[-1][0].host == "other.example"


def test_both_secrets_sign_while_a_rotation_overlaps(scene: Scene) -> None:
    sender = scene.create()
    old, new = (scene.parts.secrets.secret("w-1", version) for version in (1, 2))
    scene.ask("RotateWebhookSecret", overlap_hours=1)
    scene.meet("p-1", "p-2")
    scene.answers = [204, 503]
    scene.work(sender)
    _, headers, body = scene.sent[0]
    for secret in (old, new):
        assert Webhook(secret).verify(body, dict(headers))["data"]["person"] == "p-1"
    later(scene, 3_700)
    scene.work(sender)
    assert len(scene.sent[-1][1]["webhook-signature"].split()) == 1


def test_a_name_that_is_bound_again_to_an_inner_address_is_not_called(scene: Scene) -> None:
    """At creation it was public; each attempt resolves once, checks everything that comes, and calls what was checked."""
    sender = scene.create()
    scene.meet("p-1", "p-2")
    scene.resolved = 0
    scene.addresses = ["127.0.0.1"]
    assert scene.work(sender) == 10.0
    assert (scene.sent, scene.row().fault) == ([], "address_not_allowed")
    assert scene.resolved == 1
    scene.addresses = [PUBLIC, "169.254.169.254"]
    later(scene, 11)
    scene.work(sender)
    assert scene.sent == []
    scene.addresses = [PUBLIC]
    later(scene, 101)
    scene.work(sender)
    assert scene.persons == ["p-1", "p-2"]
    assert {target.addresses for target, _, _ in scene.sent} == {(PUBLIC,)}


def test_so_many_webhooks_of_an_owner_are_served_and_those_of_others_as_well(scene: Scene) -> None:
    for number in range(MAX_OF_OWNER + 2):
        scene.create(webhook=f"w-{number}")
    scene.create(COACH, webhook="other")
    found = scene.components.webhook_queries.webhooks(None)["webhooks"]
    assert [each["webhook"] for each in found if each["status"] == "over_limit"] == ["w-20", "w-21"]
    scene.give("DeleteWebhook", COORDINATOR, {"webhook": "w-3"})
    assert scene.answer("w-20")["status"] == "active"


def test_the_address_is_checked_when_it_is_given(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.addresses = ["10.0.0.1"]
    with pytest.raises(Invalid) as invalid:
        scene.create()
    assert invalid.value.faults == {"url": ["Ce nom mène à une adresse qui n’est pas publique : elle n’est pas appelée."]}
