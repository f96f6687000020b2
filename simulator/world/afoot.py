"""People and animals by chance: on pavements and beside roads that have none, walking, standing or sitting."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.motion import Motion, OnFoot
from simulator.numerics.rng import generator
from simulator.scenario.family import member
from simulator.scene import Model
from simulator.traffic.person import Being
from simulator.world.near import NEAR_M, Near, one_of
from simulator.world.walks import Walks

Array = NDArray[np.float64]

LEASHED = {"dog": 0.55, "cat": 0.2, "bird": 0.25}
ON_FOOT = {"pedestrian": 0.80, "child": 0.15, "runner": 0.04, "wheelchair": 0.01}
CROSSERS = 0.35  # share of those who walk, who are about to cross where there are crossings
# Share of those who walk that cross anywhere, and how often: a drive shows but a few seconds of a day.
JAYWALKERS, STRAYS_HZ = 0.15, 1.0 / 6.0
RUNNING = 0.12  # share of the children who do not stand or sit (by choice)
APART_M = 0.3  # between those who set out
NARROWEST_M, WIDEST_M = 0.2, 0.42  # radius of people, with what they carry
SITTING = 0.3  # share of those who do not walk
UMBRELLAS = 0.55  # share of adults who carry one in the rain
IN_PAIRS, BENCH_MATES_M = 0.4, 0.55  # of those who sit; between them
GRAZING = {"cow": 0.5, "sheep": 0.3, "horse": 0.2}
GRAZES = 0.6  # share of them that do so; of the others half stand (by choice)
STROLL_MPS = 1.0  # of animals that nothing hurries


class Afoot:
    """People and animals, and the ways on which they are put.

    Attributes:
        near: what lies near the ego's way.
    """

    def __init__(self, near: Near) -> None:
        self.near = near

    def people(self) -> None:
        """People who walk, stand or sit on pavements and beside roads that have none, else on the verge."""
        numbers = iter(range(self.near.scenario.traffic.pedestrians))
        for n in numbers:
            rng = generator(self.near.seed, "person", n)
            kind = one_of(ON_FOOT, rng)
            walks = bool(rng.random() < 0.8)
            cls: Any = member("actors", kind)
            haste = float(np.clip(rng.normal(1.0, 0.15), 0.5, 1.5))
            if kind in ("pedestrian", "child"):
                rains = self.near.rains
                pose = "walking" if walks else "sitting" if rng.random() < SITTING and not rains else "standing"
                held = {}
                umbrella = generator(self.near.seed, "umbrella", n).random() < UMBRELLAS
                if rains and umbrella and "carries" in cls.model_fields:
                    held["carries"] = "umbrella"
                actor = cls(pose=pose, seat="bench", **held)
            else:
                walks = True
                actor = cls()
            if getattr(actor, "pose", "") == "sitting":
                if self._sit(actor, rng, f"person-{n}", mate=n + 1 < self.near.scenario.traffic.pedestrians):
                    next(numbers)
                continue
            pace = 0.0
            if walks:
                actor = actor.drawn(rng)
                runs = kind == "child" and generator(self.near.seed, "runs", n).random() < RUNNING
                pace = haste * (actor.running_mps if runs else actor.usual_mps)
                if "pace_mps" in cls.model_fields:
                    actor = actor.model_copy(update={"pace_mps": pace})
            if walks and len(self._walks.starts):
                self._stroll(self.near.models(actor, rng), kind, pace, rng, f"person-{n}")
                continue
            way = self._way(pace, rng)
            if way is not None:
                self._walk(actor, pace, way, rng, f"person-{n}")

    def _stroll(self, models: list[Model], kind: str, pace: float, rng: np.random.Generator, name: str) -> None:
        """Let somebody walk about near the ego's path, over its streets too."""
        walks = self._walks
        sets_out = np.stack([np.arange(len(walks.starts)), rng.integers(2, size=len(walks.starts))], axis=1)
        options = np.column_stack([sets_out, np.full(len(sets_out), -1)])
        if rng.random() < CROSSERS and len(walks.approaches):
            options = walks.approaches
        position = walks.positions[options[:, 0]]
        radius = float(np.clip(models[0].bounds[1, 1], NARROWEST_M, WIDEST_M))
        weight = self._likely_starts[options[:, 0]]
        jaywalks = bool(rng.random() < JAYWALKERS)
        side = float(rng.uniform(-1.0, 0.2))  # most keep to the right
        for _ in range(25):
            k = self.near.draw(rng, position, weight, 0.0)
            if k is None:
                return
            start, forward, crosses = options[k].tolist()
            being = Being.CHILD if kind == "child" else Being.ADULT
            who = OnFoot(
                being,
                int(walks.starts[start]),
                bool(forward),
                side,
                pace,
                radius,
                crosses,
                STRAYS_HZ if jaywalks and crosses < 0 else 0.0,
            )
            line = walks.line(who)
            if self.near.cast.free(line[0, 0], line[0, 1], radius + APART_M):
                break
            weight = weight.copy()
            weight[k] = 0.0
        else:
            return
        line[:, 2] = self.near.cast.builder.ground_height(line)
        ahead = line[1] - line[0]
        heading = float(np.arctan2(ahead[1], ahead[0]))
        row = self.near.cast.add(self.near.detailed(models, line[:1]), line[0], (0.0, 0.0, heading), name=name)
        self.near.cast.stroll(row, line, who)

    @cached_property
    def _likely_starts(self) -> Array:
        """How likely people set out from each of the starts of the walks."""
        return self.near.likely(self._walks.positions)

    def _walk(self, actor: Any, pace: float, way: Array, rng: np.random.Generator, name: str) -> None:
        """Let somebody walk along a way, or stand at its start and look anywhere."""
        models = self.near.detailed(self.near.models(actor, rng), way)
        way[:, 2] = self.near.cast.builder.ground_height(way)
        toward = way[1] - way[0] if pace else rng.normal(size=2)
        heading = float(np.arctan2(toward[1], toward[0]))
        row = self.near.cast.add(models, way[0], (0.0, 0.0, heading), name=name)
        if pace:
            self.near.cast.follow(Motion(row, way, pace, 2.0, initial_speed_mps=pace))
        else:
            self.near.cast.idle.append(row)

    def _sit(self, actor: Any, rng: np.random.Generator, name: str, *, mate: bool) -> bool:
        """A bench at the back of a pavement that faces the street, or on a verge; returns whether a mate sits on it."""
        way = self._way(0.0, rng, at_back=True)
        if way is None:
            return False
        toward = self.near.path_xy[self.near.beside(way[:1])[1][0]] - way[0, :2]
        along = (way[1, :2] - way[0, :2]) / np.hypot(*(way[1, :2] - way[0, :2]))
        facing = toward - (toward @ along) * along  # square to the pavement
        heading = float(np.arctan2(facing[1], facing[0]))
        beside = BENCH_MATES_M * np.array([-np.sin(heading), np.cos(heading), 0.0])
        mate = mate and bool(rng.random() < IN_PAIRS)
        for number in range(1 + mate):
            place = way[:1] + number * beside
            place[:, 2] = self.near.cast.builder.ground_height(place)
            models = self.near.models(actor, rng)[: 1 if number else None]  # the bench of the first holds both
            self.near.cast.add(models, place[0], (0.0, 0.0, heading), name=name + ("-mate" if number else ""))
        return mate

    @cached_property
    def _walks(self) -> Walks:
        return Walks(self.near.roads.walkways)

    def _way(
        self, pace_mps: float, rng: np.random.Generator, *, paved: bool = False, at_back: bool = False
    ) -> Array | None:
        """(K, 3) a way on foot near the ego's path, long enough for the drive, or None.

        Args:
            pace_mps: of who walks there. rng: for all that is drawn.
            paved: only on a pavement.
            at_back: on the side of the pavement that is away from the street; else on the right, so that people pass.
        """
        walks, length = self._walks, pace_mps * self.near.scenario.duration_s + 2.0
        if len(walks.starts):
            position = walks.positions
            weight = np.where(paved & ~walks.paved, 0.0, self.near.likely(position))
            k = self.near.draw(rng, position, weight, 0.6)
            if k is not None:
                forward, share = bool(rng.random() < 0.5), -float(rng.uniform(0.4, 1.0))
                if at_back:
                    away = position[k, :2] - self.near.path_xy[self.near.beside(position[k : k + 1])[1][0]]
                    left = np.array([-np.sin(walks.headings[k]), np.cos(walks.headings[k])])
                    share = float(np.sign(away @ left)) * (1.0 if forward else -1.0)
                way = walks.way(k, forward=forward, share=share, length_m=length, rng=rng)
                return way if len(way) > 1 else None
        return None if paved or self._on_motorway else self._verge(length, rng)

    @property
    def _on_motorway(self) -> bool:
        """Whether the ego sets out on a motorway, beside which nobody may walk."""
        types = self.near.network.roads[self.near.route.path.keys[0].road].types
        return bool(types) and types[0].type == "motorway"

    def _verge(self, length_m: float, rng: np.random.Generator) -> Array | None:
        """A straight way beside the ego's road, off the lanes where it begins."""
        path = self.near.route.path
        for _ in range(20):
            s = rng.uniform(min(12.0, 0.5 * path.length), min(90.0, path.length))
            side = float(rng.choice([-1.0, 1.0])) * (
                float(np.interp(s, path.s, path.width)) / 2 + rng.uniform(0.9, 9.0)
            )
            position, rpy = path.at(np.array([s]), side)
            located = self.near.network.locate(position[:, :2])
            if located.distance[0] > 0.6 and self.near.cast.free(position[0, 0], position[0, 1], 0.6):
                heading = float(rpy[0, 2]) + (np.pi if rng.random() < 0.5 else 0.0)
                along = np.arange(0.0, length_m + 1.0)
                return np.asarray(position[0] + np.outer(along, [np.cos(heading), np.sin(heading), 0.0]))
        return None

    def animals(self) -> None:
        """Dogs, cats and birds on pavements; grazing animals off the road where there are none."""
        paved = bool(np.any(self.near.beside(self._walks.positions)[0][self._walks.paved] < NEAR_M))
        for n in range(self.near.scenario.traffic.animals):
            rng = generator(self.near.seed, "animal", n)
            kind = one_of(LEASHED if paved else GRAZING, rng)
            does = float(generator(self.near.seed, "grazes", n).random())
            pose = "walking" if paved or does > 0.5 * (1 + GRAZES) else "grazing" if does < GRAZES else "standing"
            cls: Any = member("actors", kind)
            pace = STROLL_MPS if pose == "walking" else 0.0
            reach = pace * self.near.scenario.duration_s + 2.0
            way = self._way(pace, rng, paved=True) if paved else self._verge(reach, rng)
            if way is not None:
                self._walk(cls(pose=pose), pace, way, rng, f"animal-{n}")
