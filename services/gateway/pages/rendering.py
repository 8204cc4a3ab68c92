"""From a template and a model to a page."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.wrappers import Response

from services.gateway.pages import charts
from services.gateway.pages.french import FILTERS
from services.gateway.pages.words import ROLES, capital, said
from services.gateway.request_context import RequestContext

HERE = Path(__file__).parent


class Pages:
    """`programme` is the name of the programme, `recorders` the roles that are offered to record a step. Every page knows who reads it."""

    def __init__(self, programme: str, recorders: Collection[str]) -> None:
        self.environment = Environment(
            loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self.environment.filters |= FILTERS | {"said": said, "capital": capital}
        self.environment.globals |= {"programme": programme, "recorders": recorders, "charts": charts, "roles": ROLES}

    def page(self, visit: RequestContext, template: str, status: int = 200, **model: Any) -> Response:
        text = self.environment.get_template(template).render(visitor=visit.identity, address=visit.request.path, **model)
        return Response(text, status, content_type="text/html; charset=utf-8")
