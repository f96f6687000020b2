"""Whether two drives are the same, and if not, at which time, at which actor and by how much they depart first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drives.drive import SAME_S, Drive, Track
from simulator.numerics.se3 import wrap_angle

Array = NDArray[np.float64]


class Tolerance(NamedTuple):
    """Differences up to which two drives are the same."""

    position_m: float = 0.01
    angle_deg: float = 0.1
    speed_mps: float = 0.05


class Departure(NamedTuple):
    """Where one actor departs.

    Attributes:
        t: s. what: "position" (m), "heading", "pitch", "roll" (deg), "speed" (m/s), "missing" (of the second drive) or
            "extra" (in the second drive); amount: the difference, 0 for the last two.
    """

    t: float
    actor: str
    what: str
    amount: float

    def __str__(self) -> str:
        match self.what:
            case "missing":
                return f"{self.actor} is missing"
            case "extra":
                return f"{self.actor} is there and should not be"
            case "position":
                return f"{self.actor} is {self.amount:.4g} m away"
            case "speed":
                return f"{self.actor} differs by {self.amount:.4g} m/s in speed"
        return f"{self.actor} differs by {self.amount:.4g} deg in {self.what}"


class Largest(NamedTuple):
    """The largest difference of one kind and its time in s."""

    amount: float
    t: float


@dataclass(frozen=True)
class ActorDivergence:
    """How one actor differs. `compared` is at how many times; `first` is None where it is the same throughout."""

    actor: str
    compared: int
    first: Departure | None
    position_m: Largest
    angle_deg: Largest
    speed_mps: Largest


@dataclass(frozen=True)
class Divergence:
    """How a drive differs from a reference; true if it does.

    Attributes:
        actors: of both drives, in the order of the reference.
        ends: the last times of the reference and of the other drive in s.
    """

    actors: tuple[ActorDivergence, ...]
    ends: tuple[float, float]

    @property
    def first(self) -> Departure | None:
        """The earliest departure; None where the drives are the same."""
        found = [each.first for each in self.actors if each.first is not None]
        return min(found, key=lambda departure: departure.t, default=None)

    def __bool__(self) -> bool:
        return self.first is not None

    def __str__(self) -> str:
        """One line: the first departure, or the largest difference."""
        if self.first is not None:
            ended = min(self.ends)
            shorter = self.first.t > ended + SAME_S
            ends = f"; one ends at {ended:.3f} s, the other at {max(self.ends):.3f} s" if shorter else ""
            return f"depart at {self.first.t:.3f} s: {self.first}{ends}"
        worst = max(self.actors, key=lambda each: each.position_m.amount, default=None)
        rows = sum(each.compared for each in self.actors)
        largest = "" if worst is None else f", at most {worst.position_m.amount:.2g} m apart ({worst.actor})"
        return f"agree: {len(self.actors)} actors at {rows} times{largest}"

    def table(self) -> str:
        """All actors, a line each: since when they depart and the largest differences with their times."""
        head = ("actor", "times", "departs at", "position m", "at s", "angle deg", "at s", "speed m/s", "at s")
        lines: list[tuple[str, ...]] = [head]
        for each in self.actors:
            since = "-" if each.first is None else f"{each.first.t:.3f}"
            values: list[str] = []
            for largest in (each.position_m, each.angle_deg, each.speed_mps):
                values += [f"{largest.amount:.4f}", f"{largest.t:.3f}"] if each.compared else ["-", "-"]
            lines.append((each.actor, str(each.compared), since, *values))
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        return "\n".join(
            "  ".join([f"{line[0]:<{widths[0]}}", *(f"{text:>{width}}" for text, width in zip(line[1:], widths[1:]))])
            for line in lines
        )


def diverge(reference: Drive, other: Drive, tolerance: Tolerance | None = None) -> Divergence:
    """Compare a drive with a reference at all times of both, actor by actor.

    Where one has no row at a time of the other its pose is interpolated between its rows, if it was there. An actor
    that is in only one of them at a time departs there; drives of different steps may end a step apart. Heights count
    only where both know theirs.
    """
    names = dict.fromkeys((*reference.tracks, *other.tracks))
    compared = (not reference.has_heights or not other.has_heights, tolerance or Tolerance())
    actors = tuple(_actor(name, reference.tracks.get(name), other.tracks.get(name), *compared) for name in names)
    return Divergence(actors, (reference.end, other.end))


def _slack(a: Track, b: Track) -> float:
    """How much earlier one may end because its steps are longer."""
    alike = not a.step or not b.step or math.isclose(a.step, b.step, rel_tol=0.01, abs_tol=SAME_S)
    return 0.0 if alike else max(a.step, b.step) + SAME_S


_NONE = Largest(0.0, 0.0)


def _actor(name: str, a: Track | None, b: Track | None, flat: bool, tolerance: Tolerance) -> ActorDivergence:
    if a is None or b is None:
        only = a or b
        assert only is not None
        departure = Departure(float(only.t[0]), name, "extra" if a is None else "missing", 0.0)
        return ActorDivergence(name, 0, departure, _NONE, _NONE, _NONE)
    slack = _slack(a, b)
    there, poses, speed = b.at(a.t)
    found = _lost(a.t, there, b, slack, name, "missing")
    back, _, _ = a.at(b.t)
    found += _lost(b.t, back, a, slack, name, "extra")
    t = a.t[there]
    change = poses[there] - a.poses[there]
    distance = np.linalg.norm(change[:, : 2 if flat else 3], axis=1)
    angles = np.degrees(np.abs(wrap_angle(change[:, 3:])))
    speeds = np.abs(speed[there] - a.speed[there])
    kinds = [("position", distance, tolerance.position_m), ("heading", angles[:, 0], tolerance.angle_deg)]
    if not flat:
        kinds += [("pitch", angles[:, 1], tolerance.angle_deg), ("roll", angles[:, 2], tolerance.angle_deg)]
    kinds.append(("speed", speeds, tolerance.speed_mps))
    for what, values, most in kinds:
        beyond = np.flatnonzero(values > most)
        if len(beyond):
            found.append(Departure(float(t[beyond[0]]), name, what, float(values[beyond[0]])))
    turned = angles[:, : 1 if flat else 3].max(axis=1)
    first = min(found, key=lambda departure: departure.t, default=None)
    return ActorDivergence(name, len(t), first, *(_largest(values, t) for values in (distance, turned, speeds)))


def _lost(t: Array, there: NDArray[np.bool_], track: Track, slack: float, name: str, what: str) -> list[Departure]:
    """The first time at which a track should be there and is not."""
    gone = ~there & ~((t < track.t[0]) & (t > track.t[0] - slack)) & ~((t > track.t[-1]) & (t < track.t[-1] + slack))
    first = np.flatnonzero(gone)[:1]
    return [Departure(float(t[k]), name, what, 0.0) for k in first]


def _largest(values: Array, t: Array) -> Largest:
    if not len(values):
        return _NONE
    k = int(values.argmax())
    return Largest(float(values[k]), float(t[k]))
