"""The envelope of a command, which is read without its schema where the schema would change nothing."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.vocabulary.french import VALIDATION
from shared.command_endpoint import RequestParser
from tests.unit.shared.test_command_endpoint import ID

ACTORS = [{"id": "c", "role": "coach"}, {"id": "c"}, {"id": " c ", "role": "coach", "organisation": ""}, None, "c", {}]
ENVELOPES: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from([ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", "x", "", None, 7, [], f"{ID}\n"]),
        "type": st.sampled_from(["Count", " Count", "Cou\u200bnt", "é", "", "x" * 600, None, 1, {}]),
        "territory": st.sampled_from(["alencon", "alenc\u0327on", "alencon\n", "", None, []]),
        "time": st.sampled_from(["2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00", "hier", None, 1, "9999-12-31T23:59:59-23:59"]),
        "recorded_time": st.sampled_from(["2024-05-01T10:00:00Z", None, {}]),
        "actor": st.sampled_from(ACTORS),
        "data": st.sampled_from([{}, {"name": "a"}, {" name": 1}, {"n\u0301": 1}, {"": 1}, {"a" * 600: 1}, [], None, "x"]),
        "surprise": st.just(1),
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ENVELOPES)
def test_a_request_that_is_taken_without_the_schema_is_the_one_that_the_schema_gives(raw: dict[str, object]) -> None:
    with_schema = RequestParser(VALIDATION)
    with_schema.plain = lambda raw: None  # type: ignore[method-assign]
    assert RequestParser(VALIDATION).validate(raw) == with_schema.validate(raw)


def test_most_requests_are_taken_without_the_schema() -> None:
    assert (
        RequestParser(VALIDATION).plain(
            {"id": ID, "type": "Count", "territory": "alencon", "time": "2024-05-01T10:00:00+02:00", "data": {"name": "é"}}
        )
        is not None
    )
