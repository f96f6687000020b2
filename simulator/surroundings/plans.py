"""What all houses share: the plan that makers fill, the look of a place, window grids, roofs along the street."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.scene.material import Rgb, srgb
from simulator.surroundings import roofs
from simulator.surroundings.facades import BAY_M
from simulator.surroundings.shapes import Patchwork
from simulator.surroundings.walls import Cell, Palette, Plane, wall

FLOOR_M = 0.18  # ground floor above the ground

# Facade paints as they are used on European streets (linear reflectance from sRGB); plaster multiplies by 0.86.
PAINTS = tuple(
    srgb(code)
    for code in (
        "#f1ece0", "#e9e2d0", "#e5d3ac", "#dcc48e", "#d9b98b", "#e2c7b4", "#d3a58c", "#cfd4cc", "#bcc7bd", "#c6ced6",
        "#d8d8d4", "#f5f3ee", "#e8dccb", "#c9b7a2", "#b47a6a", "#c98d5e", "#9fb0b8", "#e2ca8e",
    )
)  # fmt: skip
TILE_TINTS = tuple(srgb(c) for c in ("#9c4a33", "#8a3e2c", "#a85b3c", "#6f3a2c", "#5b4a42", "#4c4a4a", "#7c5140"))
SLATE_TINTS = tuple(srgb(c) for c in ("#4a4e55", "#3f4247", "#565a60"))
METAL_TINTS = tuple(srgb(c) for c in ("#c8ccd0", "#9fb1bf", "#b7c3b4", "#d9d5c8", "#7f93a8", "#c2a79a"))


@dataclass(frozen=True, slots=True)
class Look:
    """What the houses of one place have in common, so that a street holds together and textures are shared.

    Attributes:
        finishes: wall finishes, repeated by weight.
        frames: colours of window frames.
        windows: kinds of windows.
        paints: colours of plaster and boards.
        tiles: colours of roofs.
        slate: share of slated roofs.
        shop_frames: colours of shop fronts and doors.
    """

    finishes: tuple[str, ...]
    frames: tuple[str, ...]
    windows: tuple[str, ...]
    paints: tuple[Rgb, ...]
    tiles: tuple[Rgb, ...]
    slate: float
    shop_frames: tuple[str, ...]


def look(rng: np.random.Generator) -> Look:
    """Draw the look of a place."""
    regions = (("plaster",) * 4 + ("brick",), ("brick",) * 3 + ("plaster", "clinker"), ("plaster",) * 3 + ("stone",),
               ("plaster",) * 2 + ("yellow brick", "panel"), ("plaster", "panel", "plaster", "clinker"))  # fmt: skip
    pairs = (("casement", "single"), ("sash", "single"), ("wide", "casement"), ("casement", "wide"))
    return Look(
        finishes=regions[int(rng.integers(len(regions)))],
        frames=("white", str(rng.choice(["white", "brown", "anthracite", "green"]))),
        windows=pairs[int(rng.integers(len(pairs)))],
        paints=tuple(PAINTS[i] for i in sorted(rng.choice(len(PAINTS), 8, replace=False).tolist())),
        tiles=tuple(TILE_TINTS[i] for i in sorted(rng.choice(len(TILE_TINTS), 3, replace=False).tolist())),
        slate=float(rng.choice([0.1, 0.3, 0.7])),
        shop_frames=tuple(
            str(f) for f in rng.choice(["anthracite", "green", "red", "brown", "white"], 2, replace=False)
        ),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What the maker of a house is given: polygon collector, random stream, footprint, level of detail, look."""

    work: Patchwork
    rng: np.random.Generator
    width: float
    depth: float
    detail: int
    shop: bool
    look: Look
    most_storeys: int = 8

    @property
    def x(self) -> tuple[float, float]:
        """Back and front of the footprint."""
        return -self.depth / 2, self.depth / 2

    @property
    def y(self) -> tuple[float, float]:
        """Right and left end of the footprint."""
        return -self.width / 2, self.width / 2

    def pick(self, choices: tuple[Rgb, ...]) -> Rgb:
        """One of some colours."""
        return choices[int(self.rng.integers(len(choices)))]

    def palette(self, *, paint: tuple[str, ...] = ("plaster",), kelvin: float = 2900.0) -> Palette:
        """A palette in the look of the place; finishes in `paint` take one of its paints."""
        finish = self.text(self.look.finishes)
        tint = self.pick(self.look.paints) if finish in paint else (1.0, 1.0, 1.0)
        return Palette(finish, tint, self.text(self.look.frames), round(kelvin * self.rng.uniform(0.88, 1.15), -2))

    def text(self, choices: tuple[str, ...]) -> str:
        """One of some names."""
        return choices[int(self.rng.integers(len(choices)))]

    def covering(self, palette: Palette) -> int:
        """Slot of a pitched roof's tiles or slates."""
        if self.rng.random() < self.look.slate:
            return roofs.roof_slot(palette, "slate", self.pick(SLATE_TINTS))
        return roofs.roof_slot(palette, "tiles", self.pick(self.look.tiles))

    def sides(self) -> list[tuple[Plane, float]]:
        """Front, left, back and right wall with their widths, as seen from outside."""
        (x0, x1), (y0, y1) = self.x, self.y
        return [
            (Plane.facing([x1, y0, FLOOR_M], 0.0), self.width),
            (Plane.facing([x1, y1, FLOOR_M], np.pi / 2), self.depth),
            (Plane.facing([x0, y1, FLOOR_M], np.pi), self.width),
            (Plane.facing([x0, y0, FLOOR_M], -np.pi / 2), self.depth),
        ]

    def plinth(self, palette: Palette, color: Rgb = (0.16, 0.155, 0.15)) -> None:
        """Foundation from 3 m below the ground up to the floor."""
        (x0, x1), (y0, y1) = self.x, self.y
        slot = palette.plain("plinth", color)
        e = 0.04
        self.work.blocks([[x0 - e, y0 - e, -3.0]], [[x1 + e, y1 + e, FLOOR_M]], slot, bottom=False)

    def walls(self, layouts: list[NDArray[np.object_]], levels: ArrayLike, palette: Palette) -> None:
        """All four walls; only the front is ever deep."""
        for i, ((plane, width), layout) in enumerate(zip(self.sides(), layouts)):
            wall(self.work, plane, width, levels, layout, palette, deep=self.detail == 0 and i == 0)


