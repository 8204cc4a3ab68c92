"""What each nameko service finds in its configuration: `config["parcours"][service][name]`."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from services.bootstrap.composition import Components
from services.bootstrap.coverage_check import check_of_reporting
from services.bootstrap.key_files import no_public_keys
from services.bootstrap.names import GATEWAY
from services.bootstrap.registry import SERVICES
from services.gateway.command_client import Call, CommandClient
from services.gateway.dependencies import GatewayDeps
from services.gateway.feed import Feed
from services.gateway.rate_limit import Rate
from services.gateway.sealing_command_client import SealingCommandClient
from services.reporting.projection.generations import lease
from services.reporting.projection.projector import Projector
from services.reporting.projection.turn import Turn
from services.vocabulary.programme import Programme
from shared.bus.figures_relay import FiguresRelay
from shared.bus.inbox import Inbox
from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.nameko.queue_consumer import TURN
from shared.bus.policy_inbox import PolicyInbox
from shared.bus.projection_inbox import ProjectionInbox
from shared.runtime.native_threads import deadline, native
from shared.time import now

Wiring = dict[str, dict[str, Any]]
log = logging.getLogger("parcours")


def wire(components: Components, names: Sequence[str]) -> Wiring:
    """The objects of these services, by service and name."""
    return {name: gateway(components) if name == GATEWAY else write_service(components, name) for name in names}


def write_service(components: Components, name: str) -> dict[str, Any]:
    if components.trust.public_keys() is None:
        log.warning("%s", no_public_keys(components.settings.keys))
    if name == "reporting":
        components.renew_damaged_read_models()
    objects: dict[str, Any] = {"endpoint": components.endpoint(name)}
    if name == "webhooks":
        return {**objects, "queries": components.webhook_queries, "worker": components.webhook_worker()}
    if not SERVICES[name].inbox:
        return objects
    if name == "reporting":
        return {**objects, **reporting(components)}
    if name == "intake":
        objects["key_projector"] = components.key_projector()
    return {**objects, "inbox_consumer": inbox_consumer(components, policy_inbox(components, name))}


def reporting(components: Components) -> dict[str, Any]:
    components.publish_definitions()
    generations = components.generations
    projector = Projector(components.reports, components.store, generations.drop_superseded)
    inbox = ProjectionInbox("reporting", components.followed, projector, lease(generations.own))
    turn = components.turn(lambda: bool(inbox.fault or inbox.waiting_for))
    return {
        "inbox_consumer": inbox_consumer(components, inbox),
        "filler": components.filler(),
        "coverage_check": check_of_reporting(components),
        "reports": components.report_queries(),
        TURN: turn,
        **({} if components.settings.embedded else {"figures_relay": figures_relay(components, turn)}),
    }


def figures_relay(components: Components, turn: Turn) -> FiguresRelay:
    settings = components.settings
    return FiguresRelay(components.moved_windows(), components.checkpoints, settings.amqp_uri, settings.names, turn.may_answer)


def policy_inbox(components: Components, name: str) -> Inbox:
    runner = components.policy_runner(name)
    return PolicyInbox(name, components.followed, components.checkpoints, runner.react, runner.kinds)


def inbox_consumer(components: Components, inbox: Inbox) -> InboxConsumer:
    return InboxConsumer(
        inbox, components.checkpoints, components.settings.amqp_uri, components.dead_letter_file, components.settings.names
    )


def told_of(programme: Programme) -> dict[str, Any]:
    """What the gateway tells of the programme."""
    return {
        "programme": programme.label,
        "reference": programme,
        "territories": {territory.id: territory.label for territory in programme.territories},
        "groupings": {grouping.id: grouping.label for grouping in programme.groupings},
        "members": programme.members(),
    }


def gateway(components: Components) -> dict[str, Any]:
    """The gateway builds its HTTP application when it has an RPC client. What it opens is opened before."""
    for part in ("store", "gateway_records", "checkpoints", "dead_letters"):
        getattr(components, part)
    return {"compose": partial(gateway_deps, components)}


def gateway_deps(components: Components, call: Call, commands: CommandClient, linked: Callable[[], bool]) -> GatewayDeps:
    settings, trust = components.settings, components.trust
    return GatewayDeps(
        call=call,
        linked=linked,
        commands=commands if settings.embedded else SealingCommandClient(commands, components.personal.transit),
        store=components.store,
        checkpoints=components.checkpoints,
        records=components.gateway_records,
        accounts=components.accounts,
        dead_letters=components.dead_letters,
        native=native,
        feed=Feed(components.followed, native),
        deadline=deadline,
        sessions_signer=trust.sessions_signer,  # its key was read at the start, where a wrong one is reported
        identity_signer=trust.identity_signer,
        survey_seals=trust.survey_seals,
        webhook_secrets=trust.webhook_secrets,
        opening=components.personal.opening,
        find_persons=components.personal.find,
        permissions=components.permissions,
        **told_of(settings.programme()),
        services=SERVICES,
        schemas=components.schemas,
        catalogue=components.catalogue,
        clock=now,
        development_login=settings.development_login,
        metrics_from=settings.metrics_from,
        rate_limit=Rate(*settings.rate_limit) if settings.rate_limit else None,
        origins=settings.origins,
        trusted_proxies=settings.trusted_proxies,
        proxy_headers=settings.proxy_headers,
        names=settings.names,
        oidc=components.oidc,
    )
