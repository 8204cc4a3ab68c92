"""AsyncAPI 3: the events, as they come to a client of the gateway (server-sent events), to the receiver of a webhook, and to a trusted back
end (a stream of RabbitMQ, and another one of the figures that moved).
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.gateway.hints import KIND, Hint
from services.gateway.response_schemas import event_struct
from services.gateway.webhook_message import DESCRIPTION, TEST, asyncapi_message
from services.reporting.change_answers import FIGURES_MOVED, FiguresMoved
from shared.bus.names import Names
from shared.message import PREFIX
from shared.version import __version__

REF = "#/components/schemas/{name}"
STREAM, FEED, FIGURES, WEBHOOK = "stream", "feed", "figures", "webhook"
Members = dict[str, Any]


def asyncapi_document(title: str, programme: str, events: Mapping[str, type[Any]], names: Names) -> Members:
    """`events` are the structs of all events, by kind; `names` are those on the broker."""
    envelope = event_struct()
    payloads, schemas = msgspec.json.schema_components([envelope, Hint, FiguresMoved, *events.values()], ref_template=REF)
    messages = {kind: message(kind, payload) for kind, payload in zip(events, payloads[3:], strict=True)}
    others = {
        kind: {"name": PREFIX + kind, "title": kind, "contentType": "application/json", "payload": payload}
        for kind, payload in zip((KIND, FIGURES_MOVED), payloads[1:3], strict=True)
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": __version__, "description": programme},
        "defaultContentType": "application/cloudevents+json",
        "servers": SERVERS,
        "channels": channels(list(messages), names),
        "operations": OPERATIONS,
        "components": {
            "messages": {**messages, **others, WEBHOOK: asyncapi_message()},
            "schemas": {**schemas, "WebhookTest": TEST},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "broker": {"type": "userPassword", "description": "A user of the broker that may read the streams."},
                "signature": {"type": "symmetricEncryption", "description": "The secret of the webhook, with which messages are signed."},
            },
        },
    }


def channels(kinds: list[str], names: Names) -> Members:
    return {
        STREAM: {
            "address": "/v1/stream",
            "description": STREAM_TEXT,
            "servers": [{"$ref": "#/servers/gateway"}],
            "messages": references([*kinds, KIND, FIGURES_MOVED]),
            "bindings": {"http": {"bindingVersion": "0.3.0"}},
        },
        FEED: stream_of_broker(names.feed, FEED_TEXT, kinds),
        FIGURES: stream_of_broker(names.figures, FIGURES_TEXT, [FIGURES_MOVED]),
        WEBHOOK: {
            "address": None,  # that of each webhook
            "description": DESCRIPTION,
            "servers": [{"$ref": "#/servers/receiver"}],
            "messages": references([WEBHOOK]),
            "bindings": {"http": {"bindingVersion": "0.3.0"}},
        },
    }


def stream_of_broker(name: str, description: str, kinds: list[str]) -> Members:
    return {
        "address": name,
        "description": description,
        "servers": [{"$ref": "#/servers/broker"}],
        "messages": references(kinds),
        "bindings": {"amqp": {"is": "queue", "queue": {"name": name, "durable": True}, "bindingVersion": "0.3.0"}},
    }


def references(kinds: list[str]) -> Members:
    return {kind: {"$ref": f"#/components/messages/{kind}"} for kind in kinds}


STREAM_TEXT = (
    "Server-sent events. The id of each is its position: a client that returns with it misses nothing. With `kind=figures` it tells which"
    f" figures moved ({FIGURES_MOVED}) in the place of the events."
)
FEED_TEXT = (
    "A stream of RabbitMQ with every event of the log, in order. An event may come twice: compare `position`. The message id is that of the"
    " event, the timestamp the second in which it was recorded."
)
FIGURES_TEXT = (
    "A stream of RabbitMQ that tells which figures moved, in all territories, in the order of the log, once they can be read. What was told"
    " may be told again, also together with what moved next: pass over a `position` that is not after the last one. It begins when the"
    " stream is made. Read every figure again where an offset does not follow the one before it, as the stream has a size limit, and after"
    " a new release or a restoration."
)
SERVERS: Members = {
    "gateway": {"host": "{host}", "protocol": "https", "variables": {"host": {"default": "127.0.0.1:8000"}}},
    "broker": {"host": "{host}", "protocol": "amqp", "variables": {"host": {"default": "127.0.0.1:5672"}}},
    "receiver": {"host": "{host}", "protocol": "https", "variables": {"host": {"default": "hooks.example"}}},
}


def security(name: str) -> Members:
    return {"$ref": f"#/components/securitySchemes/{name}"}


OPERATIONS: Members = {
    "follow": {"action": "receive", "channel": {"$ref": f"#/channels/{STREAM}"}, "security": [security("bearer")]},
    "mirror": {"action": "receive", "channel": {"$ref": f"#/channels/{FEED}"}, "security": [security("broker")]},
    "refresh": {"action": "receive", "channel": {"$ref": f"#/channels/{FIGURES}"}, "security": [security("broker")]},
    "receive": {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{WEBHOOK}"},
        "security": [security("signature")],
        "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
    },
}


def message(kind: str, data: Members) -> Members:
    """An event: the envelope, with the data of its kind."""
    of_kind = {"type": "object", "properties": {"type": {"const": PREFIX + kind}, "data": data}}
    return {
        "name": PREFIX + kind,
        "title": kind,
        "contentType": "application/cloudevents+json",
        "payload": {"allOf": [{"$ref": REF.format(name="Event")}, of_kind]},
    }
