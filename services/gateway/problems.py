"""Problems (RFC 9457), the answers to requests that fail: a French title and detail for people, a stable code for programs."""

from collections.abc import Mapping
from typing import Any

import msgspec
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from shared.catalogue import Catalogue
from shared.errors import Conflict, Fault, Forbidden, Invalid, Refused, TooLarge, Unavailable, Unforeseen, UnknownPosition

TYPE = "urn:parcours:problem:"
PROBLEM_TYPE = "application/problem+json; charset=utf-8"
SAME_ID = "La même commande peut être renvoyée sans risque avec le même identifiant : elle ne sera enregistrée qu’une fois."
ASK_AGAIN = "Redemandez dans un instant."
RETRY_AFTER_S = "2"
BY_THE_RULES = "Les règles du programme ne le permettent pas"
NOTHING_THERE = "Rien ne répond à cette question"
REUSED, IN_FLIGHT = "idempotency_key_reused", "idempotency_key_in_flight"
REFUSED_TITLES = {  # no rule of the programme forbids these
    REUSED: "Cet identifiant est déjà celui d’une autre étape",
    IN_FLIGHT: "Cette étape est en train d’être enregistrée",
}

STATUS_OF_READING = {
    "quarter_unreadable": 400,
    "indicator_unknown": 404,
    "side_unknown": 404,
    "definitions_unknown": 404,
    "moment_unreadable": 400,
    "moments_reversed": 400,
}
"""Of a reading that is refused for what it names. Another one is refused for what the log holds: 409."""

NAMED = frozenset({"role", "action", "territory"})  # details that people read under a name

Members = dict[str, Any]


class Problem(Exception):
    """An RFC 9457 problem. `more` holds what a program needs beyond the code: the faults of each field, the details of a refusal…"""

    def __init__(
        self, status: int, code: str, title: str, detail: str = "", *, headers: dict[str, str] | None = None, more: Members | None = None
    ) -> None:
        super().__init__(detail or title)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.headers = headers or {}
        self.more = more or {}

    def members(self) -> Members:
        members = {"type": TYPE + self.code, "title": self.title, "status": self.status, "code": self.code}
        return members | ({"detail": self.detail} if self.detail else {}) | self.more

    def response(self) -> Response:
        body = msgspec.json.encode(self.members())
        return Response(body, self.status, self.headers, content_type=PROBLEM_TYPE)


def unauthenticated(detail: str = "Ouvrez une session, ou joignez un jeton à la demande.") -> Problem:
    return Problem(401, "unauthenticated", "Qui demande ?", detail, headers={"WWW-Authenticate": "Bearer"})


def session_ended() -> Problem:
    """A form was sent without a session: its page keeps the answers, so that it can be sent once more."""
    detail = (
        "Rien n’est enregistré, et vos réponses sont gardées ici. Ouvrez une autre session dans un nouvel onglet, puis envoyez de nouveau."
    )
    return Problem(401, "session_ended", "Votre session a pris fin", detail, headers={"WWW-Authenticate": "Bearer"})


def not_found(detail: str) -> Problem:
    return Problem(404, "not_found", "Rien à cette adresse", detail)


def unreadable(detail: str) -> Problem:
    return Problem(400, "unreadable", "Demande illisible", detail)


def invalid(faults: dict[str, list[str]]) -> Problem:
    return Problem(422, "invalid", "Certains champs sont à reprendre", "Chaque faute est dite sous son champ.", more={"faults": faults})


def unavailable(*, reading: bool = False) -> Problem:
    """With what may be done: a command keeps its id, a reading is simply asked again."""
    title, headers = "Une partie du système ne répond pas pour l’instant.", {"Retry-After": RETRY_AFTER_S}
    if reading:
        return Problem(503, "unavailable", title, ASK_AGAIN, headers=headers)
    return Problem(503, "unavailable", title, SAME_ID, headers=headers, more={"retry": "same_id"})


def unsupported(detail: str) -> Problem:
    return Problem(415, "unsupported", "Cette forme de demande n’est pas lue ici", detail)


def unforeseen() -> Problem:
    return Problem(500, "unforeseen", "Une erreur que personne n’attendait", "Elle est notée dans les traces de la passerelle.")


class Problems:
    """Turns faults into problems, with the texts of the catalogue. `names` are French: of roles, of what they do, of territories."""

    def __init__(self, catalogue: Catalogue, names: Mapping[str, str] | None = None) -> None:
        self.catalogue = catalogue
        self.names = names or {}

    def of(self, fault: Fault | HTTPException, *, reading: bool = False) -> Problem:
        """The problem for a fault of a command or of a reading. One that is not for the person who asks is raised again."""
        match fault:
            case Refused():
                return self.refused(fault, reading=reading)
            case Invalid(faults=faults):
                return invalid(faults)
            case Forbidden():
                return self.forbidden(fault)
            case UnknownPosition():
                title = "Ce journal n’a rien à cette position"
                return Problem(400, "no_such_place", title, "Reprenez depuis le début, ou sans position.")
            case TooLarge():
                return Problem(413, "too_large", "Trop long pour le journal", self.catalogue.text("too_large", {}))
            case Unavailable() | Conflict():
                return unavailable(reading=reading)
            case Unforeseen():
                return unforeseen()
            case HTTPException():
                return of_http(fault)
            case _:
                raise fault

    def refused(self, fault: Refused, *, reading: bool) -> Problem:
        detail, more = self.catalogue.text_of(fault), {"details": fault.details} if fault.details else {}
        title = NOTHING_THERE if reading else REFUSED_TITLES.get(fault.code, BY_THE_RULES)
        if fault.code == IN_FLIGHT:
            return Problem(409, IN_FLIGHT, title, detail, headers={"Retry-After": RETRY_AFTER_S}, more={"retry": "same_id"})
        status = STATUS_OF_READING.get(fault.code, 409) if reading else 422 if fault.code == REUSED else 409
        return Problem(status, fault.code, title, detail, more=more)

    def forbidden(self, fault: Forbidden) -> Problem:
        title = "Ce n’est pas permis à ce rôle, ou pas sur ce territoire"
        details = {key: self.names.get(str(value), value) if key in NAMED else value for key, value in fault.details.items()}
        return Problem(403, "forbidden", title, self.catalogue.text(fault.code, details), more={"reason": fault.code})


HTTP_PROBLEMS = {
    404: ("not_found", "Rien à cette adresse"),
    405: ("method_not_allowed", "Cette adresse ne répond pas à cette méthode"),
    413: ("too_large", "Demande trop longue"),
}


def of_http(fault: HTTPException) -> Problem:
    status = fault.code or 500
    code, title = HTTP_PROBLEMS.get(status, ("unreadable", "Demande illisible"))
    methods = getattr(fault, "valid_methods", None)
    return Problem(status, code, title, headers={"Allow": ", ".join(sorted(methods))} if methods else {})
