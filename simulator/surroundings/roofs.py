"""Roofs and what stands on them: gable, hip, flat with parapet, shed; chimneys, dormers, roof windows, plant.

All in the building's frame: x towards the street, y along it, the footprint centred on the origin.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics import se3
from simulator.scene.material import Material, Rgb
from simulator.surroundings.facades import roof_texture
from simulator.surroundings.shapes import F64, Patchwork
from simulator.surroundings.walls import Palette

OVERHANG_M = 0.45
THICK_M = 0.22
# Clay and concrete tiles take water up; slate only where it is rough, painted sheet metal none.
POROSITY = {"tiles": 1.0, "slate": 0.6, "seam": 0.0, "gravel": 1.0}


def roof_slot(palette: Palette, kind: str, tint: Rgb) -> int:
    """Slot of a roof covering: `tiles`, `slate`, `seam` or `gravel`."""
    name = f"roof {kind}"
    look, porosity = roof_texture(kind), POROSITY[kind]
    return palette.slot(name, Material(name, tint, look, roughness=0.7, reflectance_905=0.35, porosity=porosity))


def _slab(work: Patchwork, top: F64, covering: int, trim: int) -> None:
    """A sloping roof plane of four or three corners with its thickness: covering above, trim at the edges and below."""
    n = len(top)
    low = top - [0.0, 0.0, THICK_M]
    if n == 4:
        work.metric_quads(top, covering, 2.0)
        work.metric_quads(low[::-1], trim)
    else:
        along = (top[1] - top[0]) / np.linalg.norm(top[1] - top[0])
        up = se3.cross(se3.cross(along, top[2] - top[0]), along)
        up /= np.linalg.norm(up)
        uv = np.stack([(top - top[0]) @ along, (top - top[0]) @ up], 1) / 2.0
        work.polygons(top, uv, covering, sides=3)
        work.polygons(low[::-1], None, trim, sides=3)
    work.metric_quads(
        np.stack([np.stack([low[i], low[(i + 1) % n], top[(i + 1) % n], top[i]]) for i in range(n)]), trim
    )


def gable(
    work: Patchwork, x: tuple[float, float], y: tuple[float, float], eave: float, pitch: float, *, along: str,
    covering: int, trim: int, end: int,
) -> float:  # fmt: skip
    """Gable roof over the rectangle `x` by `y` (from, to) with its ridge along "x" or "y"; returns the ridge's height.

    `end` is the wall material of the gable triangles.
    """
    span = (x, y) if along == "y" else (y, x)
    (a0, a1), (b0, b1) = span  # across the ridge, along the ridge
    half = (a1 - a0) / 2
    middle, rise = (a0 + a1) / 2, half * np.tan(pitch)
    ridge = eave + rise

    def place(across: float, length: float, z: float) -> list[float]:
        """Point from coordinates across and along the ridge."""
        return [across, length, z] if along == "y" else [length, across, z]

    drop = OVERHANG_M * np.tan(pitch)
    lift = THICK_M
    for sign in (1.0, -1.0):
        edge = middle + sign * (half + OVERHANG_M)
        quad = [
            place(edge, b0 - OVERHANG_M, eave - drop + lift), place(edge, b1 + OVERHANG_M, eave - drop + lift),
            place(middle, b1 + OVERHANG_M, ridge + lift), place(middle, b0 - OVERHANG_M, ridge + lift),
        ]  # fmt: skip
        top = np.array(quad)
        if np.cross(top[1] - top[0], top[2] - top[0])[2] < 0:
            top = top[[1, 0, 3, 2]]
        _slab(work, top, covering, trim)
    for b, sign in ((b0, -1.0), (b1, 1.0)):
        tri = np.array([place(a0, b, eave), place(a1, b, eave), place(middle, b, ridge)])
        out = np.array(place(0.0, sign, 0.0))
        order = [0, 1, 2] if np.cross(tri[1] - tri[0], tri[2] - tri[0]) @ out > 0 else [1, 0, 2]
        uv = np.array([[0.0, 0.0], [2 * half / 3.0, 0.0], [half / 3.0, rise / 3.0]])
        work.polygons(tri[order], uv, end, sides=3)
    return float(ridge + lift)


def hip(
    work: Patchwork,
    x: tuple[float, float],
    y: tuple[float, float],
    eave: float,
    pitch: float,
    *,
    covering: int,
    trim: int,
) -> float:
    """Hip roof over the rectangle; the ridge follows its longer side. Returns the ridge's height."""
    o = OVERHANG_M
    (x0, x1), (y0, y1) = (x[0] - o, x[1] + o), (y[0] - o, y[1] + o)
    half = min(x1 - x0, y1 - y0) / 2
    base = eave - o * np.tan(pitch) + THICK_M
    top = base + half * np.tan(pitch)
    c = np.array([[x0, y0, base], [x1, y0, base], [x1, y1, base], [x0, y1, base]])
    if y1 - y0 >= x1 - x0:
        r0, r1 = np.array([(x0 + x1) / 2, y0 + half, top]), np.array([(x0 + x1) / 2, y1 - half - 1e-3, top])
        planes = [[c[1], c[2], r1, r0], [c[3], c[0], r0, r1], [c[0], c[1], r0], [c[2], c[3], r1]]
    else:
        r0, r1 = np.array([x0 + half, (y0 + y1) / 2, top]), np.array([x1 - half - 1e-3, (y0 + y1) / 2, top])
        planes = [[c[0], c[1], r1, r0], [c[2], c[3], r0, r1], [c[3], c[0], r0], [c[1], c[2], r1]]
    for plane in planes:
        _slab(work, np.array(plane), covering, trim)
    return float(top)


