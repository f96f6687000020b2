"""How people hold themselves and move: walking, running, standing, lying.

Angles of the legs in swing are the mean curves of adults at their natural cadence (Winter, Biomechanics and Motor
Control of Human Movement, 2009) and of runners at 3 m/s (Novacheck, The biomechanics of running, Gait and Posture 7,
1998), read off every few hundredths of the cycle. A foot on the ground stays where it is: it is set down on the heel,
lies flat, and rises over the ball while the toes stay, and the leg reaches for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.spatial.transform import Rotation

from simulator.actors.physique import Physique
from simulator.actors.shape import F64
from simulator.actors.skeleton import Pose, Segment, fade, following, place, reach, skinned, turn
from simulator.data import load_asset
from simulator.numerics import se3
from simulator.numerics.units import GRAVITY_MPS2
from simulator.scene.material import Material

PHASES = 48  # of a cycle
STILL_PHASES = 12  # of the sway of who stands
SIDES = (("l", 1.0, 0.0), ("r", -1.0, 0.5))  # name, sign of y, how far the leg is behind the left one in the cycle
RUN_FROUDE = 1.0  # of adults who run at 3 m/s, see `running_mps`
WALK_RUN_FROUDE = 0.5  # v^2 / (g leg) above which people run (Alexander, Animal Biomechanics, 1989)


def stride_m(hip_m: float, speed_mps: float) -> float:
    """Length of a gait cycle: 2.3 h (v^2 / g h)^0.3 for hips at h, of bipeds and quadrupeds, walking or running.

    Alexander, Estimates of speeds of dinosaurs, Nature 261, 1976.
    """
    return float(2.3 * hip_m * froude(hip_m, speed_mps) ** 0.3)


def striding_m(hip_m: float, speed_mps: float) -> float:
    """Length of a gait cycle of a person: of walkers 2.4 h (v^2 / g h)^0.25, of runners `stride_m`.

    The power is that of a constant ratio of step to cadence (Sekiya and Nagasaki, Gait and Posture 7, 1998), the factor
    fits adults and children of Sutherland, Olshen, Biden and Wyatt, The Development of Mature Walking, 1988.
    """
    similar = froude(hip_m, speed_mps)
    return float(2.4 * hip_m * similar**0.25) if similar <= WALK_RUN_FROUDE else stride_m(hip_m, speed_mps)


def walking_mps(age_years: float, sex: str) -> float:
    """Usual walking speed at an age; its sources are named in `assets/people.yaml`."""
    table = load_asset("people")["walking"]
    return float(np.interp(age_years, table["age"], table[sex]))


def running_mps(hip_m: float) -> float:
    """Usual running speed with hips at a height: dynamically similar to adults at 3 m/s.

    R. M. Alexander and A. S. Jayes, A dynamic similarity hypothesis for the gaits of quadrupedal mammals, Journal of
    Zoology 201, 1983.
    """
    return float(np.sqrt(RUN_FROUDE * GRAVITY_MPS2 * hip_m))


def froude(hip_m: float, speed_mps: float) -> float:
    """Dynamic similarity of gaits: v^2 / (g h)."""
    return speed_mps**2 / (GRAVITY_MPS2 * hip_m)


@dataclass(frozen=True, slots=True)
class Gait:
    """A way of going on two legs; phases are shares of the cycle from one touch-down of a foot to its next.

    Attributes:
        toe_off: phase at which the foot leaves the ground.
        under: phase at which the hips pass over the ankle.
        bounce: half of the way that the hips go up and down twice a cycle, as a share of the stature; negative: they
            are lowest in mid-stance.
        foot: (phase, angle) of the sole in degrees, toes up.
        hip, knee: (phase, flexion) in degrees.
        lift: how high feet are lifted at least, as a share of the stature.
        reach: greatest share of the leg's length that is used on the ground.
        arm, elbow, bend: swing of the arm to both sides, flexion of the elbow, and how much more it is in front, rad.
        lean: of the trunk, rad.
    """

    toe_off: float
    under: float
    bounce: float
    foot: tuple[tuple[float, float], ...]
    hip: tuple[tuple[float, float], ...]
    knee: tuple[tuple[float, float], ...]
    lift: float
    reach: float
    arm: float
    elbow: float
    bend: float
    lean: float


WALK = Gait(
    0.62, 0.250, 0.0135,
    ((0.0, 18), (0.04, 8), (0.08, 0), (0.34, 0), (0.40, -4), (0.45, -11), (0.50, -24), (0.55, -41), (0.60, -60),
     (0.64, -68), (0.68, -68), (0.74, -56), (0.80, -36), (0.87, -8), (0.93, 12), (0.97, 19)),
    ((0.0, 19.5), (0.1, 16.5), (0.2, 10), (0.3, 2), (0.4, -5.5), (0.5, -11), (0.6, -7), (0.7, 7), (0.8, 17.5),
     (0.9, 21.5)),
    ((0.0, 4), (0.07, 13), (0.15, 19), (0.25, 14), (0.35, 8), (0.42, 7), (0.5, 13), (0.6, 39), (0.66, 56), (0.72, 64),
     (0.78, 58), (0.85, 38), (0.92, 13), (0.96, 4)),
    0.012, 0.996, 0.30, 0.22, 0.28, 0.03,
)  # fmt: skip
RUN = Gait(
    0.36, 0.125, -0.022,
    ((0.0, 8), (0.04, 0), (0.16, 0), (0.21, -10), (0.27, -30), (0.33, -54), (0.38, -64), (0.45, -68), (0.55, -66),
     (0.62, -60), (0.70, -46), (0.80, -18), (0.90, 10), (0.95, 13)),
    ((0.0, 34), (0.1, 29), (0.2, 15), (0.3, 0), (0.4, -9), (0.5, 6), (0.6, 30), (0.7, 47), (0.8, 50), (0.9, 42)),
    ((0.0, 16), (0.1, 38), (0.15, 43), (0.22, 38), (0.3, 22), (0.38, 18), (0.46, 42), (0.54, 76), (0.62, 98),
     (0.68, 104), (0.75, 90), (0.84, 54), (0.92, 22)),
    0.032, 0.985, 0.55, 1.50, 0.20, 0.14,
)  # fmt: skip


def _cyclic(points: tuple[tuple[float, float], ...], phase: F64, *, overshoot: bool = True) -> F64:
    """Radians of a periodic curve through (phase, degrees), without overshoot if asked."""
    at, value = np.array(points).T
    phase = phase % 1.0
    if overshoot:
        spline = CubicSpline(np.append(at, 1.0), np.append(value, value[0]), bc_type="periodic")
        return np.asarray(np.radians(spline(phase)))
    around = np.concatenate([at[-2:] - 1.0, at, at[:3] + 1.0]), np.concatenate([value[-2:], value, value[:3]])
    return np.asarray(np.radians(PchipInterpolator(*around)(phase)))


def striding(
    p: Physique,
    gait: Gait,
    stride: float,
    rng: np.random.Generator,
    *,
    stoop: float = 0.0,
    held: Mapping[str, F64] | None = None,
    apart: float = 0.0,
) -> Pose:
    """Cycle of a walker or runner whose feet hold the ground at strides of `stride` metres, begun anywhere.

    `stoop`: forward bend of the trunk in radians; `held`: turns of arms that carry something and do not swing;
    `apart`: how much farther wide clothes hold the arms from the body, rad.
    """
    held = held or {}
    cycle = np.arange(PHASES) / PHASES + float(rng.uniform())
    wave = 2 * np.pi * cycle
    zero = np.zeros(PHASES)
    # The side whose foot is set down goes ahead; the pelvis drops and shifts to where the weight is not.
    pelvis = turn(roll=0.05 * np.sin(wave + 0.3), pitch=0.5 * gait.lean, yaw=-0.07 * np.cos(wave))
    chest = turn(roll=-0.01 * np.sin(wave), pitch=gait.lean + stoop, yaw=0.09 * np.cos(wave))
    if held:
        chest = turn(pitch=zero + stoop)
    face = turn(pitch=0.2 * (gait.lean + stoop), yaw=zero + float(rng.uniform(-0.12, 0.12)))
    # A mean of 9 cm between the lines of both feet; less when running.
    track = p.hip_y * (0.55 if gait.bounce > 0 else 0.30)
    steps = {side: _footfall(p, gait, stride, cycle - late) for side, _, late in SIDES}
    sway = 0.3 * (p.hip_y - track) * np.sin(wave)
    hips = {side: pelvis @ np.array([0.0, sign * p.hip_y, 0.0]) for side, sign, _ in SIDES}
    height = _hip_height(p, gait, steps, hips, sway, track, cycle)

    rotation: dict[str, F64] = {"trunk": pelvis, "chest": chest, "head": face}
    parents = {"chest": "trunk", "head": "chest"}
    for side, sign, late in SIDES:
        x, z, pitch, toes = steps[side]
        hip = hips[side] + np.stack([zero, sway, height], 1)
        outward = turn(pitch=pitch, yaw=sign * 0.10 * (gait.bounce > 0))
        knee_out = np.array([1.0, sign * 0.08, 0.0])
        upper, lower = reach(hip, np.stack([x, zero + sign * track, z], 1), (p.thigh, p.shin), knee_out, most=0.9995)
        rotation |= {f"thigh_{side}": upper, f"shin_{side}": lower, f"foot_{side}": outward}
        rotation[f"toes_{side}"] = outward @ turn(pitch=toes)
        back = np.cos(wave - 2 * np.pi * late)  # when its leg is in front, the arm is behind
        swing = turn(roll=sign * (0.10 + apart), pitch=gait.arm * (back + 0.15))
        rotation[f"arm_{side}"] = chest @ swing
        elbow = turn(pitch=-(gait.elbow + gait.bend * (0.5 - 0.5 * back)), yaw=-sign * 0.25)
        rotation[f"fore_{side}"] = chest @ swing @ elbow
        parents |= {f"thigh_{side}": "trunk", f"shin_{side}": f"thigh_{side}", f"foot_{side}": f"shin_{side}"}
        parents |= {f"toes_{side}": f"foot_{side}", f"arm_{side}": "chest", f"fore_{side}": f"arm_{side}"}
    root = se3.from_rotation(np.eye(3), np.stack([zero, sway, height - p.hip_z], 1))
    return Pose(root, following(rotation, parents) | dict(held))


def _footfall(p: Physique, gait: Gait, stride: float, cycle: F64) -> tuple[F64, F64, F64, F64]:
    """Ankle (x, z) before the hips and above the ground, pitch of the foot (ISO) and of the toes against it."""
    phase = cycle % 1.0
    x, z, pitch = _standing_foot(p, gait, stride, phase)
    swing = phase > gait.toe_off
    first, last = (_standing_foot(p, gait, stride, np.array([at]))[:2] for at in (gait.toe_off, 0.0))
    at = np.concatenate([phase, [gait.toe_off, 1.0]])
    hip, knee = _cyclic(gait.hip, at), _cyclic(gait.knee, at)
    free_x = p.thigh * np.sin(hip) + p.shin * np.sin(hip - knee)
    free_z = -p.thigh * np.cos(hip) - p.shin * np.cos(hip - knee)
    share = fade(phase, gait.toe_off, 1.0)
    for free, out, k in ((free_x, x, 0), (free_z, z, 1)):
        off = (1 - share) * (first[k] - free[-2]) + share * (last[k] - free[-1])
        out[swing] = (free[:-2] + off)[swing]
    down = fade(-phase, -gait.toe_off - 0.05, -gait.toe_off)
    toes = -np.clip(pitch, 0.0, 0.95) * down
    # Neither heel nor toes touch the ground while the foot swings.
    fore = np.minimum(0.0, -0.04 * p.foot_scale * np.sin(pitch + toes)) - p.ball_x * np.sin(pitch)
    low = np.minimum(p.heel_x * -np.sin(pitch), fore) - p.ankle_z * np.cos(pitch)
    clear = gait.lift * p.height * np.sin(np.pi * np.clip((phase - gait.toe_off) / (1 - gait.toe_off), 0, 1)) ** 0.25
    z = np.where(swing, np.maximum(z, clear - low), z)
    return x, z, pitch, toes


def _standing_foot(p: Physique, gait: Gait, stride: float, phase: F64) -> tuple[F64, F64, F64]:
    """Ankle (x, z) and pitch of a foot as if it stood on the ground, where it was set down."""
    up = _cyclic(gait.foot, phase, overshoot=False)
    pivot = np.where(up > 0, p.heel_x, p.ball_x)
    x = pivot + np.cos(up) * -pivot - np.sin(up) * p.ankle_z
    z = np.sin(up) * -pivot + np.cos(up) * p.ankle_z
    return x + stride * (gait.under - phase), z, -up


def _hip_height(
    p: Physique,
    gait: Gait,
    steps: Mapping[str, tuple[F64, F64, F64, F64]],
    hips: Mapping[str, F64],
    sway: F64,
    track: float,
    cycle: F64,
) -> F64:
    """Height of the hips' middle: as high as the legs on the ground reach, going up and down twice a cycle."""
    middle = 0.5 * gait.toe_off
    wave = gait.bounce * p.height * np.cos(4 * np.pi * (cycle - middle))
    most = np.full(len(cycle), p.hip_z - 0.004 * p.height) - wave
    for side, sign, late in SIDES:
        x, z, _, _ = steps[side]
        aside = hips[side][:, 1] + sway - sign * track
        long = (gait.reach * (p.thigh + p.shin)) ** 2 - (x - hips[side][:, 0]) ** 2 - aside**2
        free = z + np.sqrt(np.maximum(long, 0.0)) - hips[side][:, 2] - wave
        most = np.minimum(most, np.where((cycle - late) % 1.0 <= gait.toe_off, free, np.inf))
    return np.asarray(wave + most.min())


