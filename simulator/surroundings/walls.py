"""Walls of bays: a grid of openings by storey becomes textured quads, with real reveals and sills where it is near."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.scene.material import Material, Rgb, Switch
from simulator.surroundings.facades import OPENINGS, bay_texture
from simulator.surroundings.shapes import F64, Patchwork, emission

Cell = tuple[str, int, str, str]  # opening, variant, finish and frame of a bay; "" for the building's own


@dataclass(slots=True)
class Palette:
    """Material slots of one building, created when first used.

    Attributes:
        finish: wall finish of the bays.
        tint: albedo that multiplies the wall texture.
        frame: colour of window frames.
        light_k: colour temperature behind the windows, kelvin.
        light_cd_m2: luminance of the brightest places in a lit window; rooms show 5 to 60 cd/m2 on average (a wall
            under 50 to 200 lx, through curtains), shops SHOPS times as much.
    """

    finish: str
    tint: Rgb
    frame: str
    light_k: float = 2900.0
    light_cd_m2: float = 70.0
    materials: list[Material] = field(default_factory=list)
    _slots: dict[str, int] = field(default_factory=dict)

    def slot(self, key: str, material: Material) -> int:
        """Slot of a material under a name of your own."""
        if key not in self._slots:
            self._slots[key] = len(self.materials)
            self.materials.append(material)
        return self._slots[key]

    def bay(self, opening: str, variant: int = 0, *, finish: str = "", frame: str = "") -> int:
        """Slot of a bay with `opening`; another finish or frame than the building's own if given."""
        wall, bars = finish or self.finish, frame or self.frame
        key = f"{wall} {opening} {bars} {variant}"
        if key in self._slots:
            return self._slots[key]
        texture = bay_texture(wall, opening, bars, variant)
        bright = self.light_cd_m2 * (SHOPS[variant % len(SHOPS)] if opening.startswith("shop") else 1.0)
        shine = emission(bright, 4000.0 if opening.startswith("shop") else self.light_k)
        rough = 0.35 if wall in ("glass", "metal") else 0.9
        material = Material(
            key,
            self.tint,
            texture,
            rough,
            emission_cd_m2=shine,
            switch=Switch.WINDOWS,
            reflectance_905=_LIDAR.get(wall, 0.5),
        )
        return self.slot(key, material)

    def plain(self, name: str, color: Rgb, rough: float = 0.8, metallic: float = 0.0) -> int:
        """Slot of an untextured material."""
        return self.slot(name, Material(name, color, roughness=rough, metallic=metallic))


# Shop windows over rooms, at their brightest (the lamps): those lit for the evening show 15 to 40 cd/m2 in the mean, a
# third of 150 to 400 lx; others have closed and keep a few lamps on.
SHOPS = (2.6, 1.0)

# Reflectance at 905 nm of building materials, rounded from the spectral library values of the usual tables.
_LIDAR = {"brick": 0.35, "clinker": 0.25, "yellow brick": 0.5, "panel": 0.4, "stone": 0.4, "glass": 0.1, "planks": 0.5}


_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Plane:
    """An upright wall: `origin` (3,) is its lower left corner seen from outside; `right` and `out` are unit vectors."""

    origin: F64
    right: F64
    out: F64

    @staticmethod
    def facing(origin: ArrayLike, yaw: float) -> Plane:
        """Wall whose outward normal points towards `yaw`."""
        out = np.array([np.cos(yaw), np.sin(yaw), 0.0])
        return Plane(np.asarray(origin, np.float64), np.array([-out[1], out[0], 0.0]), out)

    def at(self, x: ArrayLike, y: ArrayLike, depth: ArrayLike = 0.0) -> F64:
        """(..., 3) points at `x` along, `y` up and `depth` outwards, metres."""
        across, up, out = (np.asarray(a, np.float64)[..., None] for a in (x, y, depth))
        return np.asarray(self.origin + across * self.right + up * _UP + out * self.out)

    def rect(self, x0: ArrayLike, y0: ArrayLike, x1: ArrayLike, y1: ArrayLike, depth: ArrayLike = 0.0) -> F64:
        """(..., 4, 3) corners of upright rectangles, counter-clockwise from outside."""
        x = np.stack(np.broadcast_arrays(x0, x1, x1, x0), -1)
        y = np.stack(np.broadcast_arrays(y0, y0, y1, y1), -1)
        return self.at(x, y, np.asarray(depth)[..., None])

    def block(
        self, work: Patchwork, x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], slot: int
    ) -> None:
        """Add a box spanning `x` along, `y` up, `z` outwards (from, to); the side against the wall is left out."""
        (x0, x1), (y0, y1), (z0, z1) = x, y, z
        a, b = self.at([x0, x1, x1, x0], [y0, y0, y1, y1], z0), self.at([x0, x1, x1, x0], [y0, y0, y1, y1], z1)
        sides = [b] + [np.stack([a[i], a[(i + 1) % 4], b[(i + 1) % 4], b[i]]) for i in range(4)]
        work.metric_quads(np.stack(sides), slot)


REVEAL_M = 0.14


