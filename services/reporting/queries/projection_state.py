"""The state of a projection: how far it has come, and the event at which it stopped, if it did."""

from services.reporting.operator_answers import DefinitionsFilling, ProjectionState, ProjectionStop
from services.reporting.projection.read_models import NotFilled, OtherVersion
from services.reporting.projection.status import ProjectionStatus, Stop
from services.reporting.queries.reports import Reports
from shared.errors import exception_name
from shared.message import PREFIX, START, Position


def projection_position(reports: Reports) -> Position | None:
    """Up to which position the facts are; None where the tables are of another version."""
    try:
        return reports.position()
    except NotFilled:
        return START
    except OtherVersion:
        return None


def present_stop(status: ProjectionStatus, position: Position | None) -> Stop | None:
    """The stop of a projection that has come to `position`, unless its event was applied since."""
    stop = status.stop()
    return None if stop is None or (position is not None and stop.is_over(position)) else stop


def projection_state(reports: Reports, projection: str, head: Position) -> ProjectionState:
    """The state of a projection of a log that ended at `head` before."""
    position = projection_position(reports)
    stop = present_stop(ProjectionStatus(reports.models, projection), position)
    lag = None if position is None else max(0, head - position)
    return ProjectionState(
        projection=projection,
        state="stopped" if stop else "live" if lag == 0 else "catching_up",
        position=position,
        head=head if position is None else max(head, position),
        lag=lag,
        as_of=recorded_at(reports, position),
        stop=None if stop is None else stop_answer(stop),
        filling=fillings(reports) if position else [],
    )


def fillings(reports: Reports) -> list[DefinitionsFilling]:
    """The versions of the definitions that are being filled, with how many persons are."""
    return [DefinitionsFilling(each.version, each.done, each.total) for each in reports.models.fillings()]


def stop_answer(stop: Stop) -> ProjectionStop:
    return ProjectionStop(stop.position, PREFIX + stop.kind, exception_name(stop.reason), stop.stopped_at, stop.retry_requested)


def recorded_at(reports: Reports, position: Position | None) -> str | None:
    """When the event at a position was recorded; None before the first one."""
    if position is None or position == START:
        return None
    (event,) = reports.read_events([position])
    return event.recordedtime.isoformat()
