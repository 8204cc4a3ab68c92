"""What is known of a person when a command about them is decided, as the command handler finds it."""

from datetime import date

from services.vocabulary.person_standing import PersonStanding

MET = PersonStanding(territory="alencon", present="alencon", met_on=date(2022, 6, 1))
"""Met in Alençon on the first day of the programme, and followed there."""
