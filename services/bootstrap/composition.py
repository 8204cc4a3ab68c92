"""The composition root: every component is built here, once, from the settings. Nothing in this module knows nameko or eventlet."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from marshmallow import Schema

import deploy
from services.bootstrap import permissions
from services.bootstrap.accounts import FollowedAccounts
from services.bootstrap.opening import open_checkpoints, open_deliveries, open_gateway_records, open_store, open_tree_heads
from services.bootstrap.personal import PersonalData
from services.bootstrap.policy_tasks import PolicyTasks
from services.bootstrap.registry import SERVICES, catalogue, rules_of_services, upcasts
from services.bootstrap.seal_key import seal_key
from services.bootstrap.settings import Settings
from services.bootstrap.trust import Trust
from services.bootstrap.webhooks import Audiences, chance, encoded, stop_with
from services.gateway.read_access import ReadAccess
from services.intake.key_projector import NAME as KEYS_FOLLOWED
from services.intake.key_projector import KeyProjector
from services.reporting.projection.damage import DamagedReadModels, renew_file
from services.reporting.projection.filler import Filler
from services.reporting.projection.generations import Generations
from services.reporting.projection.turn import Turn
from services.reporting.queries.moved_windows import MovedWindows
from services.reporting.queries.replay import replay
from services.reporting.queries.reports import Reports
from services.reporting.queries.rpc_queries import ReportQueries
from services.vocabulary.calendar import ZONE
from services.vocabulary.field_rules import fact_rule, field_rules
from services.vocabulary.field_samples import field_samples
from services.vocabulary.french import VALIDATION
from services.vocabulary.person_standing import PersonStandings
from services.vocabulary.programme import PROGRAMME
from services.webhooks.delivery.index import Index
from services.webhooks.delivery.post import Limits, Poster
from services.webhooks.delivery.queries import WebhookQueries
from services.webhooks.delivery.sender import Parts
from services.webhooks.delivery.targets import Targets, url_rule
from services.webhooks.delivery.worker import Worker
from shared.admission import Admission
from shared.bus.dead_letter_file import FileDeadLetters
from shared.bus.dead_letters import DeadLetters, dead_letters
from shared.catalogue import Catalogue
from shared.command_endpoint import CommandEndpoint
from shared.command_handler import CommandHandler
from shared.coverage import begun
from shared.errors import Refused
from shared.message import CommandMessage, Position
from shared.placement import Placement
from shared.policy_runner import PolicyRunner
from shared.proof.sealer import Sealer
from shared.store.deliveries import Deliveries
from shared.store.gateway_records import GatewayRecords
from shared.store.port import Checkpoints, EventStore
from shared.store.recent_events import FollowedStore
from shared.store.stored import Log
from shared.store.tree_heads import TreeHeads
from shared.store.upcasting import UpcastingStore
from shared.time import now
from shared.trust.access import Permissions, system
from shared.trust.oidc_issuer import Issuer
from shared.trust.oidc_tokens import OidcTokens

DEFINITIONS = Path(deploy.__file__).parent / "definitions" / "v1.json"
FIRST_DEFINITIONS = UUID("2f0c1a52-53f5-5e0e-9d3c-6a1b7f8f0001")


class Components:
    """Everything a process may need. Each component is built on first use."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def opened(self, name: str) -> Any:
        """A component, if it was used already; otherwise None."""
        return vars(self).get(name)

    @cached_property
    def raw_store(self) -> Log:
        """The log as it was written, in old shapes too: for auditors."""
        return open_store(self.settings.event_store)

    @cached_property
    def store(self) -> EventStore:
        """The log as everything else reads it: every event in its current shape."""
        return UpcastingStore(self.raw_store, upcasts())

    @cached_property
    def followed(self) -> EventStore:
        """The log for the readers of this process that follow it."""
        return FollowedStore(self.raw_store, upcasts())

    @cached_property
    def checkpoints(self) -> Checkpoints:
        return open_checkpoints(self.settings.event_store, self.settings.data)

    @cached_property
    def tree_heads(self) -> TreeHeads:
        return open_tree_heads(self.settings.event_store, self.settings.data)

    def sealer(self) -> Sealer:
        """A new one each time: one that was stopped does not begin again."""
        return Sealer(self.raw_store, self.checkpoints, self.tree_heads, seal_key(self.settings.keys.seal))

    @cached_property
    def gateway_records(self) -> GatewayRecords:
        return open_gateway_records(self.settings.gateway_records)

    @cached_property
    def permissions(self) -> Permissions:
        return Permissions(permissions.table(SERVICES.values()))

    @cached_property
    def catalogue(self) -> Catalogue:
        return catalogue()

    @cached_property
    def trust(self) -> Trust:
        """What signs, and what tells whether it is signed."""
        return Trust(self.settings)

    @cached_property
    def personal(self) -> PersonalData:
        """What protects personal data, and finds it again."""
        return PersonalData(self.settings, lambda: self.checkpoints.load(KEYS_FOLLOWED))

    @cached_property
    def admission(self) -> Admission:
        programme = self.settings.programme()
        rules = {
            **field_rules(programme, self.trust.is_survey_ticket),
            **rules_of_services(),
            "webhook_url": url_rule(self.webhook_targets),
        }
        return Admission(now, ZONE, VALIDATION, rules, fact_rule(programme), self.settings.clock_tolerance)

    @cached_property
    def placement(self) -> Placement:
        return Placement(PersonStandings(), frozenset(territory.id for territory in self.settings.programme().territories) | {PROGRAMME})

    @cached_property
    def handlers(self) -> dict[str, CommandHandler]:
        """The command handler of each service."""
        return {
            name: CommandHandler(service.aggregates, self.store, self.permissions, self.admission, self.placement, self.personal.protection)
            for name, service in SERVICES.items()
        }

    @cached_property
    def schemas(self) -> Mapping[str, Mapping[str, type[Schema]]]:
        """The validation schema of every command, by service and command."""
        return {
            service: {name: type(command_type.parser.schema) for name, command_type in handler.command_types.items()}
            for service, handler in self.handlers.items()
        }

    def endpoint(self, service: str) -> CommandEndpoint:
        territories = {territory.id for territory in self.settings.programme().territories}
        more = {PROGRAMME} if SERVICES[service].programme_wide else set()
        samples = field_samples(self.settings.programme())
        verifier, transit = self.trust.verifiers[service], None if self.settings.embedded else self.personal.transit
        return CommandEndpoint(self.handlers[service], verifier, territories | more, VALIDATION, samples, transit)

    def key_projector(self) -> KeyProjector:
        """A new one each time: one that was stopped does not begin again. The keys are there before the log is followed."""
        self.personal.keyring  # noqa: B018 - opens them
        return KeyProjector(self.store, self.checkpoints, self.personal.database, self.personal.opening, self.personal.index)

    def policy_runner(self, service: str, *, at_event_time: bool = False) -> PolicyRunner:
        tasks = PolicyTasks(self.handlers["reporting"], self.store.read_at)
        return PolicyRunner(self.handlers[service], SERVICES[service].policies, tasks, at_event_time=at_event_time)

    def publish_definitions(self) -> None:
        """Publish the first definitions, unless the log has them: without definitions no figure has a meaning."""
        message = CommandMessage(
            id=FIRST_DEFINITIONS,
            type="PublishDefinitions",
            actor=system("parcours").actor,
            territory=PROGRAMME,
            time=now(),
            data=msgspec.json.decode(DEFINITIONS.read_bytes()),
        )
        with suppress(Refused):  # another process has published them
            self.handlers["reporting"].handle(message, system("parcours"))

    def skip_relay_to_head(self) -> None:
        """The embedded broker starts empty. Each inbox reads earlier events in the log, so the relay need not carry them again."""
        if self.settings.embedded:
            head = self.store.head()
            self.checkpoints.save("relay", head, coverage=begun(head).text())

    def skip_policies_to_head(self) -> None:
        """An import of history runs the policies itself, so the inboxes need not run them on it again."""
        for name, service in SERVICES.items():
            if service.policies:
                head, kinds = self.store.head(), self.policy_runner(name).kinds
                self.checkpoints.save(f"{name}.inbox", head, coverage=begun(head, kinds).text())

    @cached_property
    def webhook_targets(self) -> Targets:
        """Where webhooks may send, when their address is given and at each attempt."""
        return Targets(self.settings.webhooks.networks, http=self.settings.webhooks.http)

    @cached_property
    def webhook_deliveries(self) -> Deliveries:
        return open_deliveries(self.settings.event_store, self.settings.data)

    @cached_property
    def webhook_queries(self) -> WebhookQueries:
        return WebhookQueries(self.store, Index(self.store, self.checkpoints, self.webhook_deliveries), self.webhook_deliveries)

    def webhook_worker(self) -> Worker:
        """A new one each time: services that are started again need one that was not stopped."""
        programme, webhooks = self.settings.programme(), self.settings.webhooks
        access, territories = ReadAccess(self.permissions, programme.members()), (territory.id for territory in programme.territories)
        audiences = Audiences(access, territories, self.accounts, open_to_others=self.settings.open_to_others)
        parts = Parts(
            store=self.store,
            deliveries=self.webhook_deliveries,
            audience=audiences.of,
            encode=encoded,
            targets=self.webhook_targets,
            post=Poster(Limits(total=webhooks.timeout)),
            secrets=self.trust.webhook_secrets,
            schedule=webhooks.retries,
            stop=stop_with(self.handlers["webhooks"], now),
            clock=now,
            chance=chance,
        )
        return Worker(self.checkpoints, Index(self.store, self.checkpoints, self.webhook_deliveries), parts)

    @cached_property
    def accounts(self) -> FollowedAccounts:
        """Who may enter, and as what, as the log has it."""
        return FollowedAccounts(self.store)

    @cached_property
    def oidc(self) -> OidcTokens | None:
        """What checks the tokens of the issuer of identities, where there is one."""
        return OidcTokens(Issuer(self.settings.oidc), now) if self.settings.oidc else None

    @cached_property
    def reports(self) -> Reports:
        return Reports(self.generations.place(), self.settings.programme(), self.store.read_at, self.store)

    @cached_property
    def generations(self) -> Generations:
        return Generations(self.settings.read_models, self.checkpoints)

    def turn(self, stuck: Callable[[], bool]) -> Turn:
        """When reporting may answer. Inside one process nobody else can."""
        position, alone = lambda: self.reports.position(), self.settings.embedded
        return Turn(self.generations, self.checkpoints, position, self.store.head, stuck, alone=alone)

    def filler(self) -> Filler:
        return Filler(self.reports.models)

    def report_queries(self) -> ReportQueries:
        return ReportQueries(self.reports, self.store.head)

    def moved_windows(self) -> MovedWindows:
        """The figures that moved, as they are published."""
        return MovedWindows(self.reports, self.followed)

    def renew_damaged_read_models(self) -> None:
        """Replace a file of read models that cannot be opened by a new one: they are made from the log."""
        try:
            self.reports  # noqa: B018 - opens them
        except DamagedReadModels as fault:
            renew_file(fault.file)

    def replayed(self, position: Position) -> Reports:
        """Reports from the log alone, as of `position`."""
        return replay(self.store, position, self.settings.programme())

    @property
    def dead_letter_file(self) -> FileDeadLetters | None:
        """The dead letters of the embedded broker; RabbitMQ has its own."""
        return self.dead_letters if isinstance(self.dead_letters, FileDeadLetters) else None

    @cached_property
    def dead_letters(self) -> DeadLetters:
        return dead_letters(self.settings.amqp_uri, tuple(SERVICES), self.settings.data / "dead_letters.sqlite", self.settings.names)
