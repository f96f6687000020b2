"""Fallen leaves and litter that lie along kerbs, thick in autumn: flat cut-outs a few millimetres above the ground."""

from __future__ import annotations

from functools import cache

import numpy as np

from simulator.numerics.rng import generator
from simulator.roads import DRIVABLE, Road
from simulator.scene.foliage import PALETTES, Cutout, leaf_outline, tone
from simulator.scene.material import Material, Surface, Texture
from simulator.scene.mesh import Mesh
from simulator.surroundings.place import Place
from simulator.surroundings.shapes import F64, ribbon

LONG_M, WIDE_M = 4.0, 1.0  # one repeat of the texture, along the kerb and away from it
_RAISE_M = 0.006
_REACH_M = 45.0  # from the path
# Leaves on each repeat, and their colours, by season; trees lose a few all summer.
_LEAVES: dict[str, tuple[int, tuple[str, ...]]] = {
    "spring": (10, ("bare", "olive")),
    "summer": (14, ("bare", "gold", "olive")),
    "autumn": (300, ("gold", "rust", "gold", "bare")),
    "winter": (60, ("bare", "rust")),
}
_SCRAPS = ((214, 212, 205), (200, 196, 186), (168, 44, 40), (46, 74, 120), (120, 112, 98))  # paper, cups, packets; sRGB
_KINDS = 3


@cache
def litter_texture(season: str, kind: int) -> Texture:
    """Leaves and scraps on LONG_M x WIDE_M; v = 0 is the kerb, where most of them lie."""
    rng = generator(0, "litter", season, kind)
    canvas = Cutout(1024, 256, np.array(PALETTES["bare"][1], np.float64))
    count, palettes = _LEAVES[season]
    for _ in range(count):
        colors = np.array(PALETTES[str(rng.choice(palettes))], np.float64)
        spot = np.array([rng.uniform(0.03, 0.97), np.clip(rng.exponential(0.16), 0.05, 0.93)])
        _lay(canvas, spot, leaf_outline(rng.uniform(0.02, 0.05), rng), tone(colors, 3.0 * rng.random(), rng))
    for _ in range(int(rng.poisson(1.6))):
        half = rng.uniform(0.015, 0.05, 2)
        corners = np.array([[-1, -1], [1, -0.8], [0.9, 1], [-0.8, 0.9]]) * half
        spot = np.array([rng.uniform(0.05, 0.95), np.clip(rng.exponential(0.2), 0.08, 0.9)])
        _lay(canvas, spot, corners, _SCRAPS[int(rng.integers(len(_SCRAPS)))])
    return canvas.texture(f"litter-{season}-{kind}")


def _lay(canvas: Cutout, spot: F64, outline: F64, color: tuple[int, ...]) -> None:
    """Fill an outline in metres about a spot in repeats."""
    canvas.polygon(spot + outline / [LONG_M, WIDE_M], color)


def place_litter(place: Place) -> None:
    """Leaves and litter in the gutters of streets near the path, in stretches."""
    if place.vegetation <= 0:
        return
    done: set[tuple[str, bool]] = set()
    for side in place.sides:
        if side.near_m.min() > _REACH_M or side.walk.mean() < 0.5 or (side.road.id, side.left) in done:
            continue
        done.add((side.road.id, side.left))
        rng = place.rng("litter", side.road.id, int(side.left))
        at = float(rng.uniform(0.0, 6.0))
        while at + LONG_M < side.length:
            count = int(rng.integers(1, 4))
            s = np.interp(at + LONG_M * np.arange(count + 1), side.along, side.s)
            if np.interp(at, side.along, side.near_m) < _REACH_M and s[-1] > s[0] + 1.0:
                _stretch(place, side.road, side.left, s, int(rng.integers(_KINDS)))
            at += LONG_M * count + float(rng.exponential(9.0 if place.season == "autumn" else 16.0))


def _stretch(place: Place, road: Road, left: bool, s: F64, kind: int) -> None:
    """A strip beside the kerb over stations (N,)."""
    kerb = _gutter(road, left, s)
    if kerb is None:
        return
    sign = 1.0 if left else -1.0
    edge = [road.point(s, kerb - sign * reach) + [0.0, 0.0, _RAISE_M] for reach in (0.03, WIDE_M)]
    if not all(place.occupancy.free(line[:, :2]).all() for line in edge):
        return
    outer, inner = (place.local(line) for line in edge)
    strip = ribbon(outer, inner, 0, 1.0) if left else ribbon(inner, outer, 0, 1.0)
    # Texture: along the kerb in repeats, from the kerb inwards.
    far = np.isin(np.arange(len(strip.vertices)), _rows_of(strip, inner))
    along = np.linalg.norm(strip.vertices[:, :2] - strip.vertices[0, :2], axis=1) / LONG_M
    uv = np.stack([along, np.where(far, 0.995, 0.005)], axis=1)
    look = litter_texture(place.season, kind)
    leaves = Material("fallen leaves", (1.0, 1.0, 1.0), look, 0.9, reflectance_905=0.4, surface=Surface.SOIL)
    place.put_mesh(Mesh.of(strip.vertices, strip.faces, uv, 0), (leaves,), "road", np.eye(4))


def _rows_of(strip: Mesh, line: F64) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Vertices of a strip that lie on a line (N, 3) of its points."""
    away = np.linalg.norm(strip.vertices[:, None] - line[None], axis=2).min(axis=1)
    return np.flatnonzero(away < 1e-3)


def _gutter(road: Road, left: bool, s: F64) -> F64 | None:
    """t (N,) of the outer edge of the outermost lane for traffic or parking on one side, where a kerb follows."""
    section = road.section_at(s)
    if section[0] != section[-1]:
        return None
    lanes = [lane for lane in road.sections[int(section[0])].lanes if lane.id]
    rows = road.boundaries(int(section[0]), s)
    paved = [k for k, lane in enumerate(lanes) if (lane.id > 0) == left and lane.type in DRIVABLE | {"parking"}]
    if not paved:
        return None
    outermost = paved[0] if left else paved[-1]
    beyond = outermost - 1 if left else outermost + 1
    if not 0 <= beyond < len(lanes) or lanes[beyond].type not in ("curb", "sidewalk", "walking"):
        return None
    return np.asarray(rows[outermost if left else outermost + 1])
