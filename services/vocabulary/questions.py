"""Questions that the forms of several services ask."""

from shared.description import Question

PERSON_HINT = "Un pseudonyme : jamais un nom."
PERSON = Question("person", "Identifiant de la personne", hint=PERSON_HINT)
