"""What the metrics say, and what they never say, whatever is asked of the gateway."""

from uuid import uuid4

from shared.message import Actor
from shared.metrics import REGISTRY
from shared.trust.access import Identity
from tests.harness.samples import sample
from tests.harness.world import World

WORD = "jean-martin-alencon"


def test_no_label_holds_what_somebody_wrote(world: World) -> None:
    """Persons, places, actors, organisations, types and addresses that nobody knows: none becomes a label."""
    world.meet(WORD, actor=WORD)
    world.send(WORD, {})
    world.send("IdentifyPerson", {"person": WORD, "place": WORD}, territory=WORD)
    lines = f'{{"id": "{uuid4()}", "type": "{WORD}", "territory": "{WORD}", "data": {{}}}}\n'
    world.ask("POST", "/v1/commands", data=lines, headers={"Content-Type": "application/x-ndjson"})
    world.get(f"/parcours/{WORD}", role="participant", actor=WORD, organisation=WORD)
    world.get(f"/{WORD}")
    world.ask(WORD, f"/v1/people/{WORD}")
    world.get(f"/v1/indicators?territory={WORD}&quarter={WORD}")
    token = world.components.trust.identity_signer.token(Identity(Actor(WORD, "coach", WORD), ("*",)), "intake")
    command = f'{{"id": "{uuid4()}", "type": "{WORD}", "territory": "alencon", "data": {{}}}}'
    assert world.components.endpoint("intake").handle(token, command)["refused"]["code"] == "unknown_command"
    world.components.endpoint("intake").handle_each([(token, command), (WORD, WORD)])
    text = world.get("/metrics", role=None).text
    assert 'route="/parcours/<person>"' in text
    assert WORD not in text.lower()


def test_commands_are_counted_by_type_and_outcome(world: World) -> None:
    def counted(outcome: str, name: str = "IdentifyPerson", service: str = "intake") -> float:
        return sample("parcours_commands_total", {"service": service, "type": name, "outcome": outcome})

    outcomes = ("accepted", "refused", "invalid", "forbidden")
    before = [counted(outcome) for outcome in outcomes]
    unknown = counted("invalid", "?", "?")
    data = {"person": "p-1", "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
    world.send("IdentifyPerson", data)
    world.send("IdentifyPerson", data, territory="argentan")
    world.send("IdentifyPerson", {"person": "p-2"})
    world.send("IdentifyPerson", data | {"person": "p-3"}, role="funder")
    world.send("IdentifyPerson", data, territory="nowhere")  # its envelope goes no further
    assert [counted(outcome) for outcome in outcomes] == [count + 1 for count in before]
    assert counted("invalid", "?", "?") == unknown + 1


def test_series_stay_few(world: World) -> None:
    """Requests with addresses, methods and keys of their own make no series of their own."""

    def series() -> int:
        return sum(len(family.samples) for family in REGISTRY.collect())

    world.get("/v1/people/p-0")
    world.get("/nowhere-0")
    world.meet()
    before = series()
    for number in range(20):
        world.get(f"/v1/people/p-{number}")
        world.get(f"/nowhere-{number}")
        world.ask(f"METHOD{number}", "/")
        world.meet()
    assert series() <= before + 1  # unknown methods have one together
