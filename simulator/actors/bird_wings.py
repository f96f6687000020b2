"""Wings of birds in flight: their outlines by species, and how they beat."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simulator.actors.shape import F64, mirrored, patch
from simulator.actors.skeleton import Segment, fade, hinge, turn
from simulator.scene import Mesh
from simulator.scene.mesh import merge

GRAVITY, AIR_KG_M3 = 9.80665, 1.225
PHASES_A_BEAT = 12
WRIST = 0.42  # where the hand begins, over the half span
# Outlines by the tip: shares of the half span, how far the leading edge is before that of the root (over the half
# span), and chords over that of the root (by choice, after silhouettes in field guides).
_OUTLINES = {
    "pointed": (
        (0.0, 0.12, 0.28, WRIST, 0.56, 0.72, 0.86, 1.0),
        (0.0, 0.04, 0.11, 0.15, 0.11, 0.00, -0.12, -0.27),
        (1.0, 1.0, 0.96, 0.88, 0.74, 0.52, 0.30, 0.05),
    ),
    "blunt": (
        (0.0, 0.12, 0.28, WRIST, 0.58, 0.76, 0.90, 1.0),
        (0.0, 0.03, 0.09, 0.12, 0.09, 0.00, -0.10, -0.20),
        (1.0, 1.0, 0.98, 0.93, 0.82, 0.62, 0.38, 0.14),
    ),
    "fingered": (
        (0.0, 0.12, 0.28, WRIST, 0.58, 0.74, 0.82),
        (0.0, 0.02, 0.06, 0.09, 0.07, 0.03, 0.01),
        (0.95, 1.0, 1.0, 0.97, 0.93, 0.82, 0.74),
    ),
}
# Primaries that stand apart at the tip: where they end, over the half span.
_FINGER_ENDS = ((0.90, -0.03), (0.97, -0.06), (1.00, -0.11), (0.97, -0.17), (0.91, -0.21))


def beats_hz(row: dict[str, Any]) -> float:
    """Frequency of the wing beat in cruising flight (Pennycuick, Journal of Experimental Biology 199, 1996)."""
    size = row["mass"] ** (3 / 8) * row["span"] ** (-23 / 24) * row["area"] ** (-1 / 3)
    return float(size * math.sqrt(GRAVITY) * AIR_KG_M3 ** (-3 / 8))


def stroke_rad(row: dict[str, Any]) -> float:
    """Angle through which the wings beat (Nudds, Taylor and Thomas, Proceedings of the Royal Society B 271, 2004)."""
    return math.radians(67.0 * row["span"] ** -0.24)


def beating(row: dict[str, Any], start: float) -> tuple[dict[str, F64], float]:
    """Turns of the wings over a cycle begun at phase `start` (in cycles), and how many beats long that is.

    Who glides beats a few times, then holds the wings out. On the way up the hand sinks and folds back.
    """
    count, glide = row.get("glides", (1, 0))
    total = count + glide
    at = (np.arange(PHASES_A_BEAT * total) / (PHASES_A_BEAT * total) + start) % 1.0 * total  # in beats
    power = fade(at, 0.0, 0.5) * (1.0 - fade(at, count - 0.5, count)) if glide else np.ones(len(at))
    half, wave = 0.5 * stroke_rad(row), 2 * np.pi * at
    up = np.cos(wave)  # 1: fastest on the way up
    arm = power * (0.08 + 0.88 * half * np.sin(wave)) + (1.0 - power) * 0.10
    hand, back, nose = -power * 0.40 * half * up, power * 0.40 * np.maximum(up, 0.0), -power * 0.12 * up
    turns = {}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        turns[f"wing_{side}"] = turn(roll=sign * arm, pitch=nose)
        turns[f"hand_{side}"] = turn(roll=sign * hand, yaw=sign * back)
    return turns, float(total)


def gliding() -> dict[str, F64]:
    """Turns of wings that are held out, a little raised."""
    return {f"wing_{side}": turn(roll=sign * 0.10) for side, sign in (("l", 1.0), ("r", -1.0))}


def wing_segments(row: dict[str, Any], root: F64, axis: F64, up: F64, slots: tuple[int, int, int]) -> list[Segment]:
    """Both wings, spread: arm and hand.

    Args:
        row: of the catalogue; its `area` is that of this outline, with the root's chord between the wings.
        root: (3,) middle of the leading edge between the wings. axis, up: (3,) of the body.
        slots: of the upper side, the lower side, and the tips.
    """
    shares, ahead, chords = (np.array(each) for each in _OUTLINES[row["wing"]])
    half = 0.5 * row["span"]
    chord = chords * row["area"] / (row["span"] * _mean_chord(row["wing"]))
    y, front = half * shares, half * ahead
    rise = 0.05 * half * np.sin(np.pi * np.minimum(shares, 0.9))
    side = np.array([0.0, 1.0, 0.0])

    def _at(share: float, lift: float) -> F64:
        """(N, 3) points at a share of the chord, raised by a share of it."""
        lifted = (rise + lift * chord)[:, None] * up
        return np.asarray(root + (front - share * chord)[:, None] * axis + lifted + y[:, None] * side)

    top = np.stack([_at(0.0, 0.0), _at(0.10, 0.045), _at(0.35, 0.05), _at(1.0, -0.02)])
    below = np.stack([top[0], _at(0.10, 0.0), _at(0.35, 0.02), top[3]])
    above, under = np.full((3, len(y) - 1), slots[0]), np.full((3, len(y) - 1), slots[1])
    above[:, shares[1:] > 0.8] = under[:, shares[1:] > 0.8] = slots[2]
    if row.get("dark_rear"):
        above[2], under[2, 2:] = slots[2], slots[2]
    parts = [patch(top, above, flip=True), patch(below, under)]
    if row["wing"] == "fingered":
        parts += _fingers(root, axis, up, half, (front[-1], y[-1], rise[-1], chord[-1]), slots[2])
    wing = merge(parts)
    wrist, pivot = root + half * WRIST * side, root + 0.04 * half * side
    blend = hinge((wing.vertices[:, 1] - wrist[1]) / (0.12 * half), "wing_l", "hand_l")
    segments = []
    for name, sign in (("l", 1.0), ("r", -1.0)):
        mesh = wing if sign > 0 else mirrored(wing)
        weights = {key.replace("_l", f"_{name}"): share for key, share in blend.items()}
        arm, hand = (_vector(p * [1.0, sign, 1.0]) for p in (pivot, wrist))
        segments += [
            Segment(f"wing_{name}", "trunk", arm, mesh, weights),
            Segment(f"hand_{name}", f"wing_{name}", hand),
        ]
    return segments


def _mean_chord(tip: str) -> float:
    """Mean chord of an outline over that of its root, by its area."""
    shares, _, chords = (np.array(each) for each in _OUTLINES[tip])
    area = float(np.sum(0.5 * (chords[1:] + chords[:-1]) * np.diff(shares)))
    if tip == "fingered":  # half of what lies between the fingers is air
        ends = np.array(_FINGER_ENDS)[:, 0]
        area += 0.5 * chords[-1] * float(np.mean(ends - shares[-1]))
    return area


def _fingers(
    root: F64, axis: F64, up: F64, half: float, end: tuple[float, float, float, float], slot: int
) -> list[Mesh]:
    """Primaries that stand apart beyond the end of the wing (its leading edge, y, rise and chord), on both sides."""
    front, y, rise, chord = end
    side, parts = np.array([0.0, 1.0, 0.0]), []
    width = 0.55 * chord / len(_FINGER_ENDS)
    for number, (reach, back) in enumerate(_FINGER_ENDS):
        base = front - (number + 0.5) / len(_FINGER_ENDS) * chord
        rows = []
        for out, along, wide, lift in (
            (y - 0.06 * half, base, width, 0.0),
            (0.5 * (y + reach * half), 0.5 * (base + front + back * half), 1.1 * width, 0.006 * half),
            (reach * half, front + back * half, 0.25 * width, 0.03 * half),
        ):
            middle = root + along * axis + (rise + lift) * up + out * side
            rows.append(np.stack([middle + wide * axis, middle - wide * axis]))
        sheet = np.stack(rows, 1)
        parts += [patch(sheet, slot, flip=True), patch(sheet - 0.002 * half * up, slot)]
    return parts


def _vector(v: F64) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))
