"""The pages of this service."""

from services.reporting.aggregates import cell_release, definitions, targets

DECIDERS = (definitions.decider, targets.decider, cell_release.decider)
