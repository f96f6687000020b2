"""Heads of four-legged animals by species: skull, jaws and muzzle as one sculpted surface, ears, eyes, horns, antlers.

Points of a head are given as (a, u, y): shares of its length along its axis from the poll, of its depth upward, and of
its half width to the side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np

from simulator.actors.sculpt import Lump, sculpted
from simulator.actors.shape import F64, ball, pipe
from simulator.scene import Mesh
from simulator.scene.mesh import merge

Row = dict[str, Any]  # of a species in assets/animals.yaml: numbers, lists of them, names of colours


class Hide(IntEnum):
    """Material slots of an animal."""

    COAT = 0
    UNDER = 1
    HOOF = 2
    EYE = 3
    HORN = 4
    SKIN = 5  # bare
    IRIS = 6
    MANE = 7
    WHITE = 8  # hair of blazes and white feet
    NOSE = 9


@dataclass(frozen=True, slots=True)
class Profile:
    """Shape of a head; radii over its depth, widths over its half width.

    Attributes:
        droops: angle of its axis below the horizontal, rad.
        crown, jowl, jaw, muzzle: radii of the brain case, the cheeks, the lower jaw and the end of the nose.
        bridge: radius of the bridge of the nose between the eyes and before the nostrils.
        wide: half widths of brain case, bridge and muzzle.
        stop: step from the forehead to the bridge, as a share of the depth.
        falls: how far the nose lies below the poll's line.
        eye: (a, u, y) of the left eye. eye_size: its radius over the half width.
        ear: (a, u, y) of the root of the left ear.
        bare: share of the length from which the nose is bare. light: from which it has the colour of the underside.
    """

    droops: float
    crown: float = 0.46
    jowl: float = 0.30
    jaw: float = 0.16
    muzzle: float = 0.26
    bridge: tuple[float, float] = (0.30, 0.24)
    wide: tuple[float, float, float] = (0.90, 0.58, 0.60)
    stop: float = 0.04
    falls: float = 0.14
    eye: tuple[float, float, float] = (0.36, 0.20, 0.80)
    eye_size: float = 0.14
    ear: tuple[float, float, float] = (0.10, 0.34, 0.70)
    bare: float = 0.97
    light: float = 2.0


PROFILES = {
    "cow": Profile(0.72, 0.44, 0.30, 0.18, 0.34, (0.34, 0.30), (0.98, 0.76, 0.92), 0.0, 0.08, bare=0.94, light=0.80),
    "horse": Profile(0.85, 0.46, 0.38, 0.15, 0.25, (0.32, 0.22), (0.86, 0.58, 0.62), 0.0, 0.12, bare=0.96),
    "sheep": Profile(0.60, 0.46, 0.30, 0.16, 0.27, (0.36, 0.27), (0.92, 0.62, 0.62), -0.04, 0.12, bare=1.02),
    "deer": Profile(0.45, 0.44, 0.26, 0.13, 0.22, (0.29, 0.20), (0.90, 0.52, 0.50), 0.02, 0.16, eye_size=0.20,
                    bare=0.96, light=0.86),
    "boar": Profile(0.40, 0.50, 0.36, 0.19, 0.25, (0.42, 0.27), (0.98, 0.70, 0.56), -0.02, 0.10, eye=(0.42, 0.16, 0.70),
                    ear=(0.12, 0.50, 0.66), bare=0.97),
    "dog": Profile(0.24, 0.46, 0.28, 0.15, 0.22, (0.25, 0.20), (0.98, 0.48, 0.50), 0.12, 0.20, (0.44, 0.18, 0.56), 0.15,
                   bare=0.99),
    "fox": Profile(0.26, 0.48, 0.30, 0.12, 0.15, (0.24, 0.15), (1.00, 0.42, 0.34), 0.10, 0.20, (0.44, 0.17, 0.58), 0.15,
                   bare=1.0),
    "cat": Profile(0.14, 0.52, 0.30, 0.17, 0.20, (0.24, 0.20), (1.00, 0.50, 0.52), 0.10, 0.20, (0.60, 0.13, 0.46), 0.19,
                   ear=(0.34, 0.36, 0.62), bare=1.06, light=0.80),
}  # fmt: skip


class _Frame:
    """Places of a head in the frame of the body."""

    def __init__(self, row: Row, tip: F64, k: float, droops: float) -> None:
        length, half, depth, _ = row["head"]
        self.length, self.half, self.depth = length * k, half * k, depth * k
        self.axis = np.array([np.cos(droops), 0.0, -np.sin(droops)])
        self.up = np.array([np.sin(droops), 0.0, np.cos(droops)])
        self.start = tip - 0.18 * self.length * self.axis + 0.05 * self.depth * self.up

    def at(self, a: float, u: float, y: float = 0.0) -> tuple[float, float, float]:
        """x, y, z of a place in the head: shares of its length, depth and half width."""
        x, _, z = self.start + a * self.length * self.axis + u * self.depth * self.up
        return (float(x), float(y * self.half), float(z))

    def along(self, points: F64) -> F64:
        """(N,) share of the length at which (N, 3) points lie."""
        return np.asarray((points - self.start) @ self.axis / self.length)


def head_mesh(row: Row, tip: F64, k: float, species: str, rng: np.random.Generator) -> Mesh:
    """The head at the end `tip` (3,) of a neck; `k` scales the catalogue's metres."""
    profile = PROFILES[species]
    frame = _Frame(row, tip, k, profile.droops)
    skull = _skull(row, profile, frame, species)
    points = skull.vertices.astype(np.float64)

    def _on(a: float, u: float, y: float) -> F64:
        """The point of the skull nearest to a place."""
        return np.asarray(points[np.argmin(((points - frame.at(a, u, y)) ** 2).sum(1))])

    parts, size = [skull], profile.eye_size * frame.half
    end = float(frame.along(points).max())
    for sign in (1.0, -1.0):
        a, u, y = profile.eye
        eye = _on(a, u, sign * y)
        # Eyes at the sides of the head look a little forward, too, so that who meets it sees both.
        looks = 0.45 * frame.axis + [0.0, sign * 0.89, 0.0] if y > 0.7 else 0.8 * frame.axis + [0.0, sign * 0.6, 0.0]
        looks = looks * size
        if species == "cat":
            parts.append(ball(np.array([0.9, 0.9, 0.9]) * size, eye - 0.25 * looks, Hide.IRIS, rings=5, segments=8))
            parts.append(ball(np.array([0.3, 0.25, 0.6]) * size, eye + 0.6 * looks, Hide.EYE, rings=3, segments=6))
        else:
            parts.append(ball(np.array([1.0, 0.8, 0.9]) * size, eye - 0.22 * looks, Hide.EYE, rings=4, segments=8))
        nostril = _on(end, -profile.falls + 0.02, sign * 0.45 * profile.wide[2])
        wide = 0.10 * frame.half * (0.6 if species in ("cat", "fox", "dog") else 1.0)
        parts.append(ball(np.array([0.7, 1.0, 1.2]) * wide, nostril, Hide.HOOF, rings=3, segments=6))
    parts += _ears(row, frame, profile, k, species, rng)
    for made in (_antlers, _horns, _tusks):
        parts += made(row, frame, k, species, rng)
    return merge(parts)


