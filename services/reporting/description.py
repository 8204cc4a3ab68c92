"""The reporting service, described: everything about it that others must know."""

from services.reporting.aggregates import cell_release, declared, definitions, restoration, set_aside, targets, tasks
from services.reporting.aggregates.cell_release import ReleaseCell
from services.reporting.aggregates.definitions import PublishDefinitions
from services.reporting.aggregates.restoration import LogRestored, RecordRestoration
from services.reporting.aggregates.set_aside import ApproveSettingAside, SetFactAside, SettingAsideRequested
from services.reporting.aggregates.targets import SetTarget
from services.reporting.aggregates.tasks import CompleteTask, OpenTask, RefuseRetry, RetryTask
from services.reporting.coded_values import OutcomeQuality, SeatStatus
from services.reporting.french import REFUSALS, SENTENCES
from services.reporting.titles import TITLES
from services.vocabulary.reasons import BY_OPERATOR, BY_POLICY, ON_ITS_PAGE, OTHER_ROLE
from services.vocabulary.roles import BY_COACH, BY_COORDINATOR, BY_DPO, BY_SYSTEM
from shared.description import ServiceDescription

DESCRIPTION = ServiceDescription(
    name="reporting",
    nameko_service="services.reporting.service:ReportingService",
    streams=("definitions", "targets", "releases", "facts-set-aside", "log-restorations", "task-"),
    aggregates=(definitions.decider, targets.decider, cell_release.decider, tasks.decider, set_aside.decider, restoration.decider),
    permissions={
        PublishDefinitions: BY_COORDINATOR,
        SetTarget: BY_COORDINATOR,
        ReleaseCell: BY_COORDINATOR,
        SetFactAside: BY_COORDINATOR,
        ApproveSettingAside: {**BY_COORDINATOR, **BY_DPO},
        OpenTask: BY_SYSTEM,
        RetryTask: BY_COACH,
        RefuseRetry: BY_SYSTEM,
        CompleteTask: BY_COACH,
        RecordRestoration: BY_SYSTEM,
    },
    titles=TITLES,
    sentences=SENTENCES,
    refusals=REFUSALS,
    without_form={
        PublishDefinitions: OTHER_ROLE,
        SetTarget: OTHER_ROLE,
        ReleaseCell: OTHER_ROLE,
        SetFactAside: OTHER_ROLE,
        ApproveSettingAside: OTHER_ROLE,
        OpenTask: BY_POLICY,
        RetryTask: ON_ITS_PAGE,
        RefuseRetry: BY_POLICY,
        CompleteTask: ON_ITS_PAGE,
        RecordRestoration: BY_OPERATOR,
    },
    unread_events={
        SettingAsideRequested: "nothing changes before a second person approves",
        LogRestored: "the facts are folded from what the log kept",
    },
    more_coded_values=(OutcomeQuality, SeatStatus),
    programme_wide=True,
    field_rules=declared.RULES,
)