def flat(
    work: Patchwork,
    x: tuple[float, float],
    y: tuple[float, float],
    z: float,
    *,
    covering: int,
    trim: int,
    parapet_m: float,
) -> float:
    """Flat roof inside a parapet with a coping that stands out a little. Returns the height of the coping."""
    corners = np.array([[x[0], y[0], z], [x[1], y[0], z], [x[1], y[1], z], [x[0], y[1], z]])
    work.metric_quads(corners, covering, 2.0)
    t, o, top = 0.25, 0.06, z + parapet_m
    spans = [
        ((x[0] - o, y[0] - o), (x[1] + o, y[0] + t)), ((x[0] - o, y[1] - t), (x[1] + o, y[1] + o)),
        ((x[0] - o, y[0] + t), (x[0] + t, y[1] - t)), ((x[1] - t, y[0] + t), (x[1] + o, y[1] - t)),
    ]  # fmt: skip
    low = np.array([[*a, z - 0.12] for a, _ in spans])
    high = np.array([[*b, top] for _, b in spans])
    work.blocks(low, high, trim)
    return top


def shed(
    work: Patchwork,
    x: tuple[float, float],
    y: tuple[float, float],
    front: float,
    back: float,
    *,
    covering: int,
    trim: int,
) -> None:
    """Single slope from height `front` (at the street) to `back`."""
    o = 0.25
    slope = (front - back) / (x[1] - x[0])
    zf, zb = front + o * slope + THICK_M, back - o * slope + THICK_M
    top = np.array(
        [[x[1] + o, y[0] - o, zf], [x[1] + o, y[1] + o, zf], [x[0] - o, y[1] + o, zb], [x[0] - o, y[0] - o, zb]]
    )
    _slab(work, top, covering, trim)


def chimney(work: Patchwork, x: float, y: float, low: float, high: float, slot: int, cap: int, uv_m: float) -> None:
    """Chimney stack of 0.6 m x 0.45 m with a cap, from `low` (inside the roof) to `high`."""
    work.blocks([[x - 0.3, y - 0.22, low]], [[x + 0.3, y + 0.22, high]], slot, uv_m, bottom=False)
    work.blocks([[x - 0.36, y - 0.28, high]], [[x + 0.36, y + 0.28, high + 0.1]], cap)


def roof_windows(
    work: Patchwork, x: tuple[float, float], y: F64, eave: float, pitch: float, palette: Palette, *, up: float = 0.45
) -> None:
    """Windows in the slope that faces the street of a gable roof with its ridge along y, at positions `y`."""
    half = (x[1] - x[0]) / 2
    glass = palette.plain("roof window", (0.035, 0.045, 0.055), 0.08)
    a, b = half * (1 - up) + 0.45 * np.cos(pitch), half * (1 - up) - 0.45 * np.cos(pitch)
    middle = (x[0] + x[1]) / 2
    za, zb = (eave + (half - d) * np.tan(pitch) + THICK_M + 0.06 for d in (a, b))
    for at in np.atleast_1d(y):
        work.quads(
            [
                [middle + a, at - 0.4, za],
                [middle + a, at + 0.4, za],
                [middle + b, at + 0.4, zb],
                [middle + b, at - 0.4, zb],
            ],
            None,
            glass,
        )


def dormer(
    work: Patchwork,
    x: tuple[float, float],
    y: float,
    eave: float,
    pitch: float,
    palette: Palette,
    *,
    covering: int,
    trim: int,
) -> None:
    """A gabled dormer 1.7 m wide on the street slope of a gable roof with its ridge along y."""
    half, middle = (x[1] - x[0]) / 2, (x[0] + x[1]) / 2
    front, wide = 0.72 * half, 0.85
    base = eave + (half - front) * np.tan(pitch) + 0.5 * THICK_M
    top = base + 1.35
    run = min(1.35 / np.tan(pitch), front)  # where the dormer's roof meets the slope
    f, r = middle + front, middle + front - run
    from simulator.surroundings.walls import Plane

    face = Plane.facing([f, y - wide, base], 0.0)
    slot = palette.bay("casement")
    # The casement fills the face: take the middle of the bay's texture.
    uv = np.array([[0.20, 0.24], [0.80, 0.24], [0.80, 0.84], [0.20, 0.84]])
    work.quads(face.rect(0.0, 0.0, 2 * wide, 1.35), uv, slot)
    for sign in (-1.0, 1.0):
        side = np.array([[f, y + sign * wide, base], [r, y + sign * wide, top], [f, y + sign * wide, top]])
        work.polygons(side if sign < 0 else side[::-1], None, palette.bay("blank"), sides=3)
        ridge, o = top + 0.55, 0.15
        far = middle + front - min((1.35 + 0.55) / np.tan(pitch), front)
        edge = np.array(
            [
                [f + o, y, ridge],
                [f + o, y + sign * (wide + o), top - 0.1],
                [r - 0.3, y + sign * (wide + o), top - 0.1],
                [far, y, ridge],
            ]
        )
        work.metric_quads(edge if sign > 0 else edge[::-1], covering, 2.0)
    gable_face = np.array([[f, y - wide, top], [f, y + wide, top], [f, y, top + 0.55]])
    work.polygons(gable_face, None, trim, sides=3)
