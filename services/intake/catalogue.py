"""Everything that the intake service decides."""

from services.intake import orientation, person

DECIDERS = (person.decider, orientation.decider)
