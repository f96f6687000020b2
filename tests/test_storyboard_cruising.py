"""Traffic that is stepped together drives as each of it would alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from small_storyboard import CAR, at, scenario, speed, straight

from simulator.storyboard import crowd, cruising, model
from simulator.storyboard.drivers.distance_keeper import DistanceKeeper, adapted_speeds
from simulator.storyboard.entities import Entity
from simulator.storyboard.player import Player
from simulator.storyboard.recording import Recording
from simulator.storyboard.road_links import Roads
from simulator.storyboard.world import World

MIX = (model.TrafficDistributionEntry(1.0, (model.EntityDistributionEntry(1.0, model.ScenarioObjectTemplate(CAR)),)),)


def player_of(action: model.GlobalAction) -> Player:
    base = scenario({"ego": [at(500.0), speed(20.0)]})
    init = replace(base.storyboard.init, global_actions=(action,))
    return Player(replace(base, storyboard=replace(base.storyboard, init=init)), straight())


def test_speeds_of_many_are_those_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws of speeds, gaps and limits: the rule for one driver is the rule for all."""
    rng, count = np.random.default_rng(4), 400
    roads, base = Roads(straight()), scenario({"ego": [at(500.0)]})
    held, wanted, other = rng.uniform(0.0, 40.0, (3, count))
    wanted[:40] = held[:40]
    gap = np.where(rng.random(count) < 0.3, np.inf, rng.uniform(0.0, 80.0, count))
    up, down, time_gap = rng.uniform(0.5, 4.0, count), rng.uniform(2.0, 9.0, count), rng.uniform(0.5, 3.0, count)
    together = adapted_speeds(held, wanted, up, down, time_gap, gap, other, 0.05)
    world = World(base, roads, {}, 0)
    for k in range(count):
        entity = Entity.of(model.ScenarioObject("car", CAR, ()), roads)
        ahead = Entity.of(model.ScenarioObject("ahead", CAR, ()), roads)
        controller = model.ObjectController("acc", model.Controller("ACCController"))
        driver = DistanceKeeper(world, entity, controller)
        driver.acceleration, driver.deceleration, driver.time_gap = map(float, (up[k], down[k], time_gap[k]))
        entity.speed = driver.speed = float(held[k])
        driver.set_speed, ahead.speed = float(wanted[k]), float(other[k])
        found = None if np.isinf(gap[k]) else ahead
        monkeypatch.setattr(driver, "_ahead", lambda found=found, k=k: (found, float(gap[k])))
        driver.step(0.05)
        assert driver.speed == pytest.approx(together[k], abs=1e-9)


def test_traffic_stepped_together_goes_where_each_goes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone whoever is behind looks first, so that nobody sees what another has done within the step."""

    def drive() -> Recording:
        player, recording = player_of(model.TrafficAreaAction(80, False, MIX, corners)), Recording(0.05)
        player.world.active.sort(key=lambda each: each.position.s * (1 if each.position.lane < 0 else -1))
        for _ in range(30):
            player.step(0.05)
            recording.add(player.world.time, player.world, player.cruisers)
        counts.append(len(player.cruisers.members))
        motions.append({each.name: [*each.velocity, *each.acceleration, each.odometer] for each in player.world.active})
        return recording

    corners = tuple(model.WorldPosition(x, y) for x, y in ((0.0, -20.0), (1500.0, -20.0), (1500.0, 20.0), (0.0, 20.0)))
    counts: list[int] = []
    motions: list[dict[str, list[float]]] = []
    together = drive()
    monkeypatch.setattr(cruising, "_FEW", 10**9)
    alone = drive()
    assert counts[0] > 60 and counts[1] == 0
    assert len({round(row.speed, 3) for row in alone.table}) > 300  # they do brake for each other
    rows = [sorted(each.table) for each in (together, alone)]
    for row, expected in zip(*rows, strict=True):
        assert row[:2] == expected[:2] and row[9:11] == expected[9:11]
        assert row[2:9] + row[11:] == pytest.approx(expected[2:9] + expected[11:], abs=1e-6)
    assert motions[0].keys() == motions[1].keys()
    for name, motion in motions[0].items():
        assert motion == pytest.approx(motions[1][name], abs=1e-4)


def test_who_comes_and_goes_is_told_from_who_stays() -> None:
    player = player_of(model.TrafficSwarmAction("ego", 300.0, 200.0, 0.0, 0.0, 40, (10.0, 30.0), None, None, MIX))
    seen = set[str]()
    for _ in range(200):
        player.step(0.05)
        members, active = player.cruisers.members, player.world.active
        assert len({id(each) for each in members}) == len(members)
        assert {id(e) for e in members} | {id(e) for e in player.cruisers.singles} == {id(e) for e in active}
        seen |= {each.name for each in members}
    assert len(seen) > len(player.cruisers.members)


def test_pairs_that_are_kept_miss_nobody_who_comes_near() -> None:
    """Who may be right before whom, found among pairs kept from earlier steps and among all pairs."""
    rng, count = np.random.default_rng(7), 40
    near, entities = crowd._Near(), cast(Any, tuple(range(count)))  # only whether they are the same counts
    columns = {name: rng.uniform(0.0, 6.0, count) for name in crowd.Bodies._fields}
    columns["x"], columns["y"] = rng.uniform(0.0, 300.0, count), rng.uniform(0.0, 12.0, count)
    heading = rng.choice([0.0, np.pi], count) + rng.normal(0.0, 0.1, count)
    speed, first, met, kept = 40.0, None, 0, 0
    every = tuple(np.array([(a, b) for a in range(count) for b in range(count) if a != b]).T)
    for step in range(60):
        bodies = crowd.Bodies(**{**columns, "h": heading})
        pairs = near.pairs(bodies, 40.0, entities)
        kept, first = kept + (pairs is first), pairs
        found, whole = (
            set(zip(*(part.tolist() for part in crowd._in_front(bodies, 40.0, *each)))) for each in (pairs, every)
        )
        assert found == whole, step
        met += len(found)
        columns["x"] = columns["x"] + 0.05 * speed * np.cos(heading)
        columns["y"] = columns["y"] + 0.05 * speed * np.sin(heading)
    assert met > 100 and kept > 30
