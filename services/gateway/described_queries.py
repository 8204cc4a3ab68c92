"""The queries of the interface, as OpenAPI describes them."""

from services.gateway.lists import LISTS
from services.gateway.operations import Query

EVENTS = "CloudEvents of the log, in order. Give `next` back as `after` to get the next page."
STREAM = (
    "The feed as server-sent events, each with an Event or a Hint as data, or with `kind=figures` a FiguresMoved or a Hint."
    " Last-Event-ID, or a ticket, resumes it."
)
PROJECTIONS = "How far projections have come in the log, and the event at which one stopped, for operators."
DEAD_LETTERS = "The events that a service could not handle, the oldest first, for operators. Nothing of their data is told."
FIGURES = "The figures of a territory and a quarter."
EVIDENCE = "The facts that a figure counts."
PERSON = "What stands of a person, and for each command about them whether it would be accepted now, or why not."
TIMELINE = "What happened to a person, in the order of the log."
HISTORY = "A figure over all quarters that have one for the reader."
CHANGES = "Why figures of a quarter changed between two moments: the events that moved them and that the reader may open."
SCHEMA = "The JSON schema of the data of an event. An event names it in its `dataschema`: `urn:parcours:<kind>:<version>`."

WEBHOOKS = "The webhooks of the reader; of all owners for who may read them."
WEBHOOK = "A webhook as it is: its address and filter, how far it has got, why it is stopped. Never its secret."
DELIVERIES = "What became of the messages of a webhook, the latest attempt first."

ACCOUNTS = "The accounts of the installation and their grants, for who gives and audits them. No login is told, but a digest of each."

QUERIES = {
    "/v1/events": Query("events", EVENTS, "EventPage"),
    "/v1/stream": Query("stream", STREAM, None),
    "/v1/projections": Query("projections", PROJECTIONS, "ProjectionsPage"),
    "/v1/dead-letters": Query("deadLetters", DEAD_LETTERS, "DeadLettersPage"),
    "/v1/me": Query("me", "Who asks, where they work and what they may do.", "Me"),
    "/v1/programme": Query("programme", "The territories, groupings, thematiques and codes of the programme.", "ProgrammeAnswer"),
    "/v1/people/<person>": Query("person", PERSON, "PersonAnswer"),
    "/v1/people/<person>/timeline": Query("timeline", TIMELINE, "TimelinePage"),
    **{each.rule: Query(each.name, each.description, each.page) for each in LISTS},
    "/v1/webhooks": Query("webhooks", WEBHOOKS, "Webhooks"),
    "/v1/webhooks/<webhook>": Query("webhook", WEBHOOK, "WebhookAnswer"),
    "/v1/webhooks/<webhook>/deliveries": Query("webhookDeliveries", DELIVERIES, "WebhookDeliveries"),
    "/v1/accounts": Query("accounts", ACCOUNTS, "Accounts"),
    "/v1/quarters": Query("quarters", "The quarters that have figures for the reader.", "Quarters"),
    "/v1/definitions": Query("definitions", "What the indicators are, under a version of the definitions.", "Declarations"),
    "/v1/indicators": Query("indicators", FIGURES, "Figures"),
    "/v1/indicators/<indicator>/evidence": Query("evidence", EVIDENCE, "Evidence"),
    "/v1/indicators/<indicator>/history": Query("history", HISTORY, "History"),
    "/v1/changes": Query("changes", CHANGES, "ChangesPage"),
    "/v1/schemas/<kind>/<version>": Query("schema", SCHEMA, "JsonSchema", "application/schema+json", open=True),
}
