"""The webhooks service, described: everything about it that others must know."""

from collections.abc import Iterator

from services.vocabulary.reasons import OTHER_ROLE
from services.vocabulary.roles import BY_OWNER, BY_OWNER_OR_COORDINATOR, BY_SYSTEM
from services.webhooks import webhook
from services.webhooks.commands import (
    ChangeWebhook,
    CreateWebhook,
    DeleteWebhook,
    PauseWebhook,
    ReplayWebhook,
    ResumeWebhook,
    RotateWebhookSecret,
    StopWebhook,
    TestWebhook,
)
from services.webhooks.french import REFUSALS, SENTENCES, TARGET_FAULTS
from services.webhooks.titles import TITLES
from shared.description import ServiceDescription
from shared.field_rules import Circumstances, FieldFault

NOT_A_FACT = "no indicator counts it: it is about an address, not about anybody"
SENT = "given by what sends, when it gives up"


def secure(value: str, fact: Circumstances) -> Iterator[FieldFault]:
    """What can be said of an address without asking anybody; the composition root puts the whole rule in its place."""
    if not value.startswith("https://"):
        yield "", TARGET_FAULTS["scheme_not_allowed"]


DESCRIPTION = ServiceDescription(
    name="webhooks",
    nameko_service="services.webhooks.service:Webhooks",
    streams=("webhook-",),
    aggregates=(webhook.decider,),
    permissions={
        CreateWebhook: BY_OWNER,
        ChangeWebhook: BY_OWNER,
        PauseWebhook: BY_OWNER_OR_COORDINATOR,
        ResumeWebhook: BY_OWNER,
        RotateWebhookSecret: BY_OWNER,
        ReplayWebhook: BY_OWNER,
        TestWebhook: BY_OWNER,
        DeleteWebhook: BY_OWNER_OR_COORDINATOR,
        StopWebhook: BY_SYSTEM,
    },
    titles=TITLES,
    sentences=SENTENCES,
    refusals=REFUSALS,
    without_form={
        CreateWebhook: OTHER_ROLE,
        ChangeWebhook: OTHER_ROLE,
        PauseWebhook: OTHER_ROLE,
        ResumeWebhook: OTHER_ROLE,
        RotateWebhookSecret: OTHER_ROLE,
        ReplayWebhook: OTHER_ROLE,
        TestWebhook: OTHER_ROLE,
        DeleteWebhook: OTHER_ROLE,
        StopWebhook: SENT,
    },
    unread_events=dict.fromkeys(webhook.decider.event_types, NOT_A_FACT),
    programme_wide=True,
    inbox=False,
    field_rules={"webhook_url": secure},
)
