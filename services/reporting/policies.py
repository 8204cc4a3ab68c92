"""Reports listens to everything and asks nothing of anyone."""

from shared.policy import Policy

POLICIES: tuple[Policy, ...] = ()
