"""What a process tells of itself when its metrics are asked for."""

from pathlib import Path

import pytest

from services.bootstrap.composition import Components
from services.bootstrap.names import GATEWAY, NAMES, RELAY
from services.bootstrap.readings import FAMILIES, Readings
from services.bootstrap.settings import read_settings
from shared.errors import Unavailable
from tests.harness.world import World

INBOXES = {"intake.inbox", "coaching.inbox", "referrals.inbox"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def read(components: Components, *hosted: str) -> dict[tuple[str, ...], float]:
    """The values by name and labels."""
    families = Readings(components, hosted).collect()
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def labels(found: dict[tuple[str, ...], float], name: str) -> set[str]:
    return {key[1] for key in found if key[0] == name}


def test_how_far_readers_are_and_behind_the_head(world: World) -> None:
    components = world.components
    components.checkpoints.save("relay", components.store.head())
    position = world.meet()
    found = read(components, RELAY, "intake")
    assert found["parcours_log_head_position",] == position
    assert found["parcours_reader_lag_positions", "relay"] == position - found["parcours_reader_position", "relay"] > 0
    assert found["parcours_reader_position", "intake.inbox"] == 0
    assert found["parcours_relay_delay_seconds",] > 0
    components.checkpoints.save("relay", position)
    found = read(components, RELAY)
    assert (found["parcours_reader_lag_positions", "relay"], found["parcours_relay_delay_seconds",]) == (0, 0)


def test_each_process_tells_of_its_own_readers_and_a_gateway_of_all_that_are_beside_the_log(world: World) -> None:
    world.meet()
    world.catch_up()
    name = "parcours_reader_lag_positions"
    assert labels(read(world.components, "coaching"), name) == {"coaching.inbox"}
    assert labels(read(world.components, RELAY), name) == {"relay"}
    assert labels(read(world.components, GATEWAY), name) == {"relay", *INBOXES}
    assert labels(read(world.components, *NAMES, GATEWAY, RELAY), name) == {"relay", "reporting.inbox", *INBOXES}


def test_a_stream_of_figures_that_has_not_begun_is_no_reader_that_is_behind(tmp_path: Path) -> None:
    parts = {"EVENT_STORE": "log", "READ_MODELS": "read", "GATEWAY_RECORDS": "gateway"}
    files = {f"PARCOURS_{part}": f"sqlite:///{tmp_path}/{name}.sqlite" for part, name in parts.items()}
    environ = {"PARCOURS_AMQP_URI": "amqp://localhost", "PARCOURS_KEYS": str(tmp_path / "keys"), **files}
    components = Components(read_settings(tmp_path, environ=environ))
    components.publish_definitions()
    head, name = components.store.head(), "parcours_reader_lag_positions"
    components.checkpoints.save("relay", head)
    assert labels(read(components, GATEWAY), name) == {"relay", "feed", *INBOXES}
    components.checkpoints.save("figures", head)
    found = read(components, GATEWAY)
    assert found[name, "figures"] == 0
    assert found[name, "feed"] == head


def test_a_stopped_projection_a_dead_letter_and_a_waiting_message_are_told(world: World) -> None:
    position = world.meet()
    world.catch_up()
    assert read(world.components, "reporting")["parcours_projection_stopped", "reporting"] == 0
    (event,) = world.components.store.read_at([position])
    letters = world.components.dead_letter_file
    assert letters is not None
    letters.add("coaching", event, "it failed")
    assert read(world.components, "coaching")["parcours_dead_letters", "coaching"] == 1
    assert world.components.webhook_deliveries.waiting() == 0
    assert read(world.components, "webhooks")["parcours_webhook_messages_waiting",] == 0


def test_what_is_away_is_left_out_and_counted(world: World) -> None:
    def away() -> int:
        raise Unavailable("away")

    components = world.components
    components.raw_store.head = away  # type: ignore[method-assign]
    found = read(components, GATEWAY, "intake")
    assert found["parcours_readings_failed",] == 1
    assert ("parcours_log_head_position",) not in found
    assert found["parcours_dead_letters", "intake"] == 0


def test_nothing_is_opened_for_a_question(tmp_path: Path) -> None:
    components = Components(read_settings(tmp_path, environ={}))
    found = read(components, "reporting", "webhooks", RELAY)
    assert set(found) == {("parcours_readings_failed",)}
    assert list(tmp_path.iterdir()) == []


def test_every_metric_of_the_table_is_told_by_a_process_that_hosts_everything(world: World) -> None:
    """But for the pools: files have none."""
    world.meet()
    world.catch_up()
    assert world.components.webhook_deliveries is not None
    told = {key[0] for key in read(world.components, *NAMES, GATEWAY, RELAY)}
    assert set(FAMILIES) - told == {"parcours_pool_connections_in_use", "parcours_pool_connections_max"}
