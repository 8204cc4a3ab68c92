"""Webhooks over HTTP: those of the reader, one of them, and what was sent. Those of others do not exist, unless the role may read all.

Commands on webhooks are commands like any other. Two things of their answers are decided here:

- the secret of a webhook that was created, or whose secret was rotated, is in the answer and nowhere else;
- who hears hints instead of events learns no position of the log from an answer: it would tell when events are recorded.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import WEBHOOKS, Members, json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.problems import not_found
from services.gateway.read_access import ReadAccess
from services.gateway.request_context import RequestContext
from services.webhooks.answers import WebhookAnswer, WebhookDeliveries, Webhooks
from shared.errors import Forbidden, Refused
from shared.message import START, data_of
from shared.reply import fault_in
from shared.trust.access import Identity

ACTION = "read_webhooks"
DEFAULT_DELIVERIES = 100
FIRST_SECRET = 1


class SecretOf(msgspec.Struct):
    """The fields of an event that leads to a secret. A webhook is created with the first version."""

    webhook: str
    version: int = FIRST_SECRET


class WebhookAnswers:
    """What is told of an accepted command on a webhook."""

    def __init__(self, deps: GatewayDeps, access: ReadAccess) -> None:
        self.deps = deps
        self.access = access
        self.secrets = deps.webhook_secrets

    def told(self, identity: Identity, answer: Members) -> Members:
        """The answer with the secret that it leads to, and without a position that is not for the reader.

        The same command sent again gets the same secret: its answer may have been lost.
        """
        shown = dict(answer)
        if answer["events"] in (["WebhookCreated"], ["WebhookSecretRotated"]):
            (event,) = self.deps.native(self.deps.store.read_at, [answer["position"]])
            about = data_of(event, SecretOf)
            shown["secret"] = self.secrets.secret(about.webhook, about.version)
        if self.access.hinted_territories(identity, self.deps.territories):
            shown["position"] = START
        return shown


class WebhooksApi:
    def __init__(self, deps: GatewayDeps, access: ReadAccess) -> None:
        self.deps = deps
        self.access = access

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/webhooks", methods=["GET"], endpoint=self.webhooks)
        yield Rule("/v1/webhooks/<webhook>", methods=["GET"], endpoint=self.webhook)
        yield Rule("/v1/webhooks/<webhook>/deliveries", methods=["GET"], endpoint=self.deliveries)

    def webhooks(self, context: RequestContext) -> Response:
        identity = context.known()
        actor = identity.actor
        owner = None if self.reads_all(identity) else [actor.id, actor.role, actor.organisation]
        found = self.request(Webhooks, "webhooks", owner)
        return json_response(Webhooks([self.shown(identity, each) for each in found.webhooks]))

    def webhook(self, context: RequestContext, webhook: str) -> Response:
        return json_response(self.found(context.known(), webhook))

    def deliveries(self, context: RequestContext, webhook: str) -> Response:
        self.found(context.known(), webhook)
        limit = context.query.get("limit", DEFAULT_DELIVERIES)
        return json_response(self.request(WebhookDeliveries, "deliveries", webhook, limit))

    def found(self, identity: Identity, webhook: str) -> WebhookAnswer:
        """A webhook that the identity may read.

        Raises:
            Forbidden: its role has no webhooks.
            Problem: 404, there is none, or it is of somebody else.
        """
        reads_all = self.reads_all(identity)
        try:
            found = self.request(WebhookAnswer, "webhook", webhook)
        except Refused as fault:
            raise none_of_that_name() from fault
        actor = identity.actor
        if not reads_all and (found.owner.actor, found.owner.role, found.owner.organisation) != (actor.id, actor.role, actor.organisation):
            raise none_of_that_name()
        return self.shown(identity, found)

    def reads_all(self, identity: Identity) -> bool:
        scope = self.access.permissions.scope(identity.actor.role, ACTION)
        if scope is None:
            raise Forbidden("role_may_not", role=identity.actor.role, action=ACTION)
        return scope == "all"

    def shown(self, identity: Identity, webhook: WebhookAnswer) -> WebhookAnswer:
        hinted = self.access.hinted_territories(identity, self.deps.territories)
        return msgspec.structs.replace(webhook, position=None) if hinted else webhook

    def request(self, shape: type[Any], method: str, *args: Any) -> Any:
        reply = self.deps.call(WEBHOOKS, method, *args)
        if fault := fault_in(reply):
            raise fault
        return msgspec.convert(reply, shape)


def none_of_that_name() -> Exception:
    return not_found("Vous n’avez aucun webhook de ce nom.")
