"""How four legs go: walk, trot and gallop with hooves that hold the ground, and how they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from simulator.actors.gait import PHASES, froude
from simulator.actors.shape import F64
from simulator.actors.skeleton import Pose, Segment, aim, fade, following, reach, turn
from simulator.numerics import se3

LEGS = ("hl", "fl", "hr", "fr")
SLIDE = 0.3  # of the way of a foot that its shoulder blade or hip makes
# Froude numbers above which they trot (horses of all sizes: Griffin, Kram, Wickler and Hoyt, Journal of Experimental
# Biology 207, 2004) and above which they gallop (Alexander and Jayes, Journal of Zoology 201, 1983), at first in three
# beats (by choice).
TROT_FROUDE, CANTER_FROUDE, GALLOP_FROUDE = 0.35, 2.5, 4.0


@dataclass(frozen=True, slots=True)
class Pace:
    """A way of going on four legs; phases are shares of the cycle.

    Attributes:
        duty: share of the cycle for which a foot is on the ground.
        late: when each of LEGS is set down (Hildebrand, Symmetrical gaits of horses, Science 150, 1965, and Analysis
            of asymmetrical gaits, Journal of Mammalogy 58, 1977).
        bounce: half of the way up and down, twice a cycle, as a share of the withers; once if `rocks`.
        rocks: half of the angle by which the trunk pitches, rad.
        lift: how high feet are lifted, as a share of the withers.
    """

    duty: float
    late: tuple[float, float, float, float]
    bounce: float
    rocks: float
    lift: float


WALK = Pace(0.64, (0.0, 0.22, 0.5, 0.72), 0.006, 0.0, 0.055)
TROT = Pace(0.42, (0.0, 0.5, 0.5, 0.0), -0.018, 0.0, 0.10)
CANTER = Pace(0.38, (0.0, 0.27, 0.25, 0.52), 0.02, 0.06, 0.12)
# Both forefeet follow the hind feet's order and the body floats once (horses, cattle), or the reverse order, and it
# floats with legs stretched, too (Bertram and Gutmann, Journal of the Royal Society Interface 6, 2009). The faster, the
# shorter they stand: fitted to Parsons, Pfau and Wilson, Journal of Experimental Biology 211, 2008.
TRANSVERSE = Pace(0.28, (0.0, 0.34, 0.12, 0.47), 0.02, 0.09, 0.16)
ROTARY = Pace(0.27, (0.0, 0.54, 0.10, 0.44), 0.02, 0.10, 0.16)


def pace_of(hip_m: float, pace_mps: float, rotary: bool, follows: float) -> Pace:
    """How an animal with hips at `hip_m` goes at `pace_mps`.

    Args:
        hip_m, pace_mps: see above.
        rotary: which gallop it has.
        follows: when a forefoot is set down in a walk, after the hind foot of its side, as a share of the cycle.
    """
    rate = froude(hip_m, pace_mps)
    if rate < TROT_FROUDE:
        return replace(WALK, late=(0.0, follows, 0.5, 0.5 + follows))
    if rate < CANTER_FROUDE:
        return TROT
    if rate < GALLOP_FROUDE and not rotary:
        return CANTER
    return replace(ROTARY if rotary else TRANSVERSE, duty=0.40 * rate**-0.19)


def going(
    segments: Sequence[Segment],
    withers: float,
    hoof: float,
    stride: float,
    pace: Pace,
    start: float,
    tail_rad: float = 0.0,
) -> Pose:
    """Cycle of an animal that goes with strides of `stride` metres, begun at phase `start`, its tail raised."""
    at = {segment.name: np.array(segment.pivot) for segment in segments}
    cycle = np.arange(PHASES) / PHASES + start
    wave = 2 * np.pi * cycle
    trunk = turn(pitch=pace.rocks * np.sin(wave - 0.6))
    turns = 1 if pace.rocks else 2
    heave = pace.bounce * withers * np.cos(turns * (wave - np.pi * pace.duty))
    steps = {leg: _footfall(pace, stride, hoof, withers, (cycle - late) % 1.0) for leg, late in zip(LEGS, pace.late)}
    pivots = {leg: at["trunk"] + trunk @ (at[f"upper_{leg}"] - at["trunk"]) for leg in LEGS}
    height = heave - abs(pace.bounce) * withers
    root = np.stack([0 * height, 0 * height, height], 1)
    rotation, shifts = {"trunk": trunk}, {}
    for leg in LEGS:
        x, z, pitch = steps[leg]
        target = at[f"foot_{leg}"] + np.stack([x, 0 * x, z], 1)
        top = pivots[leg] + root
        # Shoulder blade and pelvis go along with the leg, and give where it cannot reach.
        slide = np.stack([SLIDE * x, 0 * x, 0 * x], 1)
        away = target[:, 0] - top[:, 0] - slide[:, 0]
        reach_m = np.sqrt(np.maximum((0.997 * sum(_lengths(at, leg))) ** 2 - away**2, 0.0))
        slide[:, 2] = np.minimum(target[:, 2] + reach_m - top[:, 2], 0.0)
        rotation |= _leg(at, leg, top + slide, target, turn(pitch=pitch))
        shifts[f"upper_{leg}"] = np.einsum("pji,pj->pi", trunk, slide)
    nod = 0.04 * np.cos(2 * wave - 0.8) if pace.duty > 0.5 else 0.5 * pace.rocks * np.sin(wave)
    local = following(rotation, {s.name: s.parent for s in segments})
    # The tail swings with the haunches, its end after it.
    swings = {
        "neck": turn(pitch=nod),
        "tail": turn(yaw=0.12 * np.sin(wave), pitch=tail_rad + 0.05 * np.sin(turns * wave)),
        "tail_end": turn(yaw=0.20 * np.sin(wave - 1.2), pitch=0.10 * np.sin(turns * wave - 1.2)),
    }
    return Pose(se3.from_rotation(np.eye(3), root), local | swings, shifts)


def standing(segments: Sequence[Segment], withers: float, rng: np.random.Generator) -> Pose:
    """An animal at rest: no two feet stand quite alike."""
    at = {segment.name: np.array(segment.pivot) for segment in segments}
    rotation = {"trunk": turn()}
    root = np.array([0.0, 0.0, -0.012 * withers])
    for leg in LEGS:
        target = at[f"foot_{leg}"] + np.array([float(rng.uniform(-0.08, 0.08)) * withers, 0.0, 0.0])
        rotation |= _leg(at, leg, at[f"upper_{leg}"] + root, target, turn())
    local = following(rotation, {s.name: s.parent for s in segments})
    return Pose(se3.from_rotation(np.eye(3), root), local | {"tail": turn(yaw=float(rng.uniform(-0.2, 0.2)))})


def watching(pose: Pose, yaw: ArrayLike, pitch: float) -> Pose:
    """The pose with the head turned to `yaw` ([P,] rad, to the left), by half in the neck, and lowered by `pitch`."""
    looks = {"neck": turn(yaw=0.45 * np.asarray(yaw)), "head": turn(yaw=0.55 * np.asarray(yaw), pitch=pitch)}
    return replace(pose, turns={**pose.turns, **looks})


def _footfall(pace: Pace, stride: float, hoof: float, withers: float, phase: F64) -> tuple[F64, F64, F64]:
    """How far the fetlock is before and above where it rests, and the pitch of the foot (ISO), for phases in [0, 1).

    On the ground the foot lies flat, then rolls over its toe, which stays.
    """
    height, toe = 0.09 * withers, 1.0 * hoof
    swings = fade(phase, pace.duty, 1.0)
    rolled = 0.85 * fade(phase, 0.62 * pace.duty, pace.duty)  # at which it leaves the ground, rad
    pitch = np.where(
        phase <= pace.duty, rolled, 0.85 * (1 - fade(swings, 0.35, 0.85)) + 0.5 * np.sin(np.pi * swings) ** 2
    )
    back, up = _rolled(toe, height, np.minimum(pitch, 0.85))
    ground = stride * (0.5 * pace.duty - phase)
    x_off, z_off = _rolled(toe, height, np.array(0.85))
    leaves, lands = x_off - 0.5 * stride * pace.duty, 0.5 * stride * pace.duty
    share = np.clip((phase - pace.duty) / (1 - pace.duty), 0, 1)
    # It leaves and meets the ground at the ground's speed: a cubic with those slopes.
    slope = -stride * (1 - pace.duty)
    h00, h10 = 2 * share**3 - 3 * share**2 + 1, share**3 - 2 * share**2 + share
    h01, h11 = -2 * share**3 + 3 * share**2, share**3 - share**2
    free_x = h00 * leaves + h10 * slope + h01 * lands + h11 * slope
    free_z = z_off * (1 - fade(share, 0.0, 0.7)) + pace.lift * withers * np.sin(np.pi * share) ** 1.5
    # Toes are clear of the ground while they swing.
    free_z = np.maximum(free_z, _rolled(toe, height, pitch)[1] + 0.4 * pace.lift * withers * np.sin(np.pi * share))
    carries = phase <= pace.duty
    return np.where(carries, ground + back, free_x), np.where(carries, up, free_z), pitch


def _rolled(toe: float, height: float, pitch: F64) -> tuple[F64, F64]:
    """Shift forward and up of a fetlock at `height`, `toe` behind the tip about which the foot has turned."""
    return (
        toe - toe * np.cos(pitch) + height * np.sin(pitch),
        toe * np.sin(pitch) + height * np.cos(pitch) - height,
    )


def _lengths(at: dict[str, F64], leg: str) -> tuple[float, float]:
    top, knee, foot = (at[f"{part}_{leg}"] for part in ("upper", "lower", "foot"))
    return float(np.linalg.norm(knee - top)), float(np.linalg.norm(foot - knee))


def _leg(at: dict[str, F64], leg: str, top: F64, target: F64, foot: F64) -> dict[str, F64]:
    """Rotations of a leg that hangs at `top` ([P,] 3) and brings its fetlock to `target` ([P,] 3)."""
    hind = leg[0] == "h"
    upper, lower = reach(top, target, _lengths(at, leg), (-1.0 if hind else 1.0, 0.0, 0.0), -1.0 if hind else 1.0)
    side = np.array([0.0, 1.0, 0.0])
    rest = [
        aim(way / np.linalg.norm(way), side)
        for way in (at[f"lower_{leg}"] - at[f"upper_{leg}"], at[f"foot_{leg}"] - at[f"lower_{leg}"])
    ]
    return {f"upper_{leg}": upper @ rest[0].T, f"lower_{leg}": lower @ rest[1].T, f"foot_{leg}": foot}
