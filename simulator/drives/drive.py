"""A recorded drive: the tracks of its actors, from a run, for a run, and between their rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.drives.categories import described_as, entity_of
from simulator.errors import InputError, did_you_mean
from simulator.numerics.se3 import wrap_angle
from simulator.roads import RoadNetwork
from simulator.storyboard import model
from simulator.storyboard.recording import Recording, Row
from simulator.storyboard.rotation import wrap

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Box = tuple[float, float, float]

SAME_S, SAME_STEPS = 1.1e-3, 0.4  # times that differ by less than both are the same: tables have milliseconds
BRIDGED_S, BRIDGED_STEPS = 0.5, 2.5  # an actor without a row for longer than both was away in between
MAX_STEPS = 1_000_000
MAX_ROWS = 20_000_000


@dataclass(frozen=True, eq=False)
class Track:
    """Where one actor was.

    Attributes:
        category: what it is, in the words of OpenSCENARIO (car, pedestrian, obstacle ...).
        size, center: length, width, height of its box, and the box's middle in the actor's frame, m.
        t: (T,) s, increasing. poses: (T, 6) x, y, z, heading, pitch, roll of its frame in the world, m and rad.
        speed: (T,) m/s, negative when it goes backwards.
    """

    name: str
    category: str
    size: Box
    center: Box
    t: Array
    poses: Array
    speed: Array

    @property
    def step(self) -> float:
        """The usual time between rows in s; 0 for a single row."""
        return float(np.median(np.diff(self.t))) if len(self.t) > 1 else 0.0

    @property
    def same_s(self) -> float:
        """Times that differ from a row's by no more are that row's."""
        return min(SAME_S, SAME_STEPS * self.step) if len(self.t) > 1 else SAME_S

    @property
    def bridged_s(self) -> float:
        """The longest time without a row in which it still was there."""
        return max(BRIDGED_S, BRIDGED_STEPS * self.step)

    def at(self, times: ArrayLike) -> tuple[NDArray[np.bool_], Array, Array]:
        """Whether it is there (N,), its poses (N, 6) and its speeds (N,) at times (N,).

        Rows of these times are given as they are; in between positions, angles (the short way round) and speeds are
        linear in time.
        """
        times = np.asarray(times, np.float64)
        after = np.clip(np.searchsorted(self.t, times), 1, max(len(self.t) - 1, 1))
        i, j = after - 1, np.minimum(after, len(self.t) - 1)
        span, same = self.t[j] - self.t[i], self.same_s
        w = np.clip((times - self.t[i]) / np.where(span > 0, span, 1.0), 0.0, 1.0)
        w = np.where(np.abs(times - self.t[i]) <= same, 0.0, np.where(np.abs(times - self.t[j]) <= same, 1.0, w))
        on_row = (w == 0.0) | (w == 1.0)
        there = (times >= self.t[0] - same) & (times <= self.t[-1] + same) & (on_row | (span <= self.bridged_s))
        change = self.poses[j] - self.poses[i]
        change[:, 3:] = wrap_angle(change[:, 3:])
        poses = np.where((w == 1.0)[:, None], self.poses[j], self.poses[i] + w[:, None] * change)
        return there, poses, self.speed[i] + w * (self.speed[j] - self.speed[i])


@dataclass(frozen=True, eq=False)
class Drive:
    """A recorded drive.

    Attributes:
        tracks: of the actors by name, in the order in which they appear.
        ego: the actor that carries the sensors; "" if there is none.
        source: the file it is from.
        about: what it is, in a sentence.
        has_heights: whether z is known; otherwise all z are 0.
        facts: how a run was made (scenario, seed, dt, versions ...); empty for what was not ours.
        warnings: what was ignored, assumed or guessed.
    """

    tracks: dict[str, Track]
    ego: str = ""
    source: str = ""
    about: str = ""
    has_heights: bool = True
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def start(self) -> float:
        """The first time, s."""
        return min((float(track.t[0]) for track in self.tracks.values()), default=0.0)

    @property
    def end(self) -> float:
        """The last time, s."""
        return max((float(track.t[-1]) for track in self.tracks.values()), default=0.0)

    @property
    def dt(self) -> float:
        """The usual step of the ego (or else the longest track) in s; 0.05 where it has a single row."""
        tracks = self.tracks.values()
        track = self.tracks.get(self.ego) or max(tracks, key=lambda each: len(each.t), default=None)
        if track is None or len(track.t) < 2:
            return 0.05
        steps = np.diff(track.t)
        mean, usual = float(steps.mean()), float(np.median(steps))
        even = np.abs(steps - mean).max() < SAME_S  # rounded to the millisecond: the mean is nearer to the truth
        return round(mean if even else usual, 6)

    def led_by(self, ego: str) -> Drive:
        """The drive with another actor as its ego. Raises InputError where there is none of that name."""
        if ego not in self.tracks:
            names = ", ".join(list(self.tracks)[:12]) + (" ..." if len(self.tracks) > 12 else "")
            raise InputError(
                f'has no actor "{ego}".{did_you_mean(ego, self.tracks)} It has {names}', source=self.source, key="ego"
            )
        return replace(self, ego=ego)

    def on(self, network: RoadNetwork) -> Drive:
        """The drive with the heights of a map's roads where its own are not known."""
        if self.has_heights:
            return self
        tracks, roads = {}, list(network.roads.values())
        for name, track in self.tracks.items():
            place = network.locate(track.poses[:, :2])
            poses = track.poses.copy()
            for number in np.unique(place.road):
                mine = place.road == number
                poses[mine, 2] = roads[number].point(place.s[mine], place.t[mine], None)[:, 2]
            tracks[name] = replace(track, poses=poses)
        return replace(self, tracks=tracks, has_heights=True)

    def recording(self, dt: float | None = None, until: float | None = None) -> Recording:
        """The drive as a run in steps of `dt` s (default: its own), at most `until` s from its start.

        Raises:
            InputError: it has no actors, or too many steps.
        """
        if not self.tracks:
            raise InputError("has no actors", source=self.source)
        dt = self.dt if dt is None else dt
        length = self.end - self.start if until is None else min(until, self.end - self.start)
        steps = int((length + SAME_S) / dt) + 1
        if steps > MAX_STEPS or steps * len(self.tracks) > MAX_ROWS:
            raise InputError(
                f"{length:g} s in steps of {dt:g} s are {steps} steps of {len(self.tracks)} actors; "
                f"at most {MAX_STEPS} steps and {MAX_ROWS} rows can be played",
                source=self.source,
            )
        times = self.start + dt * np.arange(steps)
        recording = Recording(dt, ego=self.ego)
        columns = []
        for number, track in enumerate(self.tracks.values()):
            there, poses, speed = track.at(times)
            if there.any():
                recording.entities[track.name] = entity_of(track.name, track.category, track.size, track.center)
            step = np.flatnonzero(there)
            columns.append(np.column_stack([step, np.full(len(step), number), poses[step], speed[step]]))
        table, names = np.concatenate(columns), list(self.tracks)
        table = table[np.lexsort((table[:, 1], table[:, 0]))]
        for step, number, x, y, z, h, p, r, speed in table.tolist():
            at = float(times[int(step)])
            row = Row(at, names[int(number)], x, y, z, wrap(h), wrap(p), wrap(r), speed, None, 0, 0.0, 0.0, 0.0)
            recording.table.append(row)
        return recording

    @staticmethod
    def of(recording: Recording, **more: Any) -> Drive:
        """A run as a drive; `more` are attributes such as `facts`."""
        rows: dict[str, list[Row]] = {}
        for row in recording.table:
            rows.setdefault(row.name, []).append(row)
        tracks = {}
        for name, mine in rows.items():
            table = np.array([(row.t, *row[2:9]) for row in mine], np.float64)
            category, size, center = _described(recording.entities[name])
            tracks[name] = Track(name, category, size, center, table[:, 0], table[:, 1:7], table[:, 7])
        return Drive(tracks, recording.ego, **more)


def _described(entity: model.EntityObject) -> tuple[str, Box, Box]:
    """Category, size and centre of an entity."""
    if isinstance(entity, model.ExternalObjectReference):
        return "none", (1.0, 1.0, 1.0), (0.0, 0.0, 0.5)
    box = entity.bounding_box
    return described_as(entity), (box.length, box.width, box.height), (box.center_x, box.center_y, box.center_z)
