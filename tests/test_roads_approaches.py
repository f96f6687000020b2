"""What controls the ways into junctions: lights, signs, references, words on the road, priority records, stop lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from material import MATERIAL, needs_material

from simulator.roads import LaneKey, RoadNetwork, RoadObject, Signal, procedural, read_opendrive
from simulator.roads.approaches import Approach, approach_controls
from simulator.roads.records import LaneValidity, SignalReference

SIGNED = procedural.t_junction()
BARE = replace(
    SIGNED,
    roads={k: replace(r, signals=(), objects=()) for k, r in SIGNED.roads.items()},
    junctions={k: replace(j, priorities=()) for k, j in SIGNED.junctions.items()},
)


def changed(road_id: str, **fields: object) -> RoadNetwork:
    """The T junction without anything, but for one road."""
    return replace(BARE, roads={**BARE.roads, road_id: replace(BARE.roads[road_id], **fields)})


def from_road(network: RoadNetwork, road: str) -> list[Approach]:
    return [way for way in approach_controls(network) if way.incoming.road == road]


def test_every_connecting_lane_is_an_approach_and_names_the_lane_before_it() -> None:
    network = procedural.town()
    ways = approach_controls(network)
    inside = {key for key in network.lanes() if network.roads[key.road].junction}
    assert {way.lane for way in ways} == inside and len(ways) == len(inside)
    for way in ways:
        assert network.next_lanes(way.incoming).count(way.lane) == 1
        assert network.roads[way.lane.road].junction == way.junction


def test_lights_and_signs_of_procedural_junctions_and_their_stop_lines() -> None:
    lights = approach_controls(procedural.x_junction())
    assert {way.control for way in lights} == {"signal"} and len({way.signal for way in lights}) == 4
    length, main = BARE.roads["2"].length, {way.lane.road for k in "01" for way in from_road(SIGNED, k)}
    for way in approach_controls(SIGNED):
        minor = way.incoming.road == "2"
        assert way.gives_way_to == (main if minor else frozenset())
        assert way.control == ("yield" if minor else "none")
        # The stop line is painted from 6.0 to 5.5 m before the junction.
        assert way.stop_s == pytest.approx(length - 6.0 if minor else length)


def test_nothing_is_said_at_a_junction_without_signs() -> None:
    ways = approach_controls(BARE)
    assert {(way.control, way.signal, way.gives_way_to) for way in ways} == {("none", "", frozenset())}


def test_signals_count_for_the_lanes_and_the_direction_that_they_are_for() -> None:
    sign = Signal("7", 70.0, -4.0, type="206", orientation="+")
    assert {way.control for way in from_road(changed("2", signals=(sign,)), "2")} == {"stop"}
    for other in (
        replace(sign, orientation="-"),
        replace(sign, s=5.0),  # far away
        replace(sign, validity=(LaneValidity(1, 2),)),
        replace(sign, type="306"),  # priority road
        replace(sign, type="1000002"),  # a light for people on foot
    ):
        assert {way.control for way in from_road(changed("2", signals=(other,)), "2")} == {"none"}


def test_a_reference_on_a_connecting_road_controls_that_way_alone() -> None:
    """As in CARLA's maps: the light stands somewhere, valid for no lane; references on the ways through name it."""
    light = Signal("9", 1.0, 9.0, type="1000001", dynamic=True, orientation="+", validity=(LaneValidity(0, 0),))
    network = changed("2", signals=(light,))
    way = from_road(network, "2")[0]
    reference = SignalReference("9", 0.0, 0.0, "+", (LaneValidity(-1, -1),))
    through = replace(network.roads[way.lane.road], signal_references=(reference,))
    network = replace(network, roads={**network.roads, through.id: through})
    found = {x.lane: (x.control, x.signal, x.stop_s) for x in from_road(network, "2")}
    end = network.roads["2"].length
    assert found.pop(way.lane) == ("signal", "9", end)
    assert set(found.values()) == {("none", "", end)}


def test_the_word_stop_on_the_road_counts_like_the_sign() -> None:
    word = RoadObject("5", 75.0, -1.6, type="-1", name="Stencil_STOP_2", orientation="+", length=2.5, width=2.0)
    assert {(way.control, way.signal) for way in from_road(changed("2", objects=(word,)), "2")} == {("stop", "5")}
    beside = replace(word, t=1.6)
    assert {way.control for way in from_road(changed("2", objects=(beside,)), "2")} == {"none"}


def test_priority_records_say_who_gives_way_to_whom() -> None:
    high, low = from_road(BARE, "0")[0].lane.road, from_road(BARE, "2")[0].lane.road
    junction = replace(BARE.junctions["100"], priorities=((high, low),))
    ways = approach_controls(replace(BARE, junctions={"100": junction}))
    said = {way.lane.road: (way.control, way.gives_way_to) for way in ways if way.control != "none"}
    assert said == {low: ("yield", frozenset({high}))}


def test_a_sign_before_a_short_piece_of_road_is_found_further_back() -> None:
    road = BARE.roads["2"]
    section, cut = road.sections[0], road.length - 3.0
    plain = tuple(replace(x, predecessors=(x.id,) * bool(x.id), successors=(x.id,) * bool(x.id)) for x in section.lanes)
    parts = (replace(section, s1=cut, lanes=plain), replace(section, s0=cut, lanes=plain))
    line = RoadObject("5", cut - 1.0, -1.6, type="roadMark", subtype="stopLine", length=0.5, width=3.0)
    sign = Signal("7", cut - 1.5, -4.0, type="205", orientation="+")
    for way in from_road(changed("2", sections=parts, signals=(sign,), objects=(line,)), "2"):
        assert way.incoming == LaneKey("2", 1, -1) and way.stop_lane == LaneKey("2", 0, -1)
        assert way.control == "yield" and way.stop_s == pytest.approx(cut - 1.25)


@needs_material
def test_real_maps() -> None:
    """Counted in the files: esmini's crossings have lights and stop lines (294) 4 m before; CARLA's of 2019 nothing."""
    crossings = approach_controls(read_opendrive(MATERIAL / "openx/esmini/resources/xodr/multi_intersections.xodr"))
    assert Counter(way.control for way in crossings) == {"signal": 42}
    town = approach_controls(read_opendrive(MATERIAL / "openx/carla_towns/OpenDrive/Town01.xodr"))
    assert Counter(way.control for way in town) == {"none": 72}
