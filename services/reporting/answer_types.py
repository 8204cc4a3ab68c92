"""Types of members of answers, with what their published schema says of them. Part of the published language.

`x-vocabulary` names the list of `GET /v1/programme` that has the French label of each code.
"""

from typing import Annotated

from msgspec import Meta

from shared.field_rules import VOCABULARY

Day = Annotated[str, Meta(extra_json_schema={"format": "date"})]
"""A day as ISO text."""

ThematiqueCode = Annotated[str, Meta(extra_json_schema={VOCABULARY: "thematiques"})]
ChannelCode = Annotated[str, Meta(extra_json_schema={VOCABULARY: "Channel"})]
OrientationDeclineReasonCode = Annotated[str, Meta(extra_json_schema={VOCABULARY: "OrientationDeclineReason"})]
ExitReasonCode = Annotated[str, Meta(extra_json_schema={VOCABULARY: "ExitReason"})]
MilestoneCode = Annotated[str, Meta(extra_json_schema={VOCABULARY: "Milestone"})]
NeutralReasonCode = Annotated[str, Meta(extra_json_schema={VOCABULARY: "NeutralReason"})]
OutcomeQualityCode = Annotated[str, Meta(extra_json_schema={VOCABULARY: "OutcomeQuality"})]
PrescriberKindCode = Annotated[str, Meta(extra_json_schema={VOCABULARY: "PrescriberKind"})]
RadarCode = Annotated[str, Meta(extra_json_schema={VOCABULARY: "Radar"})]
ReferralResultCode = Annotated[str, Meta(extra_json_schema={VOCABULARY: "ReferralResult"})]
SeatStatusCode = Annotated[str, Meta(extra_json_schema={VOCABULARY: "SeatStatus"})]