def _skull(row: Row, profile: Profile, frame: _Frame, species: str) -> Mesh:
    """Brain case, bridge, jowls, jaw, muzzle and brows as one surface."""
    d, h, at, f = frame.depth, frame.half, frame.at, profile.falls
    crown, bridge, muzzle = profile.crown * d, (profile.bridge[0] * d, profile.bridge[1] * d), profile.muzzle * d
    short = 0.10 if species == "cat" else 0.0
    lumps = [
        Lump(at(0.10, 0.0), at(0.34, 0.03), (crown, 0.92 * crown), profile.wide[0] * h / crown),
        Lump(at(0.36, 0.05 - profile.stop), at(0.86 - short, -f), bridge, profile.wide[1] * h / bridge[0]),
        Lump(at(0.28, -0.24), at(0.84 - short, -f - 0.13), (profile.jaw * d, 0.85 * profile.jaw * d),
             0.5 * h / (profile.jaw * d)),
        Lump(at(0.86 - short, -f - 0.01), at(0.95 - short, -f - 0.03), (muzzle, 0.92 * muzzle),
             profile.wide[2] * h / muzzle),
    ]  # fmt: skip
    for sign in (1.0, -1.0):
        jowl, brow = profile.jowl * d, 0.11 * d
        lumps.append(
            Lump(at(0.20, -0.12, sign * 0.36), at(0.42, -0.20, sign * 0.32), (jowl, 0.8 * jowl), 0.45 * h / jowl)
        )
        lumps.append(Lump(at(0.30, 0.25, sign * 0.60), at(0.40, 0.20, sign * 0.58), (brow, brow)))
        if species in ("cat", "dog", "fox"):  # pads of the upper lip
            lip = 0.75 * muzzle
            lumps.append(
                Lump(at(0.84 - short, -f - 0.10, sign * 0.22), at(0.93 - short, -f - 0.10, sign * 0.18), (lip, lip))
            )
    mesh = sculpted(lumps, d / 10, 0.045 * d, Hide.COAT)
    middle = mesh.vertices[mesh.faces].mean(1).astype(np.float64)
    a = frame.along(middle)
    end = float(a.max())
    slots = np.full(len(mesh.faces), int(Hide.COAT))
    if species == "sheep":  # the wool ends behind the brow
        slots[a > 0.16] = Hide.UNDER
    slots[a > profile.light] = Hide.UNDER
    above = (middle - frame.start) @ frame.up > 0.1 * d
    wide = row["blaze"] * 0.34 * h * np.interp(a, [0.2, 0.3, 0.6, 1.0], [0.5, 1.0, 0.7, 1.0])
    slots[above & (np.abs(middle[:, 1]) < wide) & (a > 0.18) & (a < 0.55 + 0.6 * row["blaze"])] = Hide.WHITE
    high = (middle - frame.start) @ frame.up / d > -f - 0.10
    slots[(a > profile.bare * end) & (high | (species in ("cow", "horse")))] = Hide.NOSE
    if species in ("dog", "fox", "cat"):
        nose = ball((0.10 * d, 0.15 * d, 0.09 * d), at(end - 0.03, -f + 0.06), Hide.NOSE)
        return merge([replace(mesh, slots=slots.astype(np.int32)), nose])
    return replace(mesh, slots=slots.astype(np.int32))


