"""The cookies of a login that is under way: they come back with a request from the issuer."""

from datetime import timedelta

from werkzeug.wrappers import Request, Response

from services.gateway.oidc_login import not_begun


def name(request: Request, of: str) -> str:
    return f"__Host-{of}" if request.is_secure else of


def cookie(request: Request, of: str) -> str:
    found = request.cookies.get(name(request, of), "")
    if not found:
        raise not_begun()
    return found


def with_cookie(response: Response, request: Request, of: str, value: str, seconds: float) -> Response:
    """A cookie that comes back with a request from the issuer (`SameSite=Lax`): for a login, never for a session."""
    age = timedelta(seconds=seconds)
    response.set_cookie(name(request, of), value, max_age=age, httponly=True, samesite="Lax", secure=request.is_secure, path="/")
    return response


def without_cookie(response: Response, request: Request, of: str) -> Response:
    response.delete_cookie(name(request, of), path="/", httponly=True, samesite="Lax", secure=request.is_secure)
    return response
