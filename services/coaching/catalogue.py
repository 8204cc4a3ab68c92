"""Every aggregate of the coaching service."""

from services.coaching import equipment, journey, survey, workshop

DECIDERS = (journey.decider, workshop.decider, equipment.decider, survey.decider)