def standing(rng: np.random.Generator) -> dict[str, F64]:
    """Turns of who stands: weight on one leg, arms down, in pockets or folded."""
    lean = float(rng.uniform(-0.04, 0.04))
    apart = float(rng.uniform(0.02, 0.09))
    bent = float(rng.uniform(0.0, 0.14))
    turns = {
        "head": turn(pitch=float(rng.uniform(-0.1, 0.25)), yaw=float(rng.uniform(-0.6, 0.6))),
        "chest": turn(pitch=lean),
        "thigh_l": turn(roll=apart),
        "thigh_r": turn(roll=-apart) @ turn(pitch=-bent),
        "shin_r": turn(pitch=2 * bent),
        "foot_l": turn(roll=-apart, yaw=0.12),
        "foot_r": turn(pitch=-bent) @ turn(roll=apart, yaw=-float(rng.uniform(0.1, 0.3))),
    }
    manner = int(rng.integers(0, 3))
    for side, sign, _ in SIDES:
        if manner == 0:  # hanging
            turns[f"arm_{side}"] = turn(roll=sign * 0.08, pitch=float(rng.uniform(-0.10, 0.1)))
            turns[f"fore_{side}"] = turn(pitch=-float(rng.uniform(0.1, 0.30)))
        elif manner == 1:  # hands in pockets
            turns[f"arm_{side}"] = turn(roll=sign * 0.22, pitch=0.22)
            turns[f"fore_{side}"] = turn(roll=-sign * 0.30, pitch=-0.55)
        else:  # folded
            turns[f"arm_{side}"] = turn(roll=sign * 0.12, pitch=-0.42 - 0.06 * sign)
            turns[f"fore_{side}"] = turn(yaw=-sign * 1.15) @ turn(pitch=-1.50)
    return turns


