"""Traffic that is stepped together drives as each of it would alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_storyboard import CAR, at, scenario, speed, straight

from simulator.storyboard import cruising, model
from simulator.storyboard.drivers.distance_keeper import DistanceKeeper, adapted_speeds
from simulator.storyboard.entities import Entity
from simulator.storyboard.player import Player
from simulator.storyboard.recording import Recording
from simulator.storyboard.road_links import Roads
from simulator.storyboard.world import World

MIX = (model.TrafficDistributionEntry(1.0, (model.EntityDistributionEntry(1.0, model.ScenarioObjectTemplate(CAR)),)),)


def swarm_of(count: int) -> Player:
    swarm = model.TrafficSwarmAction("ego", 300.0, 200.0, 0.0, 0.0, count, (10.0, 30.0), None, None, MIX)
    base = scenario({"ego": [at(500.0), speed(20.0)]})
    init = replace(base.storyboard.init, global_actions=(swarm,))
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
    def drive() -> Recording:
        player, recording = swarm_of(60), Recording(0.05)
        for _ in range(20):
            player.step(0.05)
            recording.add(player.world.time, player.world, player.cruisers)
        counts.append(len(player.cruisers.members))
        for entity in player.world.active:  # what is found of the motion is true of each too
            assert np.linalg.norm(entity.velocity) == pytest.approx(entity.speed, abs=1.0)  # it has adapted since
        return recording

    counts: list[int] = []
    together = drive()
    monkeypatch.setattr(cruising, "_FEW", 10**9)
    alone = drive()
    assert counts[0] > 40 and counts[1] == 0
    ends = [{row.name: row for row in each.table if row.t > 0.99} for each in (together, alone)]
    assert ends[0].keys() == ends[1].keys()
    # Alone they look at those before them one after the other, some of whom have adapted their speeds already.
    for name, row in ends[0].items():
        assert row.x == pytest.approx(ends[1][name].x, abs=0.1)
        assert row.speed == pytest.approx(ends[1][name].speed, abs=0.3)
        assert row[9:11] == ends[1][name][9:11]


def test_who_comes_and_goes_is_told_from_who_stays() -> None:
    player = swarm_of(40)
    seen = set[str]()
    for _ in range(200):
        player.step(0.05)
        members, active = player.cruisers.members, player.world.active
        assert len({id(each) for each in members}) == len(members)
        assert {id(e) for e in members} | {id(e) for e in player.cruisers.singles} == {id(e) for e in active}
        seen |= {each.name for each in members}
    assert len(seen) > len(player.cruisers.members)
