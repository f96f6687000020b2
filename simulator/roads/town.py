"""A town: a grid of streets, a little crooked, with crossroads, T junctions, pavements, parking and traffic lights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.errors import InputError
from simulator.numerics.rng import generator
from simulator.numerics.units import KMH
from simulator.roads.junction_features import GIVE_WAY, STOP, signalised, speed_sign, with_priority
from simulator.roads.junction_layout import Arm, build_junction
from simulator.roads.layout import Plan, Pose
from simulator.roads.network import RoadNetwork
from simulator.roads.records import Junction, Link
from simulator.roads.road import Road
from simulator.roads.street import Street, junction_reach, plain_road

Node = tuple[int, int]
_DIRECTIONS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # east, north, west, south
_CALM_M = 18.0  # before a junction: no parking, no overtaking
_BEND_M, _CORNER_M = 250.0, 28.0  # radius of streets that change direction a little, and at the town's corners
_MAIN = Street(lane_width=3.25, sidewalk_width=3.0, parking_width=2.1, speed_kmh=50.0)
_SIDE = Street(lane_width=3.0, sidewalk_width=2.2, speed_kmh=30.0, marked=False)


def town(blocks_x: int = 3, blocks_y: int = 3, block_m: float = 95.0, *, seed: int = 0) -> RoadNetwork:
    """A grid of `blocks_x` by `blocks_y` blocks of about `block_m` metres; another town for each seed.

    The middle street of each direction is a main street with parking; main streets meet at traffic lights, other
    crossroads have crossings and priority signs. Some blocks are joined, which leaves T junctions; the corners of
    the town are bends.

    Raises:
        InputError: fewer than 1 or more than 30 blocks along one side, or blocks shorter than 70 m.
    """
    if not (1 <= blocks_x <= 30 and 1 <= blocks_y <= 30 and blocks_x * blocks_y >= 2):
        raise InputError(f"{blocks_x} by {blocks_y} blocks: 1 to 30 along each side, 2 in all, are accepted")
    if not 70.0 <= block_m <= 1000.0:
        raise InputError(f"block_m={block_m:g}: blocks of 70 to 1000 m are accepted")
    return _Town(blocks_x, blocks_y, block_m, seed).network()


class _Town:
    """The grid while it is laid out: nodes at poses, streets between them."""

    def __init__(self, blocks_x: int, blocks_y: int, block_m: float, seed: int) -> None:
        rng = generator(seed, "roads", "town")
        self.size = (blocks_x + 1, blocks_y + 1)
        x = np.concatenate([[0.0], np.cumsum(block_m * rng.uniform(0.9, 1.25, blocks_x))])
        y = np.concatenate([[0.0], np.cumsum(block_m * rng.uniform(0.9, 1.25, blocks_y))])
        jitter = rng.uniform(-0.05, 0.05, (*self.size, 2)) * block_m
        turn = np.deg2rad(rng.uniform(-5.0, 5.0, self.size))
        self.poses = {
            (i, j): Pose(float(x[i] + jitter[i, j, 0]), float(y[j] + jitter[i, j, 1]), float(turn[i, j]))
            for i in range(self.size[0])
            for j in range(self.size[1])
        }
        self.closed: set[frozenset[Node]] = set()
        self._close_streets(rng)

    def _neighbour(self, node: Node, direction: int) -> Node | None:
        dx, dy = _DIRECTIONS[direction]
        other = (node[0] + dx, node[1] + dy)
        inside = 0 <= other[0] < self.size[0] and 0 <= other[1] < self.size[1]
        return other if inside and frozenset((node, other)) not in self.closed else None

    def _close_streets(self, rng: np.random.Generator) -> None:
        """Leave out a few side streets between crossroads, so that both ends become T junctions."""
        inner = [(i, j) for i in range(1, self.size[0] - 1) for j in range(1, self.size[1] - 1)]
        for node in inner:
            direction = int(rng.integers(2))
            other = self._neighbour(node, direction)
            wanted = rng.random() < 0.35 and other in inner and not self._is_main(node, direction)
            if wanted and other and len(self._directions(node)) == 4 and len(self._directions(other)) == 4:
                self.closed.add(frozenset((node, other)))

    def _directions(self, node: Node) -> list[int]:
        return [direction for direction in range(4) if self._neighbour(node, direction) is not None]

    def _is_main(self, node: Node, direction: int) -> bool:
        """Whether the street from a node in a direction belongs to one of the two main streets."""
        line = node[1] if direction % 2 == 0 else node[0]
        return line == self.size[1 - direction % 2 if direction % 2 == 0 else 0] // 2

    def _street(self, node: Node, direction: int) -> Street:
        return _MAIN if self._is_main(node, direction) else _SIDE

    def _is_corner(self, node: Node) -> bool:
        return len(self._directions(node)) == 2

    def _arm_pose(self, node: Node, direction: int, reach: float) -> Pose:
        """End of the street that leaves a node in a direction, looking away from it."""
        return self.poses[node].turned(0.5 * np.pi * direction).moved(reach)

    def network(self) -> RoadNetwork:
        """All streets and junctions."""
        nodes = [node for node in self.poses if not self._is_corner(node)]
        names = {node: str(1000 + number) for number, node in enumerate(nodes)}
        reach = {node: self._reach(node) for node in nodes}
        arms: dict[Node, dict[int, Arm]] = {node: {} for node in nodes}
        roads: dict[str, Road] = {}
        for node in nodes:
            for direction in self._directions(node):
                if direction not in arms[node]:
                    self._lay_street(node, direction, reach, names, arms, roads)
        junctions: dict[str, Junction] = {}
        for node in nodes:
            corner = reach[node][1]
            limit = max(self._street(node, direction).speed_kmh for direction in arms[node]) * KMH
            first = len(roads)
            ordered = [arms[node][direction] for direction in sorted(arms[node])]
            junctions[names[node]], inside = build_junction(
                names[node], ordered, first, radius=corner, speed_mps=min(limit, 30.0 * KMH)
            )
            roads.update({road.id: road for road in inside})
        network = RoadNetwork(roads, junctions, name="town")
        for node in nodes:
            network = self._furnish(network, node, names[node], arms[node])
        return replace(network, name="town")

    def _reach(self, node: Node) -> tuple[float, float]:
        """How far the arms of a junction end from its centre, and the radius of its corners."""
        directions = self._directions(node)
        angles = [0.5 * np.pi * direction for direction in directions]
        streets = {self._street(node, direction) for direction in directions}
        sizes = [junction_reach(street, angles) for street in streets]
        return max(size[0] for size in sizes), max(size[1] for size in sizes)

    def _lay_street(
        self,
        node: Node,
        direction: int,
        reach: dict[Node, tuple[float, float]],
        names: dict[Node, str],
        arms: dict[Node, dict[int, Arm]],
        roads: dict[str, Road],
    ) -> None:
        """A street from one junction to the next one, around the corner of the town if there is one between."""
        street = self._street(node, direction)
        start = self._arm_pose(node, direction, reach[node][0])
        plan, here, ahead = Plan(start), node, direction
        while True:
            here = self._neighbour(here, ahead) or here
            if not self._is_corner(here):
                break
            onward = next(way for way in self._directions(here) if way != (ahead + 2) % 4)
            ahead = onward
        arrival = (ahead + 2) % 4
        goal = self._arm_pose(here, arrival, reach[here][0]).back()
        plan.to(goal, _BEND_M if ahead == direction else _CORNER_M)
        section = street.cross_section(plan.length, _CALM_M, _CALM_M)
        name = str(len(roads))
        roads[name] = plain_road(
            name,
            plan,
            section,
            "town",
            street.speed_kmh,
            predecessor=Link("junction", names[node]),
            successor=Link("junction", names[here]),
        )
        arms[node][direction] = Arm.of(name, "start", start.back(), section, plan.length)
        arms[here][arrival] = Arm.of(name, "end", plan.end, section, plan.length)

    def _furnish(self, network: RoadNetwork, node: Node, junction: str, arms: dict[int, Arm]) -> RoadNetwork:
        ordered = [arms[direction] for direction in sorted(arms)]
        main = [arms[direction] for direction in sorted(arms) if self._is_main(node, direction)]
        if len(main) >= 3:
            network = signalised(network, junction, ordered)
        else:
            narrow = not main  # houses stand close to the corners of small streets: who has no priority has to stop
            if narrow:  # the street that goes through has priority
                through = [way for way in arms if (way + 2) % 4 in arms]
                main = [arms[way] for way in sorted(through)[:: 2 if len(through) == 4 else 1]]
            network = with_priority(network, junction, ordered, main, minor=STOP if narrow else GIVE_WAY)
        for direction in sorted(arms):
            arm, street = arms[direction], self._street(node, direction)
            s = 12.0 if arm.contact == "start" else network.roads[arm.road].length - 12.0
            right = street.lane_width + 0.6
            network = speed_sign(network, arm.road, s, right, street.speed_kmh, forward=arm.contact == "start")
        return network
