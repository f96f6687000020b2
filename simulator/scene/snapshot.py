"""State of all objects at one time, and a drive's worth of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.numerics import se3

F64 = NDArray[np.float64]
CAMERAS, OTHER_SENSORS = 1, 2  # bits of `hidden`


@dataclass(frozen=True, slots=True)
class Shine:
    """From a time on, lamps of an object shine otherwise than they were made to; a later one for them replaces it.

    Attributes:
        begin_ns: time. object: id. switch: what turns the lamps on.
        materials: names of the lenses, materials that no other object has.
        lamps: which of the object's lamps, by their order.
        intensity_cd: of the brightest of them along its axis. own_cd: what that is made for.
        color: linear RGB of luminance 1; None: their own.
    """

    begin_ns: int
    object: int
    switch: int
    materials: frozenset[str]
    lamps: tuple[int, ...]
    intensity_cd: float
    own_cd: float
    color: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Swing:
    """A joint that a scenario turns, such as a door's.

    Attributes:
        object: id. joint: which of its joints.
        times_ns: (K,) increasing. angles_rad: (K,) then; in between linear, before and after it rests.
    """

    object: int
    joint: int
    times_ns: NDArray[np.int64]
    angles_rad: F64


@dataclass(frozen=True, eq=False)
class Snapshot:
    """State of the O objects of a scene at `time_ns`; row i is object id i (row 0 is the ground: no object).

    Attributes:
        time_ns: integer nanoseconds since the start of the drive.
        position: (O, 3) metres, world frame.
        rpy: (O, 3) ISO 8855 roll, pitch, yaw.
        velocity: (O, 3) m/s of the object's origin, world frame.
        rpy_rate: (O, 3) rad/s by which `rpy` changes.
        travel_m, steer_rad, gait_rad: (O,) channels that drive joints; for a vehicle that bends, `gait_rad` is the yaw
            of its rear part from the front.
        lamps: (O,) uint32, bit `1 << Switch` set where that switch is on.
        hidden: (O,) uint8, from whom it is hidden, bits `CAMERAS` and `OTHER_SENSORS`; None: nothing is.
        shines: lamps that shine otherwise than they were made to.
        swings: joints that a scenario turns: object, joint of the object, rad.
    """

    time_ns: int
    position: F64
    rpy: F64
    velocity: F64
    rpy_rate: F64
    travel_m: F64
    steer_rad: F64
    gait_rad: F64
    lamps: NDArray[np.uint32]
    hidden: NDArray[np.uint8] | None = None
    shines: tuple[Shine, ...] = ()
    swings: tuple[tuple[int, int, float], ...] = ()

    @property
    def speed_mps(self) -> F64:
        """(O,) speeds over the ground."""
        return np.asarray(np.hypot(self.velocity[:, 0], self.velocity[:, 1]))

    @cached_property
    def world_SE3_object(self) -> F64:
        """(O, 4, 4) poses; not to be modified."""
        poses = se3.pose(self.position, *self.rpy.T)
        poses.flags.writeable = False
        return poses


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Snapshots of a drive at a fixed step; arrays as in Snapshot with a leading time axis T.

    Attributes:
        times_ns: (T,) int64, equally spaced.
        position ... lamps: (T, M, ...) of the M recorded objects; rates follow from `rpy`.
        hidden: (T, M) as in Snapshot; None: nothing ever is.
        rows: (M,) ids of the recorded objects; None: all objects, M = O.
        rest: state of all O objects at the start, from which the others never depart; None if `rows` is None.
        shines: of lamps, by time. swings: of joints.
    """

    times_ns: NDArray[np.int64]
    position: F64
    rpy: F64
    velocity: F64
    travel_m: F64
    steer_rad: F64
    gait_rad: F64
    lamps: NDArray[np.uint32]
    rows: NDArray[np.int64] | None = None
    rest: Snapshot | None = None
    hidden: NDArray[np.uint8] | None = None
    shines: tuple[Shine, ...] = ()
    swings: tuple[Swing, ...] = ()

    def at(self, time_ns: int) -> Snapshot:
        """State at `time_ns`, linear between steps (angles the short way round), clamped to the recorded span."""
        t = int(np.clip(time_ns, self.times_ns[0], self.times_ns[-1]))
        i = int(np.clip(np.searchsorted(self.times_ns, t, "right") - 1, 0, max(len(self.times_ns) - 2, 0)))
        j = min(i + 1, len(self.times_ns) - 1)
        span = int(self.times_ns[j] - self.times_ns[i])
        w = (t - int(self.times_ns[i])) / span if span else 0.0

        def mix(name: str) -> F64:
            """A column between the two moments, angles by the shorter way."""
            a: F64 = getattr(self, name)
            step = a[j] - a[i]
            mixed = a[i] + w * (se3.wrap_angle(step) if name == "rpy" else step)
            return np.asarray(self._spread(name, mixed))

        return Snapshot(
            int(time_ns),
            mix("position"),
            mix("rpy"),
            mix("velocity"),
            self._spread("rpy_rate", se3.wrap_angle(self.rpy[j] - self.rpy[i]) / max(span * 1e-9, 1e-9)),
            mix("travel_m"),
            mix("steer_rad"),
            mix("gait_rad"),
            self._spread("lamps", self.lamps[i]),
            None if self.hidden is None else self._spread("hidden", self.hidden[i]),
            tuple({(each.object, each.switch): each for each in self.shines if each.begin_ns <= t}.values()),
            tuple((s.object, s.joint, float(np.interp(t, s.times_ns, s.angles_rad))) for s in self.swings),
        )

    def trail(self, snapshot: Snapshot, row: int, back_m: F64) -> F64:
        """(N, 4, 4) world_SE3_object of object `row` when it had gone `back_m` (N,) less than at a snapshot of it.

        Beyond where the drive begins the way goes on straight back.
        """
        column = row if self.rows is None else int(np.flatnonzero(self.rows == row)[0])
        before = int(np.searchsorted(self.times_ns, snapshot.time_ns, "left"))
        gone = np.append(np.maximum.accumulate(self.travel_m[:before, column]), snapshot.travel_m[row])
        state = [
            np.concatenate([values[:before, column], now[None]])
            for values, now in ((self.position, snapshot.position[row]), (self.rpy, snapshot.rpy[row]))
        ]
        state[1] = np.unwrap(state[1], axis=0)
        wanted = gone[-1] - back_m
        position, rpy = (np.stack([np.interp(wanted, gone, axis) for axis in values.T], axis=1) for values in state)
        poses = se3.pose(position, *rpy.T)
        poses[:, :3, 3] -= np.maximum(gone[0] - wanted, 0.0)[:, None] * poses[:, :3, 0]
        return poses

    def _spread(self, name: str, values: Any) -> Any:
        if self.rows is None or self.rest is None:
            return values
        resting = getattr(self.rest, name)
        everything = np.zeros(len(self.rest.lamps), np.uint8) if resting is None else resting.copy()
        everything[self.rows] = values
        return everything