def wall(
    work: Patchwork,
    plane: Plane,
    width_m: float,
    levels_m: ArrayLike,
    layout: NDArray[np.object_],
    palette: Palette,
    *,
    deep: bool = False,
) -> None:
    """Build one wall.

    Args:
        work: collects the polygons.
        plane: where it stands; its origin is at the first level.
        width_m: width of the wall.
        levels_m: (S + 1,) heights of the floors above the plane's origin.
        layout: (S, B) entries `(opening, variant, finish, frame)`; "" for the building's own finish or frame.
        palette: material slots.
        deep: cut real reveals and add sills.
    """
    levels = np.asarray(levels_m, np.float64)
    storeys, bays = layout.shape
    alike = all(cell == layout[0, 0] for cell in layout.flat) and np.ptp(np.diff(levels)) < 1e-6
    runs = [(0, 0, bays, storeys)] if alike and not deep else _runs(layout, deep)
    cells = np.array(runs)
    kinds = [layout[s, b] for b, s, _, _ in runs]
    slots = np.array([palette.bay(opening, variant, finish=f, frame=c) for opening, variant, f, c in kinds])
    x0, x1 = cells[:, 0] * (width_m / bays), cells[:, 2] * (width_m / bays)
    y0, y1 = levels[cells[:, 1]], levels[cells[:, 3]]
    u0, v0, u1, v1 = cells.T.astype(np.float64)
    cut = np.array([deep and _is_cut(kind[0]) for kind in kinds])
    whole = ~cut
    work.quads(plane.rect(x0[whole], y0[whole], x1[whole], y1[whole]), _uv(u0, v0, u1, v1)[whole], slots[whole])
    if cut.any():
        holes = np.array([OPENINGS[kind[0]].rect for kind, c in zip(kinds, cut) if c])
        sills = np.array([OPENINGS[kind[0]].sill for kind, c in zip(kinds, cut) if c])
        box = np.stack([x0, y0, x1, y1], 1)[cut]
        _deep_bays(work, plane, box, cells[cut].astype(np.float64), holes, sills, slots[cut], palette)


def _is_cut(opening: str) -> bool:
    """Whether a near bay gets real reveals: it has a hole that leaves wall on all sides."""
    return OPENINGS[opening].rect is not None and opening not in ("curtain", "strip")


def _runs(layout: NDArray[np.object_], deep: bool) -> list[tuple[int, int, int, int]]:
    """Left bay, storey, right bay, next storey of each quad: bays that look alike join, unless they get reveals."""
    out = []
    for s, row in enumerate(layout):
        start = 0
        for b in range(1, len(row) + 1):
            if b == len(row) or row[b] != row[start] or (deep and _is_cut(row[b][0])):
                out.append((start, s, b, s + 1))
                start = b
    return out


def _deep_bays(
    work: Patchwork, plane: Plane, box: F64, texture: F64, holes: F64, sills: NDArray[np.bool_],
    slots: NDArray[np.int64], palette: Palette,
) -> None:  # fmt: skip
    """(N,) bays with their openings set back into the wall; the texture runs on as if they were flat.

    `box` and `texture` (N, 4) are left, bottom, right, top in metres and in repeats, `holes` (N, 4) the openings.
    """

    def lines(span: F64, a: int, b: int) -> F64:
        """The four lines that cut each bay along one axis."""
        low, size = span[:, a, None], (span[:, b] - span[:, a])[:, None]
        return low + size * np.column_stack([np.zeros(len(span)), holes[:, a], holes[:, b], np.ones(len(span))])

    x, y, u, v = lines(box, 0, 2), lines(box, 1, 3), lines(texture, 0, 2), lines(texture, 1, 3)
    corners, uv, owner = [], [], []
    for a, b, c, d in ((0, 0, 3, 1), (0, 2, 3, 3), (0, 1, 1, 2), (2, 1, 3, 2)):  # below, above, left, right of the hole
        real = (x[:, c] - x[:, a] > 1e-6) & (y[:, d] - y[:, b] > 1e-6)
        corners.append(plane.rect(x[real, a], y[real, b], x[real, c], y[real, d]))
        uv.append(_uv(u[real, a], v[real, b], u[real, c], v[real, d]))
        owner.append(slots[real])
    hole = plane.rect(x[:, 1], y[:, 1], x[:, 2], y[:, 2])
    back = hole - REVEAL_M * plane.out
    corners.append(back)
    uv.append(_uv(u[:, 1], v[:, 1], u[:, 2], v[:, 2]))
    owner.append(slots)
    for i in range(4):  # reveals take the wall's texture from beside the opening
        j = (i + 1) % 4
        corners.append(np.stack([back[:, i], back[:, j], hole[:, j], hole[:, i]], 1))
        uv.append(_uv(u[:, 0] + 0.02, v[:, 1], u[:, 0] + 0.06, v[:, 2]))
        owner.append(slots)
    work.quads(np.concatenate(corners), np.concatenate(uv), np.concatenate(owner))
    if sills.any():
        _sills(
            work, plane, x[sills, 1] - 0.06, x[sills, 2] + 0.06, y[sills, 1], palette.plain("sill", (0.42, 0.41, 0.39))
        )


def _sills(work: Patchwork, plane: Plane, x0: F64, x1: F64, top: F64, slot: int) -> None:
    low, reach = top - 0.05, 0.09
    above = np.stack([plane.at(x0, top, reach), plane.at(x1, top, reach), plane.at(x1, top), plane.at(x0, top)], 1)
    below = np.stack([plane.at(x0, low), plane.at(x1, low), plane.at(x1, low, reach), plane.at(x0, low, reach)], 1)
    work.quads(np.concatenate([above, plane.rect(x0, low, x1, top, reach), below]), None, slot)


def _uv(u0: F64, v0: F64, u1: F64, v1: F64) -> F64:
    """(N, 4, 2) texture coordinates of rectangles."""
    return np.stack([np.stack([u0, v0], 1), np.stack([u1, v0], 1), np.stack([u1, v1], 1), np.stack([u0, v1], 1)], 1)
