"""What a webhook sends, for OpenAPI and AsyncAPI: the headers of Standard Webhooks, and the body as the feed tells it."""

from typing import Any

from services.gateway.response_schemas import any_of

Members = dict[str, Any]

MEDIA_TYPE = "application/cloudevents+json"
DESCRIPTION = (
    "Sent to the address of a webhook (`CreateWebhook`), in order and one at a time, signed after Standard Webhooks 1.0. What was not"
    " answered with 2xx is sent again, under the same `webhook-id`; so is what was answered while the sender died. A replay keeps the ids."
)
HEADERS: Members = {
    "webhook-id": {"type": "string", "format": "uuid", "description": "The id of the message, the same at every attempt."},
    "webhook-timestamp": {"type": "string", "pattern": "^[0-9]+$", "description": "Of the attempt: seconds since 1970."},
    "webhook-signature": {
        "type": "string",
        "description": "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64, with each secret that is valid, separated by spaces.",
    },
}
TEST: Members = {
    "type": "object",
    "description": "What `TestWebhook` sends: it tells nothing of the log.",
    "required": ["specversion", "id", "type", "source", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid"},
        "type": {"const": "fr.parcours.webhooks.Test"},
        "source": {"type": "string"},
        "subject": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"type": "string"},
        "data": {"type": "object", "required": ["webhook"], "properties": {"webhook": {"type": "string"}}},
    },
}
PAYLOAD = any_of("Event", "Hint", "WebhookTest")
ANSWERS = {
    "2XX": "Taken: it is not sent again.",
    "410": "Nobody is there any more: the webhook is stopped at once.",
    "default": "Sent again later, at growing intervals; after the last of them the webhook is stopped.",
}


def openapi_webhooks() -> Members:
    """The member `webhooks` of an OpenAPI document."""
    headers = [{"name": name, "in": "header", "required": True, "schema": schema} for name, schema in HEADERS.items()]
    operation = {
        "operationId": "webhookMessage",
        "description": DESCRIPTION,
        "security": [],
        "parameters": headers,
        "requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": PAYLOAD}}},
        "responses": {status: {"description": text} for status, text in ANSWERS.items()},
    }
    return {"message": {"post": operation}}


def asyncapi_message() -> Members:
    """The message of the channel, with its headers."""
    headers = {"type": "object", "required": list(HEADERS), "properties": HEADERS}
    return {"name": "webhook", "title": "webhook", "contentType": MEDIA_TYPE, "headers": headers, "payload": PAYLOAD}