def _ears(row: Row, frame: _Frame, profile: Profile, k: float, species: str, rng: np.random.Generator) -> list[Mesh]:
    """Both ears: shells that are open to the front."""
    length, half, spread = row["ears"]
    if species == "dog" and row["drop"]:
        spread = 148.0
    fan = np.radians(spread)
    pricked = species in ("cat", "fox") or (species == "dog" and spread < 90)
    shape = half * k * np.array([1.1, 0.95, 0.72, 0.42, 0.06] if pricked else [0.5, 1.0, 0.95, 0.7, 0.1])
    parts = []
    for sign in (1.0, -1.0):
        a, u, y = profile.ear
        root = np.array(frame.at(a, u, sign * y))
        way = np.array([-0.25, sign * np.sin(fan), np.cos(fan)])
        way /= np.linalg.norm(way)
        points = root + way * (length * k * np.array([-0.12, 0.25, 0.5, 0.78, 1.0]))[:, None]
        ear = pipe(points, shape, segments=8, slot=Hide.COAT if species != "sheep" else Hide.UNDER)
        flat = np.array([0.55, 0.0, 0.0]) * (ear.vertices - root) * [1.0, 0.0, 0.0]
        parts.append(replace(ear, vertices=(ear.vertices - flat).astype(np.float32)))
        if spread < 140:  # of ears that hang the outside is seen
            parts.append(pipe(points[:4] + [0.22 * half * k, 0.0, 0.0], 0.62 * shape[:4], segments=6, slot=Hide.UNDER))
    return parts


