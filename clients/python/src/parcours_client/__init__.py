"""A client of Parcours for frontends and back ends.

`Parcours` sends commands, reads, and follows the live feed. `outbox.Outbox` keeps commands while there is no network.
`feed.read_feed` reads the stream of events on the broker. Models and readings are in `generated`, made from the OpenAPI document.
"""

from parcours_client.client import Parcours, pages, required
from parcours_client.generated.models import Answer, Event, FiguresMoved, Hint
from parcours_client.lines import Line, LineAnswer
from parcours_client.problem import Problem
from parcours_client.version import __version__

__all__ = ["Answer", "Event", "FiguresMoved", "Hint", "Line", "LineAnswer", "Parcours", "Problem", "__version__", "pages", "required"]
