"""Which version of the definitions is in force in a quarter. Pure."""

from collections.abc import Mapping

FIRST_QUARTER = ""  # before every quarter: a version without a quarter is in force from the start


def version_in_force(versions: Mapping[int, str | None], quarter: str) -> int:
    """The latest of the published versions that is in force from this quarter on, or from one before it.

    `versions` gives the first quarter of each. The first version is in force from the start, whatever its quarter.
    """
    started = [version for version, since in versions.items() if (since or FIRST_QUARTER) <= quarter]
    return max(started, default=min(versions))
