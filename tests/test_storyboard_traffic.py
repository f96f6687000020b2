"""Traffic that comes and goes by itself: how much, where, and the same again for the same seed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from small_storyboard import CAR, at, event, scenario, speed, straight

from simulator.storyboard import model
from simulator.storyboard.crowd import Crowd
from simulator.storyboard.player import play
from simulator.storyboard.recording import Recording

MIX = (model.TrafficDistributionEntry(1.0, (model.EntityDistributionEntry(1.0, model.ScenarioObjectTemplate(CAR)),)),)


def place(s: float, lane: int = -1) -> model.LanePosition:
    return model.LanePosition("1", str(lane), s)


def drive(*actions: model.GlobalAction, until: float = 20.0, seed: int = 0, ego_mps: float = 0.0) -> Recording:
    base = scenario({"ego": [at(500.0), speed(ego_mps)]})
    init = replace(base.storyboard.init, global_actions=actions)
    return play(replace(base, storyboard=replace(base.storyboard, init=init)), straight(), until=until, seed=seed)


def others(recording: Recording, time: float) -> dict[str, tuple[float, float]]:
    return {row.name: (row.x, row.y) for row in recording.table if abs(row.t - time) < 1e-6 and row.name != "ego"}


def test_a_source_makes_entities_at_its_rate_and_speed_within_its_radius() -> None:
    recording = drive(model.TrafficSourceAction(place(1000.0), 20.0, 0.5, 10.0, None, MIX, "in"), until=20.0)
    made = {name: next(recording.of(name)) for name in recording.entities if name != "ego"}
    assert len(made) == 11  # one at the start, then one every two seconds
    assert all(name.startswith("in_") for name in made)
    assert all(abs(row.x - 1000.0) <= 20.0 and row.speed == 10.0 for row in made.values())
    times = sorted(row.t for row in made.values())
    assert times == pytest.approx([2.0 * k for k in range(11)], abs=0.051)


def test_a_sink_takes_away_what_a_source_made_and_nothing_else() -> None:
    source = model.TrafficSourceAction(place(400.0), 1.0, 0.2, 20.0, None, MIX)
    recording = drive(source, model.TrafficSinkAction(place(500.0), 15.0), until=30.0)
    names = set(recording.entities) - {"ego"}
    last = {name: list(recording.of(name))[-1] for name in names}
    eastward = [row for row in last.values() if row.h < 1.0 and row.t < 29.9]
    assert eastward and all(485.0 - 1.1 <= row.x <= 500.0 for row in eastward)
    assert len(list(recording.of("ego"))) == 601


@pytest.mark.parametrize("share", [1.0, 0.0])
def test_a_swarm_keeps_its_number_in_the_ellipse_outside_the_circle(share: float) -> None:
    directions = model.DirectionOfTravelDistribution(share, 1.0 - share)
    swarm = model.TrafficSwarmAction("ego", 200.0, 50.0, 40.0, 0.0, 6, (20.0, 30.0), directions, None, MIX)
    recording = drive(swarm, ego_mps=25.0)
    for time in (0.0, 10.0, 20.0):
        ego = next(row.x for row in recording.of("ego") if abs(row.t - time) < 1e-6)
        found = others(recording, time)
        assert 4 <= len(found) <= 6
        assert all(abs(x - ego) <= 1.06 * 200.0 for x, _ in found.values())
        assert all((y < 0.0) == (share == 1.0) for _, y in found.values())
    assert all(abs(x - 500.0) >= 40.0 for x, _ in others(recording, 0.0).values())


@pytest.mark.parametrize("continuous", [True, False])
def test_an_area_is_filled_once_or_always(continuous: bool) -> None:
    corners = tuple(
        model.WorldPosition(x, y) for x, y in ((600.0, -20.0), (900.0, -20.0), (900.0, 20.0), (600.0, 20.0))
    )
    recording = drive(model.TrafficAreaAction(5, continuous, MIX, corners), until=40.0)
    assert len(others(recording, 0.0)) == 5
    assert all(600.0 <= x <= 900.0 for x, _ in others(recording, 0.0).values())
    late = sum(600.0 <= x <= 900.0 for x, _ in others(recording, 40.0).values())
    assert late == 5 if continuous else late < 5


def test_traffic_stops_by_name() -> None:
    source = model.TrafficSourceAction(place(1000.0), 20.0, 1.0, 10.0, None, MIX, "in")
    stop = event("stop", model.TrafficStopAction("in"))
    base = scenario({"ego": [at(500.0), speed(0.0)]}, event("start", source), stop)
    assert len(play(base, straight(), until=10.0).entities) <= 2


def test_traffic_has_the_roles_of_its_definition() -> None:
    """Half police, half ambulances: VehicleRoleDistributionEntry."""
    entry = model.VehicleRoleDistributionEntry
    definition = model.TrafficDefinition(
        "mix",
        (model.VehicleCategoryDistributionEntry("car", 1.0),),
        (),
        (entry("police", 1.0), entry("ambulance", 1.0)),
    )
    swarm = model.TrafficSwarmAction("ego", 400.0, 50.0, 20.0, 0.0, 24, traffic_definition=definition)
    made = [each for name, each in drive(swarm, until=1.0).entities.items() if name != "ego"]
    roles = [each.role for each in made if isinstance(each, model.Vehicle)]
    assert len(roles) == len(made) > 12
    assert 0.2 < roles.count("police") / len(roles) < 0.8
    assert set(roles) == {"police", "ambulance"}


def test_the_seed_decides() -> None:
    swarm = model.TrafficSwarmAction("ego", 200.0, 50.0, 40.0, 0.0, 6, (20.0, 30.0), None, None, MIX)
    first, again, other = (drive(swarm, until=3.0, seed=seed).table for seed in (1, 1, 2))
    assert first == again != other


def test_nothing_touches() -> None:
    swarm = model.TrafficSwarmAction("ego", 200.0, 50.0, 20.0, 0.0, 20, (5.0, 35.0), None, None, MIX)
    recording = drive(swarm, ego_mps=25.0, until=15.0)
    for k in range(301):
        lanes: dict[float, list[float]] = {}
        for x, y in others(recording, 0.05 * k).values():
            lanes.setdefault(round(y, 1), []).append(x)
        for xs in lanes.values():
            ordered = sorted(xs)
            assert all(b - a >= 5.0 for a, b in pairwise(ordered))


def test_dense_traffic_drives_as_if_each_looked_at_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    swarm = model.TrafficSwarmAction("ego", 300.0, 200.0, 0.0, 0.0, 60, (10.0, 30.0), None, None, MIX)
    quick = drive(swarm, ego_mps=20.0, until=6.0)
    monkeypatch.setattr(Crowd, "ahead_of", lambda self, entity, reach, speed: self._entities)
    slow = drive(swarm, ego_mps=20.0, until=6.0)
    assert len(quick.entities) > 20
    assert len({row.speed for row in quick.table if row.name != "ego"}) > 200  # they do brake for each other
    assert quick.table == slow.table
    assert all(row.lane for row in quick.table)


def test_traffic_for_which_there_is_no_room_is_given_up_with_a_warning() -> None:
    swarm = model.TrafficSwarmAction("ego", 60.0, 50.0, 0.0, 0.0, 10**8, (0.0, 0.0), None, None, MIX)
    recording = drive(swarm, until=1.0)
    made = len(others(recording, 1.0))
    assert 20 < made < 120  # four lanes of 120 m, cars of 5 m
    assert [text for text in recording.warnings if f"of {10**8} entities" in text]
