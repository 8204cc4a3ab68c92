"""Every indicator, in the order in which a committee reads them."""

from services.reporting.indicators import activity, partners, people, progress, quality, survey
from services.reporting.indicators.model import Indicator

INDICATORS: dict[str, Indicator] = {
    indicator.id: indicator for module in (people, progress, activity, partners, survey, quality) for indicator in module.INDICATORS
}