def _horns(row: Row, frame: _Frame, k: float, species: str, rng: np.random.Generator) -> list[Mesh]:
    parts = []
    if species == "cow" and rng.random() < 0.4:
        for sign in (1.0, -1.0):
            root = np.array(frame.at(0.06, 0.40))
            points = root + k * np.array([[0, sign * 0.08, 0], [0.0, sign * 0.19, 0.03], [0.05, sign * 0.25, 0.12]])
            parts.append(pipe(points, k * np.array([0.032, 0.024, 0.006]), segments=6, slot=Hide.HORN))
    return parts


def _tusks(row: Row, frame: _Frame, k: float, species: str, rng: np.random.Generator) -> list[Mesh]:
    parts = []
    if species == "boar" and row["head"][0] > 0.3:  # piglets have none
        for sign in (1.0, -1.0):
            root = np.array(frame.at(0.80, -0.30, sign * 0.36))
            points = root + np.array([[0, 0, 0], [0.02, sign * 0.015, 0.03], [0.015, sign * 0.03, 0.07]]) * k
            parts.append(pipe(points, k * np.array([0.010, 0.008, 0.003]), segments=5, slot=Hide.HORN))
    return parts


def _antlers(row: Row, frame: _Frame, k: float, species: str, rng: np.random.Generator) -> list[Mesh]:
    """Two beams with tines; in velvet they are shorter and thicker, and some have a palm."""
    about = row["antlers"]
    if about["state"] == "cast":
        return []
    velvet = about["state"] == "velvet"
    root, half = np.array(frame.at(0.16, 0.42)), frame.half
    low, high = about["length"]
    size = float(rng.uniform(low, high)) * k * (0.7 if velvet else 1.0)
    back, up, out = about["reach"]
    slot, thick = (Hide.MANE, 1.5) if velvet else (Hide.HORN, 1.0)
    radius = about["thick"] * thick * size / high
    shape = np.array(
        [[0.0, 0.0, 0.0], [0.35 * back, 0.55 * out, 0.33], [0.75 * back, 0.95 * out, 0.68], [0.8 * back, out, 1.0]]
    )
    parts = []
    for sign in (1.0, -1.0):
        beam = size * shape * [1.0, 1.0, up / max(up, 0.3)] + [0.0, 0.45 * half, 0.0]
        beam[:, 1] *= sign
        width = radius * np.array([1.0, 0.85, 0.7, 0.25])
        parts.append(pipe(root + beam, width, segments=6, slot=slot))
        if "palm" in about:
            palm = pipe(root + beam[[1, 2, 3]], about["palm"] * k * np.array([0.25, 1.0, 0.3]), segments=8, slot=slot)
            squeezed = palm.vertices * np.array([1.0, 0.22, 1.0]) + np.array([0.0, 0.78 * (root + beam[2])[1], 0.0])
            parts.append(replace(palm, vertices=squeezed.astype(np.float32)))
        for at, *way, share in about["tines"]:
            start = root + np.array([np.interp(at, [0, 0.33, 0.68, 1.0], beam[:, j]) for j in range(3)])
            tine = np.array([way[0], sign * way[1], way[2]]) * size * share
            line = np.stack([start, start + 0.6 * tine, start + tine + [0.0, 0.0, 0.15 * size * share]])
            parts.append(pipe(line, 0.65 * radius * np.array([1.0, 0.8, 0.2]), segments=5, slot=slot))
    return parts
