"""Fallen leaves and litter along kerbs, in autumn thick and on pavements too: flat cut-outs just above the ground."""

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
_RAISE = np.array([0.0, 0.0, 0.006])
_WALKS = ("sidewalk", "walking")
_REACH_M = 45.0  # from the path
# Leaves on each repeat, and their colours, by season; trees lose a few all summer.
_LEAVES: dict[str, tuple[int, tuple[str, ...]]] = {
    "spring": (10, ("bare", "olive")),
    "summer": (14, ("bare", "gold", "olive")),
    "autumn": (700, ("gold", "rust", "gold", "bare")),
    "winter": (60, ("bare", "rust")),
}
_SCRAPS = ((214, 212, 205), (200, 196, 186), (168, 44, 40), (46, 74, 120), (120, 112, 98))  # paper, cups, packets; sRGB
_KINDS = 3
_GAP_M = {"autumn": 3.0}  # from stretch to stretch along a kerb; in other seasons as below
_USUAL_GAP_M = 16.0
_ON_WALK, _WALK_M = 0.45, 2.0  # leaves on a pavement, of those in the gutter, and how far from the kerb


@cache
def litter_texture(season: str, kind: int, on_walk: bool = False) -> Texture:
    """Leaves and scraps on LONG_M x WIDE_M; v = 0 is the kerb, where most of them lie, or all over `on_walk`."""
    rng = generator(0, "litter", season, kind, "walk" if on_walk else "gutter")
    canvas = Cutout(1024, 256, np.array(PALETTES["bare"][1], np.float64))
    count, palettes = _LEAVES[season]
    for _ in range(round(count * _ON_WALK) if on_walk else count):
        colors = np.array(PALETTES[str(rng.choice(palettes))], np.float64)
        off = rng.uniform(0.05, 0.95) if on_walk else np.clip(rng.exponential(0.16), 0.05, 0.93)
        spot = np.array([rng.uniform(0.03, 0.97), off])
        _lay(canvas, spot, leaf_outline(rng.uniform(0.02, 0.05), rng), tone(colors, 3.0 * rng.random(), rng))
    for _ in range(0 if on_walk else int(rng.poisson(1.6))):
        half = rng.uniform(0.015, 0.05, 2)
        corners = np.array([[-1, -1], [1, -0.8], [0.9, 1], [-0.8, 0.9]]) * half
        spot = np.array([rng.uniform(0.05, 0.95), np.clip(rng.exponential(0.2), 0.08, 0.9)])
        _lay(canvas, spot, corners, _SCRAPS[int(rng.integers(len(_SCRAPS)))])
    return canvas.texture(f"litter-{season}-{kind}-{on_walk}")


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
                kind = int(rng.integers(_KINDS))
                gutter, walk = _edges(side.road, side.left, s)
                if gutter is not None:
                    _stretch(place, side.road, side.left, s, gutter, WIDE_M, litter_texture(place.season, kind))
                if walk is not None and place.season == "autumn":
                    _stretch(place, side.road, side.left, s, walk, -_WALK_M, litter_texture(place.season, kind, True))
            at += LONG_M * count + float(rng.exponential(_GAP_M.get(place.season, _USUAL_GAP_M)))


def _stretch(place: Place, road: Road, left: bool, s: F64, kerb: F64, width_m: float, look: Texture) -> None:
    """A strip over stations (N,) from t (N,) towards the middle of the road; away from it if the width is negative."""
    sign = np.sign(width_m) if left else -np.sign(width_m)
    edge = [road.point(s, kerb - sign * reach) for reach in (0.03, abs(width_m))]
    near, far = (place.local(line if width_m > 0 else place.on_ground(line[:, :2])) + _RAISE for line in edge)
    strip = ribbon(near, far, 0, 1.0) if sign > 0 else ribbon(far, near, 0, 1.0)
    # Texture: along the kerb in repeats, from the kerb outwards.
    across = np.where(np.arange(2) == (1 if sign > 0 else 0), abs(width_m) / WIDE_M - 0.005, 0.005)
    uv = np.stack([np.tile(np.arange(len(s)), 2), np.repeat(across, len(s))], axis=1)
    leaves = Material("fallen leaves", (1.0, 1.0, 1.0), look, 0.9, reflectance_905=0.4, surface=Surface.SOIL)
    class_name = "road" if width_m > 0 else "sidewalk"
    place.put_mesh(Mesh.of(strip.vertices, strip.faces, uv, 0), (leaves,), class_name, np.eye(4))


def _edges(road: Road, left: bool, s: F64) -> tuple[F64 | None, F64 | None]:
    """t (N,) where the outermost lane for traffic or parking ends at a kerb, and where the pavement beyond begins."""
    section = road.section_at(s)
    if section[0] != section[-1]:
        return None, None
    lanes = [lane for lane in road.sections[int(section[0])].lanes if lane.id]
    rows = road.boundaries(int(section[0]), s)
    paved = [k for k, lane in enumerate(lanes) if (lane.id > 0) == left and lane.type in DRIVABLE | {"parking"}]
    if not paved:
        return None, None
    step, inner = (-1, 1) if left else (1, 0)  # to the next lane outwards; to the row at its inner edge
    k = (paved[0] if left else paved[-1]) + step
    if not 0 <= k < len(lanes) or lanes[k].type not in ("curb", *_WALKS):
        return None, None
    gutter = np.asarray(rows[k + inner])
    k += step if lanes[k].type == "curb" else 0
    wide = 0 <= k < len(lanes) and lanes[k].type in _WALKS and np.abs(rows[k] - rows[k + 1]).min() > _WALK_M
    return gutter, np.asarray(rows[k + inner]) if wide else None
