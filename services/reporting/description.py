"""The reporting service, described: everything about it that others must know."""

from services.reporting.aggregates import cell_release, definitions, targets
from services.reporting.aggregates.cell_release import ReleaseCell
from services.reporting.aggregates.definitions import PublishDefinitions
from services.reporting.aggregates.targets import SetTarget
from services.reporting.coded_values import OutcomeQuality, SeatStatus
from services.reporting.french import REFUSALS, SENTENCES
from services.vocabulary.reasons import OTHER_ROLE
from services.vocabulary.roles import BY_COORDINATOR
from shared.description import ServiceDescription

DESCRIPTION = ServiceDescription(
    name="reporting",
    nameko_service="services.reporting.service:ReportingService",
    aggregates=(definitions.decider, targets.decider, cell_release.decider),
    permissions={PublishDefinitions: BY_COORDINATOR, SetTarget: BY_COORDINATOR, ReleaseCell: BY_COORDINATOR},
    sentences=SENTENCES,
    refusals=REFUSALS,
    without_form={PublishDefinitions: OTHER_ROLE, SetTarget: OTHER_ROLE, ReleaseCell: OTHER_ROLE},
    more_coded_values=(OutcomeQuality, SeatStatus),
    programme_wide=True,
)
