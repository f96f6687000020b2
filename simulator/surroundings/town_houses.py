"""Houses of towns: blocks of flats, town houses in rows, offices, with shops on the ground floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.scene.material import Material, Switch, srgb
from simulator.surroundings import roofs
from simulator.surroundings.facades import awning_cloth, lettering
from simulator.surroundings.plans import FLOOR_M, METAL_TINTS, Plan, bay_count, grid, town_roof, windows
from simulator.surroundings.shapes import emission
from simulator.surroundings.shop_windows import TRADES
from simulator.surroundings.walls import Palette, Plane

# What is written above shops, and which of TRADES their windows show.
SHOPS = {
    "BAKERY": "counter", "CAFE": "tables", "PHARMACY": "shelves", "BOOKS": "shelves", "FLOWERS": "flowers",
    "MARKET": "shelves", "BIKES": "pedestals", "OPTICS": "pedestals", "HAIR": "sheets", "TOYS": "shelves",
    "PIZZA": "tables", "SHOES": "pedestals", "HOTEL": "hall", "TEA ROOM": "tables", "TRAVEL": "sheets",
    "PHOTO": "pedestals", "WINE": "shelves", "KIOSK": "shelves", "FASHION": "clothes", "MUSIC": "sheets",
    "DELI": "counter", "NOODLES": "tables", "TAILOR": "clothes",
}  # fmt: skip
BOARD_CD_M2 = 60.0  # of white on a board lit from behind: in town centres up to 300 or 600 is allowed (ILP, PLG 05)


def flats(plan: Plan) -> tuple[Palette, float]:
    """Block of flats: plaster, brick or concrete panels; balconies; flat roof, or a pitched one on older houses."""
    rng = plan.rng
    palette = plan.palette()
    finish = palette.finish
    storeys = min(int(rng.integers(4, 8 if finish in ("plaster", "panel") else 6)), plan.most_storeys)
    height = float(rng.uniform(2.75, 3.15))
    ground = 4.0 if plan.shop else height
    levels = np.concatenate([[0.0], ground + height * np.arange(storeys)])
    old = finish in ("stone", "brick") or rng.random() < 0.3
    kinds = (
        [str(rng.choice(["sash", "casement"])), "single"] if old else [str(rng.choice(["wide", "casement"])), "french"]
    )
    layouts = []
    for i, (_, width) in enumerate(plan.sides()):
        layout = windows(plan, storeys, bay_count(width), kinds if i % 2 == 0 else [kinds[0], "blank"])
        layouts.append(layout)
    bays = layouts[0].shape[1]
    entrance = int(rng.integers(bays))
    if plan.shop:
        _shop_front(plan, layouts[0], palette, ground)
    layouts[0][0, entrance] = ("door", 0, "", plan.text(plan.look.shop_frames))
    _base_storey(plan, layouts, finish)
    plan.plinth(palette)
    plan.walls(layouts, levels, palette)
    if old:
        _courses(plan, palette, levels)
    step, front = plan.width / bays, plan.sides()[0][0]
    if plan.detail < 2:
        glazed = bool(rng.random() < 0.5)
        for s in range(1, storeys):
            for b in range(bays):
                if layouts[0][s, b][0] == "french":
                    _balcony(plan, front, (b * step + 0.3, (b + 1) * step - 0.3), levels[s], palette, glazed)
    eave = FLOOR_M + float(levels[-1])
    trim = palette.plain("trim", (0.34, 0.33, 0.32))
    if old and plan.depth < 16:
        return palette, town_roof(plan, palette, eave, trim)
    cover = roofs.roof_slot(palette, "gravel", (0.32, 0.31, 0.30))
    top = roofs.flat(plan.work, plan.x, plan.y, eave, covering=cover, trim=trim, parapet_m=float(rng.uniform(0.3, 0.7)))
    if plan.detail < 2:  # lift head and vents
        x, y = rng.uniform(-0.2, 0.2, 2) * [plan.depth, plan.width]
        plan.work.blocks(
            [[x - 2, y - 1.6, eave]], [[x + 2, y + 1.6, eave + 2.4]], palette.bay("blank"), 3.0, bottom=False
        )
        vents = rng.uniform(-0.35, 0.35, (3, 2)) * [plan.depth, plan.width]
        low = np.column_stack([vents - 0.3, np.full(3, eave)])
        plan.work.blocks(low, low + [0.6, 0.6, 0.9], trim, bottom=False)
    return palette, max(top, eave + 2.4)


def townhouse(plan: Plan) -> tuple[Palette, float]:
    """Narrow house in a row: two to four storeys, pitched roof along the street."""
    rng = plan.rng
    palette = plan.palette(kelvin=2800.0)
    storeys, height = min(int(rng.integers(2, 5)), plan.most_storeys), float(rng.uniform(2.7, 3.3))
    ground = 3.8 if plan.shop else height
    levels = np.concatenate([[0.0], ground + height * np.arange(storeys)])
    kinds = [plan.text(plan.look.windows)]
    bays = max(int(round(plan.width / 2.6)), 2)
    layouts = [windows(plan, storeys, bays, kinds)]
    side = grid(storeys, bay_count(plan.depth), ("blank", 0, "", ""))
    if plan.detail < 2:  # a few windows in the gable, seen where the row ends
        for column in rng.permutation(side.shape[1])[: int(rng.integers(1, 3))]:
            side[:, column] = [("single", int(k), "", "") for k in rng.integers(4, size=storeys)]
    layouts.append(side)
    layouts.append(windows(plan, storeys, bays, kinds))
    layouts.append(layouts[1])
    if plan.shop:
        _shop_front(plan, layouts[0], palette, ground)
    else:
        layouts[0][0, int(rng.integers(bays))] = (
            "door",
            0,
            "",
            plan.text(plan.look.shop_frames),
        )
    _base_storey(plan, layouts, palette.finish)
    plan.plinth(palette)
    plan.walls(layouts, levels, palette)
    trim = palette.plain("trim", (0.36, 0.33, 0.29))
    eave = FLOOR_M + float(levels[-1])
    _courses(plan, palette, levels)
    return palette, town_roof(plan, palette, eave, trim)


def _base_storey(plan: Plan, layouts: list[NDArray[np.object_]], finish: str) -> None:
    """The ground floor in stone or brick under plaster, as on many houses of the 19th century."""
    if finish != "plaster" or plan.detail == 2 or plan.rng.random() < 0.55:
        return
    base = str(plan.rng.choice(["stone", "stone", "clinker"]))
    for layout in layouts:
        for b in range(layout.shape[1]):
            opening, variant, own, frame = layout[0, b]
            layout[0, b] = (opening, variant, own or base, frame)


def _courses(plan: Plan, palette: Palette, levels: NDArray[np.float64]) -> None:
    """String courses between the storeys of the front and a cornice below the eave."""
    if plan.detail == 2:
        return
    trim, front = palette.plain("course", (0.40, 0.38, 0.34)), plan.sides()[0][0]
    top = float(levels[-1])
    front.block(plan.work, (0.0, plan.width), (top - 0.28, top), (0.0, 0.2), trim)
    shown = levels[1:2] if plan.rng.random() < 0.6 else levels[1:-1]
    for level in shown.tolist():
        front.block(plan.work, (0.0, plan.width), (level - 0.12, level + 0.06), (0.0, 0.07), trim)


def office(plan: Plan) -> tuple[Palette, float]:
    """Office block with curtain walls or bands of windows."""
    rng = plan.rng
    storeys, height = int(rng.integers(5, 11)), 3.4
    curtain = bool(rng.random() < 0.5)
    finish = "glass" if curtain else str(rng.choice(["panel", "stone", "metal"]))
    tint = plan.pick(METAL_TINTS) if finish == "metal" else (1.0, 1.0, 1.0)
    palette = Palette(finish, tint, "anthracite", 4000.0, 220.0)
    levels = height * np.arange(storeys + 1)
    kind = "curtain" if curtain else "strip"
    layouts = [grid(storeys, bay_count(width), (kind, 0, "", "")) for _, width in plan.sides()]
    if plan.detail < 2:
        bays = layouts[0].shape[1]
        for b in range(bays):
            layouts[0][0, b] = ("shop", 0, "stone", "anthracite")
        layouts[0][0, bays // 2] = ("shop door", 0, "stone", "anthracite")
    plan.plinth(palette)
    plan.walls(layouts, levels, palette)
    trim = palette.plain("trim", (0.22, 0.23, 0.24))
    eave = FLOOR_M + float(levels[-1])
    cover = roofs.roof_slot(palette, "gravel", (0.32, 0.31, 0.30))
    roofs.flat(plan.work, plan.x, plan.y, eave, covering=cover, trim=trim, parapet_m=0.9)
    plan.work.blocks([[-3.0, -4.0, eave]], [[3.0, 4.0, eave + 2.8]], trim, bottom=False)
    return palette, eave + 2.8


def _shop_front(plan: Plan, layout: NDArray[np.object_], palette: Palette, level: float) -> None:
    """Turn the ground floor into shops, with boards and awnings; `level` is the height of the first floor."""
    bays = layout.shape[1]
    step, front = plan.width / bays, plan.sides()[0][0]
    b = 0
    while b < bays:
        size = min(int(plan.rng.integers(2, 4)), bays - b)
        frame = plan.text(plan.look.shop_frames)
        door = b + int(plan.rng.integers(size))
        word = tuple(SHOPS)[int(plan.rng.integers(len(SHOPS)))]
        shown = 2 * tuple(TRADES).index(SHOPS[word])
        for j in range(b, b + size):
            layout[0, j] = ("shop door" if j == door else "shop", shown + j % 2, "", frame)
        if plan.detail < 2:
            _shop_board(plan, front, palette, word, (b * step + 0.25, (b + size) * step - 0.25), level)
        b += size


def _shop_board(plan: Plan, front: Plane, palette: Palette, word: str, span: tuple[float, float], level: float) -> None:
    """Lettered board above a shop and, often, a sloping awning."""
    schemes = (
        (srgb("#f4f1e6"), srgb("#20303c")), (srgb("#f6e9b0"), srgb("#6b1d1d")), (srgb("#202020"), srgb("#e9e4d4")),
        (srgb("#ffffff"), srgb("#1e5a3a")), (srgb("#c21f2b"), srgb("#f2f2f2")), (srgb("#ffffff"), srgb("#20468a")),
    )  # fmt: skip
    scheme = int(plan.rng.integers(len(schemes)))
    (ink, ground), lit = schemes[scheme], (tuple(SHOPS).index(word) + scheme) % 3 > 0
    shine = emission(BOARD_CD_M2, 6000.0) if lit else (0.0, 0.0, 0.0)
    texture = lettering(word, ink, ground, lit=lit)
    board = palette.slot(
        f"board {word} {ground}",
        Material(f"board {word}", (1.0, 1.0, 1.0), texture, 0.5, emission_cd_m2=shine, switch=Switch.STREET),
    )
    x0, x1 = span
    middle, half = (x0 + x1) / 2, min((x1 - x0) / 2, 2.6)
    low = 0.83 * level
    plan.work.quads(
        front.rect(middle - half, low, middle + half, low + half / 4, 0.12), [[0, 0], [1, 0], [1, 1], [0, 1]], board
    )
    front.block(
        plan.work,
        (middle - half, middle + half),
        (low, low + half / 4),
        (0.0, 0.115),
        palette.plain("board edge", ground),
    )
    if plan.rng.random() < 0.45:
        tint = plan.pick(tuple(srgb(c) for c in ("#8c1f24", "#1f4a34", "#c9b27c", "#27456b", "#d9d2c0")))
        striped = bool(plan.rng.random() < 0.6)
        cloth = palette.slot(f"awning {word}", Material(f"awning {tint} {striped}", tint, awning_cloth(striped), 0.9))
        _awning(plan, front, (x0, x1), low - 0.05, cloth)


def _awning(plan: Plan, front: Plane, x: tuple[float, float], z: float, cloth: int) -> None:
    """Awning let out over a shop window: a slope with two sides and a valance."""
    reach, fall, hang = 1.2, 0.55, 0.22
    (x0, x1), low = x, z - fall
    top = np.stack([front.at(x0, low, reach), front.at(x1, low, reach), front.at(x1, z, 0.02), front.at(x0, z, 0.02)])
    plan.work.metric_quads(top, cloth)
    plan.work.metric_quads(top[::-1] - [0.0, 0.0, 0.01], cloth)  # seen from below
    plan.work.metric_quads(front.rect(x0, low - hang, x1, low, reach), cloth)
    for at in (x0, x1):
        corners = np.stack([front.at(at, low, 0.02), front.at(at, low, reach), front.at(at, low + 0.01, reach)])
        side = np.concatenate([corners, front.at(at, z, 0.02)[None]])
        plan.work.metric_quads(np.stack([side, side[::-1]]), cloth)


def _balcony(plan: Plan, front: Plane, x: tuple[float, float], z: float, palette: Palette, glazed: bool) -> None:
    """Slab with a railing in front of a French window."""
    slab = palette.plain("balcony", (0.38, 0.37, 0.36))
    rail = palette.plain("railing", (0.10, 0.13, 0.15) if glazed else (0.30, 0.31, 0.32), 0.3)
    d = 1.25
    front.block(plan.work, x, (z - 0.18, z), (0.0, d), slab)
    (x0, x1), top, low = x, z + 1.0, z + 0.08
    plan.work.metric_quads(front.rect(x0, low, x1, top, d - 0.03), rail)
    for at in x:
        side = np.stack([front.at(at, low, 0.0), front.at(at, low, d), front.at(at, top, d), front.at(at, top, 0.0)])
        plan.work.metric_quads(side, rail)
    front.block(plan.work, (x0, x1), (top, top + 0.05), (d - 0.06, d), palette.plain("hand rail", (0.2, 0.2, 0.2), 0.4))
