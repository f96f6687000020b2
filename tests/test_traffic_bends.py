"""Bends too tight for two: long vehicles and who comes wait for each other, and nobody is touched."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from test_traffic_overtaking import drive, empty, lanes_of, put

from simulator.roads import RoadNetwork
from simulator.roads.cross_section import CrossSection, line_mark, strip
from simulator.roads.layout import Plan
from simulator.roads.road import Road
from simulator.traffic.bends import REACH_M
from simulator.traffic.demand import KINDS
from simulator.traffic.lane_map import LaneMap, lane_map

STRAIGHT_M = 150.0
RADIUS_M = 9.0


def kind(name: str) -> dict[str, float]:
    """What a driver's row says of a kind's body."""
    row = KINDS[KINDS["name"] == name][0]
    body = {name: float(row[name]) for name in ("rear", "wheelbase", "hardest", "accel", "decel")}
    return body | {"front": float(row["length"] - row["rear"]), "half_width": float(0.5 * row["width"])}


@cache
def corner(turn: float, radius: float, rule: str) -> LaneMap:
    """A road of one lane of 3.5 m each way that turns by `turn` rad, between two straights."""
    length = abs(turn) * radius
    plan = Plan().line(STRAIGHT_M).arc(np.sign(turn) / radius, length).line(STRAIGHT_M)
    side = (strip("driving", 3.5),)
    section = CrossSection(side, side, (line_mark(0.12),)).section(plan.length)
    return lane_map(RoadNetwork({"0": Road("0", plan.length, plan.geometry, section, rule=rule)}))


@pytest.mark.parametrize("rule", ["RHT", "LHT"])
@pytest.mark.parametrize("turn", [-0.5 * np.pi, 0.5 * np.pi])
@pytest.mark.parametrize(("first", "second"), [("truck", "truck"), ("truck", "van"), ("car", "truck")])
def test_who_meets_a_lorry_in_a_tight_bend_does_not_touch_it(first: str, second: str, turn: float, rule: str) -> None:
    lanes = corner(turn, RADIUS_M, rule)
    one, other = lanes_of(lanes)
    for lag in np.linspace(-24.0, 24.0, 9):  # m that the second has further to go
        traffic = empty(lanes, 2)
        put(traffic, 0, one, STRAIGHT_M - 70.0, 8.0, **kind(first))
        put(traffic, 1, other, STRAIGHT_M - 70.0 - lag, 8.0, **kind(second))
        states = np.stack(drive(traffic, 25.0))
        assert (states["s"].max(axis=0) > STRAIGHT_M + 40.0).all()  # both are through


def test_in_wide_bends_nobody_waits() -> None:
    lanes = corner(0.5 * np.pi, 60.0, "RHT")
    one, other = lanes_of(lanes)
    alone, met = empty(lanes, 1), empty(lanes, 2)
    for traffic in (alone, met):
        put(traffic, 0, one, STRAIGHT_M - 2.0 * REACH_M, 10.0, **kind("truck"))
    put(met, 1, other, STRAIGHT_M - 2.0 * REACH_M, 10.0, **kind("truck"))
    for a, b in zip(drive(alone, 25.0), drive(met, 25.0)):
        assert a[0]["s"] == b[0]["s"]
