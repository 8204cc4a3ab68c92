"""What the gateway says when it does not do what was asked: RFC 9457, in French for people, with a stable code for programs."""

from typing import Any

import msgspec
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from services.gateway.refusals import french
from shared.errors import Conflict, Fault, Forbidden, Invalid, Refused, TooLarge, Unavailable, UnknownPosition

TYPE = "urn:parcours:problem:"
AGAIN = "La même commande peut être renvoyée sans risque avec le même identifiant : elle ne sera enregistrée qu’une fois."
RETRY_AFTER = "2"  # seconds

Members = dict[str, Any]


class Problem(Exception):
    """An answer that is not the one hoped for. `more` holds what a program needs beyond the code: the faults of each field…"""

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
        said = {"type": TYPE + self.code, "title": self.title, "status": self.status, "code": self.code}
        return said | ({"detail": self.detail} if self.detail else {}) | self.more

    def response(self) -> Response:
        body = msgspec.json.encode(self.members())
        return Response(body, self.status, self.headers, content_type="application/problem+json; charset=utf-8")


def unauthenticated(detail: str = "Ouvrez une session, ou joignez un jeton à la demande.") -> Problem:
    return Problem(401, "unauthenticated", "Qui demande ?", detail, headers={"WWW-Authenticate": "Bearer"})


def not_found(detail: str) -> Problem:
    return Problem(404, "not_found", "Rien à cette adresse", detail)


def unreadable(detail: str) -> Problem:
    return Problem(400, "unreadable", "Demande illisible", detail)


def invalid(faults: dict[str, list[str]]) -> Problem:
    return Problem(422, "invalid", "Certains champs sont à reprendre", "Chaque faute est dite sous son champ.", more={"faults": faults})


def forbidden(why: str) -> Problem:
    return Problem(403, "forbidden", "Ce n’est pas permis à ce rôle, ou pas sur ce territoire", more={"why": why})


def refused(code: str, why: str) -> Problem:
    return Problem(409, code, "Les règles du programme ne le permettent pas", french(code, why), more={"why": why})


def unavailable(why: str) -> Problem:
    said = "Une partie du système ne répond pas pour l’instant."
    return Problem(503, "unavailable", said, AGAIN, headers={"Retry-After": RETRY_AFTER}, more={"why": why, "retry": "same_id"})


def unknown_position() -> Problem:
    return Problem(400, "unknown_position", "Ce journal n’a rien à cette position", "Reprenez depuis le début, ou sans position.")


def unforeseen() -> Problem:
    return Problem(500, "unforeseen", "Une erreur que personne n’attendait", "Elle est notée dans le journal.")


def problem_of(fault: Fault | HTTPException) -> Problem:
    match fault:
        case Refused(code=code, why=why):
            return refused(code, why)
        case Invalid(faults=faults):
            return invalid(faults)
        case Forbidden():
            return forbidden(str(fault))
        case UnknownPosition():
            return unknown_position()
        case TooLarge():
            return Problem(413, "too_large", "Trop long pour le journal", str(fault))
        case Unavailable() | Conflict():
            return unavailable(str(fault))
        case HTTPException():
            return of_http(fault)
        case _:
            raise fault


HTTP = {
    404: ("not_found", "Rien à cette adresse"),
    405: ("method_not_allowed", "Cette adresse ne répond pas à cette méthode"),
    413: ("too_large", "Demande trop longue"),
}


def of_http(fault: HTTPException) -> Problem:
    status = fault.code or 500
    code, title = HTTP.get(status, ("unreadable", "Demande illisible"))
    methods = getattr(fault, "valid_methods", None)
    return Problem(status, code, title, headers={"Allow": ", ".join(sorted(methods))} if methods else {})


def problem_in(reply: Any) -> Problem | None:
    """The problem that a service answered with, if its answer is one."""
    match reply:
        case {"invalid": dict(faults)}:
            return invalid(faults)
        case {"forbidden": str(why)}:
            return forbidden(why)
        case {"refused": {"code": str(code), "why": str(why)}}:
            return refused(code, why)
        case {"unavailable": str(why)}:
            return unavailable(why)
        case {"unforeseen": str()}:
            return unforeseen()
        case _:
            return None
