"""What a webhook accepts, from whom, and what follows."""

from datetime import date
from typing import Any

import pytest

from services.webhooks import commands
from services.webhooks.coded_values import StopReason
from services.webhooks.webhook import (
    Owner,
    WebhookChanged,
    WebhookCreated,
    WebhookDeleted,
    WebhookPaused,
    WebhookReplayed,
    WebhookResumed,
    WebhookSecretRotated,
    WebhookStopped,
    WebhookTestRequested,
    decider,
)
from tests.harness.specification import given

DAY = date(2024, 5, 13)
URL = "https://hooks.example/parcours"
OWNER = Owner("coach-1", "coach", "etape", ["alencon"])
BY_OWNER = {"by": "coach-1", "role": "coach", "organisation": "etape", "territories_of_actor": ["alencon"], "scope": "owner"}
BY_COORDINATOR = {"by": "coord-1", "role": "coordinator", "organisation": "etape", "territories_of_actor": ["*"], "scope": "all"}
BY_SYSTEM = {"by": "webhooks", "role": "system", "organisation": "", "territories_of_actor": ["*"], "scope": "all"}
STRANGERS = [
    {**BY_OWNER, "by": "coach-2"},
    {**BY_OWNER, "organisation": "other"},
    {**BY_OWNER, "role": "committee"},
]
CREATED = WebhookCreated(webhook="w-1", owner=OWNER, url=URL, territories=["alencon"], types=["coaching"], after=None, on=DAY)
PAUSED = WebhookPaused(webhook="w-1", on=DAY)
STOPPED = WebhookStopped(webhook="w-1", reason=StopReason.EXHAUSTED, message="m-1", on=DAY)
RESUMED = WebhookResumed(webhook="w-1", passed_over=None, on=DAY)
DELETED = WebhookDeleted(webhook="w-1", on=DAY)


def asked(name: str, who: dict[str, Any] = BY_OWNER, **data: Any) -> Any:
    return getattr(commands, name)(webhook="w-1", on=DAY, **who, **data)


CREATE = asked("CreateWebhook", url=URL, territories=["alencon"], types=["coaching"])
STOP = asked("StopWebhook", BY_SYSTEM, reason=StopReason.EXHAUSTED, message="m-1", resumptions=0)
OF_OWNERS = [
    asked("ChangeWebhook", url=URL + "/2"),
    asked("PauseWebhook"),
    asked("RotateWebhookSecret"),
    asked("ReplayWebhook", after=3),
    asked("TestWebhook"),
    asked("DeleteWebhook"),
]


def test_a_webhook_is_created_once_and_its_id_is_never_used_again() -> None:
    created = given(decider).when(CREATE).then(CREATED)
    created.when(CREATE).then_refused("webhook_already_exists")
    given(decider, CREATED, DELETED).when(CREATE).then_refused("webhook_already_exists")


@pytest.mark.parametrize("command", OF_OWNERS, ids=lambda command: type(command).__name__)
def test_to_anybody_but_its_owner_it_does_not_exist(command: Any) -> None:
    name, data = type(command).__name__, {"url": command.url} if hasattr(command, "url") else {}
    data |= {"after": command.after} if hasattr(command, "after") else {}
    for stranger in STRANGERS:
        given(decider, CREATED).when(asked(name, stranger, **data)).then_refused("webhook_unknown")
    given(decider, CREATED).when(command).events()
    given(decider, CREATED).when(asked(name, BY_COORDINATOR, **data)).events()
    for history in ((), (CREATED, DELETED)):
        given(decider, *history).when(command).then_refused("webhook_unknown")


def test_an_owner_who_changes_it_says_again_where_they_may_act() -> None:
    elsewhere = {**BY_OWNER, "territories_of_actor": ["alencon", "flers"]}
    changed = WebhookChanged(
        webhook="w-1", owner=Owner("coach-1", "coach", "etape", ["alencon", "flers"]), url=URL, territories=["alencon"], types=[], on=DAY
    )
    after = given(decider, CREATED).when(asked("ChangeWebhook", elsewhere, url=URL, territories=["alencon"])).then(changed)
    after.when(asked("ChangeWebhook", elsewhere, url=URL, territories=["alencon"])).then_refused("webhook_unchanged")


def test_it_is_paused_and_resumed() -> None:
    paused = given(decider, CREATED).when(asked("PauseWebhook")).then(PAUSED)
    paused.when(asked("PauseWebhook")).then_refused("webhook_not_active")
    resumed = paused.when(asked("ResumeWebhook")).then(RESUMED)
    resumed.when(asked("ResumeWebhook")).then_refused("webhook_already_active")
    paused.when(asked("ResumeWebhook", pass_over=True)).then_refused("nothing_to_pass_over")


def test_it_is_stopped_on_a_message_that_may_be_passed_over() -> None:
    stopped = given(decider, CREATED).when(STOP).then(STOPPED)
    stopped.when(STOP).then_refused("webhook_not_active")
    stopped.when(asked("ResumeWebhook")).then(RESUMED)
    stopped.when(asked("ResumeWebhook", pass_over=True)).then(WebhookResumed(webhook="w-1", passed_over="m-1", on=DAY))


def test_what_gave_up_before_a_resumption_stops_nothing_after_it() -> None:
    given(decider, CREATED, STOPPED, RESUMED).when(STOP).then_refused("webhook_not_active")
    given(decider, CREATED, PAUSED).when(STOP).then_refused("webhook_not_active")


def test_each_rotation_and_each_replay_has_the_next_number() -> None:
    rotated = given(decider, CREATED).when(asked("RotateWebhookSecret", overlap_hours=1))
    second = rotated.then(WebhookSecretRotated(webhook="w-1", version=2, overlap_hours=1, on=DAY))
    second.when(asked("RotateWebhookSecret")).then(WebhookSecretRotated(webhook="w-1", version=3, overlap_hours=24, on=DAY))
    replayed = given(decider, CREATED).when(asked("ReplayWebhook", after=7)).then(WebhookReplayed(webhook="w-1", after=7, run=1, on=DAY))
    replayed.when(asked("ReplayWebhook", after=0)).then(WebhookReplayed(webhook="w-1", after=0, run=2, on=DAY))


def test_a_test_may_be_asked_for_in_any_state() -> None:
    for history in ((CREATED,), (CREATED, PAUSED), (CREATED, STOPPED)):
        given(decider, *history).when(asked("TestWebhook")).then(WebhookTestRequested(webhook="w-1", on=DAY))


def test_no_event_holds_a_secret() -> None:
    events = (CREATED, PAUSED, STOPPED, RESUMED, DELETED)
    assert [event for event in events if "whsec" in repr(event)] == []
    assert "secret" not in WebhookSecretRotated.__struct_fields__
