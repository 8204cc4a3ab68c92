"""Reads the metrics of this process. They are those of all tests, so a test compares what it finds with what was there before."""

from collections.abc import Mapping

from shared.metrics import REGISTRY


def sample(name: str, labels: Mapping[str, str] | None = None) -> float:
    """The value of a metric; 0 if it was never moved."""
    return REGISTRY.get_sample_value(name, dict(labels or {})) or 0.0
