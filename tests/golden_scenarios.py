"""Scenarios that esmini has played: how far our trajectories and events are from its own."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import dataclass
from functools import cache
from math import degrees, hypot, pi
from pathlib import Path

from simulator.roads import RoadNetwork, read_opendrive
from simulator.storyboard.openscenario import read_openscenario
from simulator.storyboard.player import play
from simulator.storyboard.recording import Recording

POSITION_M, HEADING_DEG = 0.10, 1.0

# Traffic is random there.
RANDOM = frozenset({"esmini__resources__xosc__swarm"})


@dataclass
class Score:
    """Errors of each entity (largest position in m, heading in degrees, first time out of bounds) and of the events."""

    name: str
    entities: dict[str, tuple[float, float, float]]
    same_events: bool
    first_difference: str = ""
    problem: str = ""

    @property
    def good(self) -> int:
        """Number of entities within the bounds."""
        return sum(p <= POSITION_M and h <= HEADING_DEG for p, h, _ in self.entities.values())


def golden_names(material: Path) -> list[str]:
    """All scenarios, without those that are random."""
    folder = material / "golden" / "scenarios"
    return [path.stem for path in sorted(folder.glob("*.json")) if path.stem not in RANDOM]


def golden_rows(material: Path, name: str) -> dict[str, dict[int, list[float]]]:
    """x, y, z, h by entity and time in ms."""
    rows: dict[str, dict[int, list[float]]] = {}
    with gzip.open(material / "golden" / "scenarios" / f"{name}.csv.gz", "rt") as file:
        reader = csv.reader(file)
        next(reader)
        for row in reader:
            # A second row at the time at which the storyboard stopped is half a step: only actions have moved it.
            rows.setdefault(row[1], {}).setdefault(round(float(row[0]) * 1000), [float(v) for v in row[2:6]])
    return rows


@cache
def network(path: Path) -> RoadNetwork:
    """Maps are shared by many scenarios."""
    return read_opendrive(path)


def replay(material: Path, name: str) -> tuple[Recording, dict[str, object]]:
    """Our run of a scenario, and what is known of esmini's."""
    golden = json.loads((material / "golden" / "scenarios" / f"{name}.json").read_text())
    scenario = read_openscenario(
        material / "openx" / golden["xosc"],
        map_path=[(material / "openx" / golden["xodr"]).parent] if golden["xodr"] else [],
    )
    logic = scenario.road_network.logic_file
    return play(scenario, network(logic) if logic is not None else None), golden


def _order(events: list[list[object]]) -> list[list[object]]:
    return [event[2:] for event in events if event[1] == "state"]


def score(material: Path, name: str) -> Score:
    """Play a scenario and compare."""
    expected = golden_rows(material, name)
    try:
        recording, golden = replay(material, name)
    except Exception as error:  # the score is a report, whatever goes wrong
        worst = dict.fromkeys(expected, (float("inf"), float("inf"), 0.0))
        return Score(name, worst, False, problem=f"{type(error).__name__}: {error}")
    ours: dict[str, dict[int, list[float]]] = {}
    for row in recording.table:
        ours.setdefault(row.name, {})[round(row.t * 1000)] = [row.x, row.y, row.z, row.h]
    entities = {}
    for entity, rows in expected.items():
        entities[entity] = _errors(rows, ours.get(entity, {}))
    mine, theirs = _order(recording.timeline()), _order(golden["events"])  # type: ignore[arg-type]
    difference = next((f"{a} instead of {b}" for a, b in zip(mine, theirs) if a != b), "")
    if not difference and len(mine) != len(theirs):
        rest = mine[len(theirs) :] or theirs[len(mine) :]
        difference = f"{'too many' if len(mine) > len(theirs) else 'missing'}: {rest[0]}"
    return Score(name, entities, mine == theirs, difference)


def _errors(expected: dict[int, list[float]], ours: dict[int, list[float]]) -> tuple[float, float, float]:
    position = heading = 0.0
    first = -1.0
    for time, row in expected.items():
        own = ours.get(time)
        if own is None:
            return float("inf"), float("inf"), time / 1000
        p = hypot(*(a - b for a, b in zip(own[:3], row[:3])))
        h = degrees(abs((own[3] - row[3] + pi) % (2 * pi) - pi))
        if first < 0 and (p > POSITION_M or h > HEADING_DEG):
            first = time / 1000
        position, heading = max(position, p), max(heading, h)
    return position, heading, first
