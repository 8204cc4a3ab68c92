"""The pages of this service."""

from services.reporting import definitions, release, targets

DECIDERS = (definitions.decider, targets.decider, release.decider)
