"""The reporting service, described: everything about it that others must know."""

from services.reporting.aggregates import cell_release, declared, definitions, targets, tasks
from services.reporting.aggregates.cell_release import ReleaseCell
from services.reporting.aggregates.definitions import PublishDefinitions
from services.reporting.aggregates.targets import SetTarget
from services.reporting.aggregates.tasks import CompleteTask, OpenTask, RetryTask
from services.reporting.coded_values import OutcomeQuality, SeatStatus
from services.reporting.french import REFUSALS, SENTENCES
from services.vocabulary.reasons import BY_POLICY, ON_ITS_PAGE, OTHER_ROLE
from services.vocabulary.roles import BY_COACH, BY_COORDINATOR, BY_SYSTEM
from shared.description import ServiceDescription

DESCRIPTION = ServiceDescription(
    name="reporting",
    nameko_service="services.reporting.service:ReportingService",
    aggregates=(definitions.decider, targets.decider, cell_release.decider, tasks.decider),
    permissions={
        PublishDefinitions: BY_COORDINATOR,
        SetTarget: BY_COORDINATOR,
        ReleaseCell: BY_COORDINATOR,
        OpenTask: BY_SYSTEM,
        RetryTask: BY_COACH,
        CompleteTask: BY_COACH,
    },
    sentences=SENTENCES,
    refusals=REFUSALS,
    without_form={
        PublishDefinitions: OTHER_ROLE,
        SetTarget: OTHER_ROLE,
        ReleaseCell: OTHER_ROLE,
        OpenTask: BY_POLICY,
        RetryTask: ON_ITS_PAGE,
        CompleteTask: ON_ITS_PAGE,
    },
    more_coded_values=(OutcomeQuality, SeatStatus),
    programme_wide=True,
    field_rules=declared.RULES,
)