def swaying(pose: Pose, rng: np.random.Generator) -> Pose:
    """The small motions of somebody who stands: the body sways about the feet, the head turns.

    Quiet stance sways by some 5 mm at the centre of mass (Winter, Human balance and posture control, 1995).
    """
    wave = np.arange(STILL_PHASES) * (2 * np.pi / STILL_PHASES) + float(rng.uniform(0, 2 * np.pi))
    looks = turn(yaw=float(rng.uniform(0.05, 0.25)) * np.sin(wave + 1.0))
    root = se3.from_rotation(turn(roll=0.006 * np.sin(wave))) @ pose.root
    return Pose(root, {**pose.turns, "head": looks @ pose.turns.get("head", np.eye(3))})


def lying(rng: np.random.Generator) -> tuple[F64, dict[str, F64]]:
    """Rotation of the body and turns of who has fallen on the back, the front or a side: limbs limp and uneven.

    What hangs on hips and shoulders still has to sink to the ground; see `sunk`.
    """
    kind = int(rng.integers(0, 3))

    def u(low: float, high: float) -> float:
        """A number between the two."""
        return float(rng.uniform(low, high))

    if kind == 2:  # on the right side, curled up a little
        turns = {"trunk": turn(), "chest": turn(pitch=u(0.10, 0.30)), "head": turn(roll=-0.25, pitch=u(0.0, 0.25))}
        for side, ahead in (("l", u(0.7, 1.1)), ("r", u(0.1, 0.4))):
            turns[f"thigh_{side}"] = turn(pitch=-ahead)
            turns[f"shin_{side}"] = turn(pitch=ahead + u(0.0, 0.4))
            turns[f"foot_{side}"] = turn(pitch=0.45)
        turns |= {"arm_l": turn(pitch=-u(0.5, 1.0)), "fore_l": turn(pitch=-u(0.5, 1.1))}
        turns |= {"arm_r": turn(pitch=-u(1.4, 2.2)), "fore_r": turn(pitch=-u(0.2, 0.9))}
        return turn(roll=np.pi / 2) @ turn(pitch=-np.pi / 2), turns
    turns = {"head": turn(yaw=u(0.5, 1.1) * float(rng.choice([-1.0, 1.0])))}
    wide = int(rng.integers(0, 2))  # the arm that is thrown out
    for number, (side, sign, _) in enumerate(SIDES):
        turns[f"thigh_{side}"] = turn(roll=sign * u(0.05, 0.40))
        # Feet fall outward on the back; on the front the toes point away and the heels fall apart.
        turns[f"thigh_{side}"] = turns[f"thigh_{side}"] @ turn(yaw=sign * u(0.3, 0.7))
        turns[f"foot_{side}"] = turn(pitch=0.5 if kind == 0 else 0.9)
        turns[f"arm_{side}"] = turn(roll=sign * (u(1.1, 2.3) if number == wide else u(0.15, 0.6)))
        elbow = u(0.3, 1.3) * (1.0 if number == wide else -0.4)
        turns[f"fore_{side}"] = turn(roll=sign * elbow)
    if rng.random() < 0.6:  # one knee is drawn up to the side
        side, sign, _ = SIDES[int(rng.integers(0, 2))]
        bent = u(0.4, 0.9)
        turns[f"thigh_{side}"] = turn(roll=sign * (0.3 + 0.6 * bent)) @ turn(yaw=sign * 1.3)
        turns[f"shin_{side}"] = turn(pitch=1.7 * bent)
    return turn(pitch=-np.pi / 2 if kind == 0 else np.pi / 2), turns