def grid(storeys: int, bays: int, cell: Cell) -> NDArray[np.object_]:
    """(storeys, bays) layout of equal cells."""
    out = np.empty((storeys, bays), object)
    for i in range(storeys):
        for j in range(bays):
            out[i, j] = cell
    return out


def windows(plan: Plan, storeys: int, bays: int, kinds: list[str]) -> NDArray[np.object_]:
    """Windows by column, mirrored about the middle; curtains and blinds at random."""
    if plan.detail == 2:
        return grid(storeys, bays, (kinds[0], 1, "", ""))
    half = [kinds[0]] + [kinds[int(plan.rng.integers(len(kinds)))] for _ in range((bays - 1) // 2)]
    columns = half + half[: bays // 2][::-1]
    out = np.empty((storeys, bays), object)
    variants = plan.rng.choice(4, (storeys, bays), p=[0.22, 0.28, 0.2, 0.3])
    for i in range(storeys):
        for j in range(bays):
            out[i, j] = (columns[j], int(variants[i, j]), "", "")
    return out


def bay_count(width: float) -> int:
    """Number of bays in a wall."""
    return max(int(round(width / BAY_M)), 1)


def rain_pipes(plan: Plan, palette: Palette, eave: float) -> None:
    """Rain pipes at the front corners."""
    if plan.detail > 1:
        return
    pipe = palette.plain("rain pipe", (0.28, 0.29, 0.30), 0.5, 0.6)
    front = plan.sides()[0][0]
    for x in (0.12, plan.width - 0.22):
        front.block(plan.work, (x, x + 0.1), (0.0, eave - FLOOR_M), (0.0, 0.1), pipe)


def town_roof(plan: Plan, palette: Palette, eave: float, trim: int) -> float:
    """Steep tiled or slated roof along the street with dormers and chimneys."""
    rng = plan.rng
    slate = rng.random() < 0.35
    cover = roofs.roof_slot(
        palette, *(("slate", plan.pick(SLATE_TINTS)) if slate else ("tiles", plan.pick(TILE_TINTS)))
    )
    pitch = float(np.radians(rng.uniform(36, 46)))
    top = roofs.gable(
        plan.work, plan.x, plan.y, eave, pitch, along="y", covering=cover, trim=trim, end=palette.bay("blank")
    )
    if plan.detail < 2:
        count = max(int(plan.width / 4.2), 1)
        spots = plan.y[0] + (np.arange(count) + 0.5) * plan.width / count
        if rng.random() < 0.6:
            for y in spots:
                roofs.dormer(plan.work, plan.x, float(y), eave, pitch, palette, covering=cover, trim=trim)
        else:
            roofs.roof_windows(plan.work, plan.x, spots, eave, pitch, palette)
        brick = palette.bay("blank", finish="brick")
        for side in (-1,) if plan.width < 10 else (-1, 1):
            y = side * (plan.width / 2 - 0.8)
            roofs.chimney(plan.work, -0.6, y, top - 1.4, top + 0.9, brick, trim, 3.0)
        rain_pipes(plan, palette, eave)
    return top + 1.0
