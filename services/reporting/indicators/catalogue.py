"""Every indicator, in the order in which a committee reads them."""

from services.reporting.indicators import activity, follow_ups, partners, people, progress, quality, survey
from services.reporting.indicators.model import Indicator

MODULES = (people, progress, activity, follow_ups, partners, survey, quality)
INDICATORS: dict[str, Indicator] = {indicator.id: indicator for module in MODULES for indicator in module.INDICATORS}