def sunk(segments: Sequence[Segment], root: F64, turns: Mapping[str, F64]) -> dict[str, F64]:
    """Turns of who lies, with head and limbs let down to the ground: each turns about the horizontal through its joint.

    `root` is the (3, 3) rotation of the body, `turns` those of its segments.
    """
    out, points = dict(turns), {name: np.array(at) for name, at in _ends(segments).items()}

    def lowest(names: Sequence[str]) -> float:
        """Height (m) of the lowest point of some segments in the pose so far."""
        placed = place(segments, Pose(se3.from_rotation(root), out))
        return min(float((placed[n][:3, :3] @ points[n].T + placed[n][:3, 3:]).T[:, 2].min()) for n in names)

    floor = lowest(["trunk", "chest"])
    for top, below in (("head", ["head"]), *((f"{limb}_{s}", [f"{e}_{s}"]) for limb, e in _LIMBS for s in "lr")):
        placed = place(segments, Pose(se3.from_rotation(root), out))
        pivot = next(np.array([*s.pivot, 1.0]) for s in segments if s.name == top)
        tip = (placed[below[0]] @ np.append(points[below[0]].mean(0), 1.0))[:3] - (placed[top] @ pivot)[:3]
        axis = np.cross([0.0, 0.0, 1.0], tip) / max(float(np.hypot(*tip[:2])), 1e-6)
        parent = next(s.parent for s in segments if s.name == top)
        to_parent = placed[parent][:3, :3].T
        start = out.get(top, np.eye(3))
        low, high = -0.7, 0.7  # downward is positive
        for _ in range(12):
            middle = 0.5 * (low + high)
            out[top] = to_parent @ Rotation.from_rotvec(middle * axis).as_matrix() @ to_parent.T @ start
            low, high = (middle, high) if lowest(below) > floor else (low, middle)
    return out


_LIMBS = (("thigh", "shin"), ("shin", "foot"), ("arm", "fore"), ("fore", "fore"))


def _ends(segments: Sequence[Segment]) -> dict[str, F64]:
    """(N, 3) points of each segment's own geometry at rest: those vertices that follow it most."""
    found: dict[str, list[F64]] = {}
    for segment in segments:
        vertices = segment.mesh.vertices.astype(np.float64)
        for name, weight in (segment.blend or {segment.name: np.ones(len(vertices))}).items():
            found.setdefault(name, []).append(vertices[weight > 0.75])
    return {name: np.concatenate(parts) for name, parts in found.items() if sum(len(p) for p in parts)}


def grounded(segments: list[Segment], materials: tuple[Material, ...], pose: Pose, *, centre: bool = True) -> Pose:
    """A still pose moved so that its lowest point is on z = 0 and, if asked, its middle above the origin."""
    points = skinned(segments, materials, pose).mesh.vertices
    low, high = points.min(0), points.max(0)
    root = np.array(pose.root)
    root[2, 3] -= low[2]
    if centre:
        root[:2, 3] -= (low[:2] + high[:2]) / 2
    return Pose(root, pose.turns)
