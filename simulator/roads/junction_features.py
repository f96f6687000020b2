"""What belongs to a junction beside its roads: crossings, stop lines, traffic lights, priority signs, controllers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from simulator.roads.junction_layout import Arm
from simulator.roads.network import RoadNetwork
from simulator.roads.records import Controller, Outline, RoadObject, Signal
from simulator.roads.road import Road

_CROSSING = (1.5, 4.5)  # metres before the junction: zebra crossings are at least 3 m wide
_STOP_LINE = (5.5, 6.0)
_SIGN_BESIDE_M = 0.6  # from the kerb to the pole
# German sign numbers (StVO): give way, stop, priority at the next junction.
GIVE_WAY, STOP, PRIORITY = "205", "206", "301"
TRAFFIC_LIGHT = "1000001"  # three-light signal head, country "OpenDRIVE"


def signalised(network: RoadNetwork, junction: str, arms: Sequence[Arm]) -> RoadNetwork:
    """The network with traffic lights, stop lines and crossings on all arms; opposite arms switch together."""
    signals: dict[int, str] = {}
    first = arms[0].pose.heading
    groups: dict[int, list[str]] = {0: [], 1: []}
    for number, arm in enumerate(arms):
        road = network.roads[arm.road]
        signals[number] = next_id(network)
        network = _with(network, arm.road, signals=(_light(signals[number], arm, road),))
        network = _with_crossing(network, arm, stop=True)
        aside = abs(np.sin(arm.pose.heading - first)) > np.sqrt(0.5)
        groups[int(aside)].append(signals[number])
    controllers = dict(network.controllers)
    names = []
    for phase, members in groups.items():
        if members:
            name = str(len(controllers) + 1)
            names.append(name)
            controllers[name] = Controller(
                name, f"junction {junction} phase {phase}", phase, tuple((m, "0") for m in members)
            )
    junctions = dict(network.junctions)
    junctions[junction] = replace(junctions[junction], controllers=tuple(names))
    return replace(network, controllers=controllers, junctions=junctions)


def with_priority(
    network: RoadNetwork, junction: str, arms: Sequence[Arm], main: Collection[Arm], *, minor: str = GIVE_WAY
) -> RoadNetwork:
    """The network with priority signs on the `main` arms, and `minor` signs, stop lines and crossings on the others.

    <priority> records put every way from a main arm above every way from another one.
    """
    main_roads = {(arm.road, arm.contact) for arm in main}
    ways = network.junctions[junction].connections
    sources = {way.connecting_road: network.roads[way.connecting_road].predecessor for way in ways}
    first = {way for way, link in sources.items() if link is not None and (link.id, link.contact) in main_roads}
    priorities = tuple((high, low) for low in sources if low not in first for high in sources if high in first)
    ranked = replace(network.junctions[junction], priorities=priorities)
    network = replace(network, junctions={**network.junctions, junction: ranked})
    for arm in arms:
        road = network.roads[arm.road]
        has_priority = (arm.road, arm.contact) in main_roads
        sign = _sign(next_id(network), PRIORITY if has_priority else minor, arm, road)
        network = _with(network, arm.road, signals=(sign,))
        if not has_priority:
            network = _with_crossing(network, arm, stop=True)
    return network


def next_id(network: RoadNetwork) -> str:
    """A number that no signal or object of the network has as its id."""
    roads = network.roads.values()
    names = [item.id for road in roads for item in road.signals] + [item.id for road in roads for item in road.objects]
    return str(max((int(name) for name in names if name.isdecimal()), default=0) + 1)


def speed_sign(network: RoadNetwork, road_id: str, s: float, right: float, kmh: float, *, forward: bool) -> RoadNetwork:
    """The network with a speed limit sign `right` metres to the right of lane 0, for one direction of traffic."""
    sign = Signal(
        next_id(network),
        s,
        -right if forward else right,
        z=2.2,
        type="274",
        subtype=f"{kmh:g}",
        name="speed limit",
        orientation="+" if forward else "-",
        country="DE",
        value=kmh,
        unit="km/h",
        height=0.6,
        width=0.6,
    )
    return _with(network, road_id, signals=(sign,))


def _place(arm: Arm, road: Road, back: float, right: float) -> tuple[float, float]:
    """Road coordinates `back` metres before the junction and `right` metres to the right as one drives up to it."""
    return (road.length - back, -right) if arm.contact == "end" else (back, right)


def _kerbs(arm: Arm) -> tuple[float, float]:
    """Distance of the kerbs from the centre line, incoming and outgoing side."""
    sides = []
    for strips in (arm.incoming, arm.outgoing):
        edge = 0.0
        for item in strips:
            if item.type in ("curb", "sidewalk", "border"):
                break
            edge += item.width_at(0.0)
        sides.append(edge)
    return sides[0], sides[1]


def _beside(arm: Arm) -> float:
    return _kerbs(arm)[0] + _SIGN_BESIDE_M


def _light(name: str, arm: Arm, road: Road) -> Signal:
    s, t = _place(arm, road, _STOP_LINE[0], _beside(arm))
    return Signal(
        name,
        s,
        t,
        z=2.3,
        type=TRAFFIC_LIGHT,
        subtype="-1",
        name="traffic light",
        dynamic=True,
        orientation="+" if arm.contact == "end" else "-",
        country="OpenDRIVE",
        height=0.9,
        width=0.35,
    )


def _sign(name: str, kind: str, arm: Arm, road: Road) -> Signal:
    back = min(_STOP_LINE[1] + (14.0 if kind == PRIORITY else 0.0), 0.9 * road.length)
    s, t = _place(arm, road, back, _beside(arm))
    names = {GIVE_WAY: "give way", STOP: "stop", PRIORITY: "priority"}
    return Signal(
        name,
        s,
        t,
        z=2.2,
        type=kind,
        subtype="-1",
        name=names[kind],
        orientation="+" if arm.contact == "end" else "-",
        country="DE",
        height=0.9,
        width=0.9,
    )


def _with_crossing(network: RoadNetwork, arm: Arm, *, stop: bool) -> RoadNetwork:
    """A zebra crossing over the arm, where it has pavements, and the stop line before it."""
    road = network.roads[arm.road]
    incoming, outgoing = _kerbs(arm)
    objects = []
    paved = any(item.type == "sidewalk" for item in arm.incoming)
    near = _STOP_LINE if paved else (0.5, 1.0)
    number = int(next_id(network))
    if paved:
        objects.append(area(str(number), "crosswalk", "zebra", "crossing", arm, road, _CROSSING, (-outgoing, incoming)))
    if stop:
        name = str(number + len(objects))
        objects.append(area(name, "roadMark", "stopLine", "stop line", arm, road, near, (0.1, incoming - 0.1)))
    return _with(network, arm.road, objects=tuple(objects))


def area(
    name: str,
    kind: str,
    subtype: str,
    title: str,
    arm: Arm,
    road: Road,
    back: tuple[float, float],
    right: tuple[float, float],
) -> RoadObject:
    """A flat object over a rectangle of the road, given as seen by someone who drives up to the junction."""
    around = [(back[0], right[0]), (back[0], right[1]), (back[1], right[1]), (back[1], right[0])]
    corners = np.array([[*_place(arm, road, b, r), 0.0, 0.0] for b, r in around])
    s, t = _place(arm, road, 0.5 * (back[0] + back[1]), 0.5 * (right[0] + right[1]))
    return RoadObject(
        name,
        s,
        t,
        type=kind,
        subtype=subtype,
        name=title,
        orientation="+" if arm.contact == "end" else "-",
        length=back[1] - back[0],
        width=right[1] - right[0],
        outlines=(Outline("road", corners),),
    )


def _with(
    network: RoadNetwork, road_id: str, *, signals: tuple[Signal, ...] = (), objects: tuple[RoadObject, ...] = ()
) -> RoadNetwork:
    road = network.roads[road_id]
    changed = replace(road, signals=road.signals + signals, objects=road.objects + objects)
    return replace(network, roads={**network.roads, road_id: changed})
