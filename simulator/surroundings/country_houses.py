"""Houses of suburbs, villages and works: family houses, garages, halls, barns, churches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.scene.material import Material, srgb
from simulator.surroundings import roofs
from simulator.surroundings.facades import lettering
from simulator.surroundings.plans import FLOOR_M, METAL_TINTS, SLATE_TINTS, Plan, bay_count, grid, rain_pipes, windows
from simulator.surroundings.walls import Palette, Plane, wall

FIRMS = ("ALTMETAL", "NORDLOG", "VIATEC", "KERN", "AGRIMA", "STORAGE", "TYRES", "MODULA", "ROTEX", "CARGO HALL")


def detached(plan: Plan) -> tuple[Palette, float]:
    """Family house: one or two storeys, gable or hip roof, porch, chimney."""
    rng = plan.rng
    palette = plan.palette(paint=("plaster", "timber"), kelvin=2800.0)
    if rng.random() < 0.15:
        palette.finish, palette.tint = "timber", plan.pick(plan.look.paints)
    storeys, height = int(rng.choice([1, 1, 2])), float(rng.uniform(2.6, 2.9))
    levels = height * np.arange(storeys + 1)
    kinds = [plan.text(plan.look.windows), plan.text(("single", "casement", "blank"))]
    layouts = [windows(plan, storeys, bay_count(width), kinds) for _, width in plan.sides()]
    door = int(rng.integers(layouts[0].shape[1]))
    layouts[0][0, door] = ("door", 0, "", plan.text(plan.look.shop_frames))
    plan.plinth(palette)
    plan.walls(layouts, levels, palette)
    eave = FLOOR_M + float(levels[-1])
    trim = palette.plain("eaves", srgb(str(rng.choice(["#6a4a32", "#e8e4dc", "#4a4a4a"]))))
    cover = plan.covering(palette)
    pitch = float(np.radians(rng.uniform(28, 46)))
    if rng.random() < 0.3:
        top = roofs.hip(plan.work, plan.x, plan.y, eave, pitch * 0.8, covering=cover, trim=trim)
    else:
        along = "y" if rng.random() < 0.6 else "x"
        end = palette.bay("single", 1) if plan.detail < 2 else palette.bay("blank")
        top = roofs.gable(plan.work, plan.x, plan.y, eave, pitch, along=along, covering=cover, trim=trim, end=end)
        if along == "y" and plan.detail < 2:
            spots = np.array([-0.22, 0.22]) * plan.width
            if rng.random() < 0.35:
                roofs.dormer(plan.work, plan.x, float(spots[0]), eave, pitch, palette, covering=cover, trim=trim)
            else:
                roofs.roof_windows(plan.work, plan.x, spots, eave, pitch, palette)
    if plan.detail < 2:
        brick = palette.bay("blank", finish="clinker")
        roofs.chimney(plan.work, 0.0, 0.25 * plan.width * rng.choice([-1, 1]), eave + 1.0, top + 0.7, brick, trim, 3.0)
        _porch(plan, palette, door, layouts[0].shape[1], trim)
        rain_pipes(plan, palette, eave)
    return palette, top + 0.7


def _porch(plan: Plan, palette: Palette, door: int, bays: int, trim: int) -> None:
    """Step and canopy at the front door."""
    front, step = plan.sides()[0][0], plan.width / bays
    x = (door + 0.5) * step
    front.block(plan.work, (x - 0.9, x + 0.9), (-0.18, -0.02), (0.0, 0.9), palette.plain("step", (0.33, 0.32, 0.31)))
    front.block(plan.work, (x - 0.95, x + 0.95), (2.25, 2.37), (0.0, 1.0), trim)
    for post in (-0.85, 0.75):
        front.block(plan.work, (x + post, x + post + 0.1), (-0.05, 2.25), (0.8, 0.9), trim)


def garage(plan: Plan) -> tuple[Palette, float]:
    """Single or double garage with a flat or sloping roof."""
    rng = plan.rng
    palette = Palette("plaster", plan.pick(plan.look.paints), plan.text(("white", "grey", "brown")))
    levels = np.array([0.0, 2.6])
    bays = bay_count(plan.width)
    layouts = [
        grid(1, bays, ("garage", 0, "", "")),
        *(grid(1, bay_count(w), ("blank", 0, "", "")) for _, w in plan.sides()[1:]),
    ]
    plan.plinth(palette)
    plan.walls(layouts, levels, palette)
    trim = palette.plain("trim", (0.2, 0.2, 0.2))
    eave = FLOOR_M + 2.6
    if rng.random() < 0.5:
        cover = roofs.roof_slot(palette, "gravel", (0.3, 0.3, 0.29))
        return palette, roofs.flat(plan.work, plan.x, plan.y, eave, covering=cover, trim=trim, parapet_m=0.15)
    cover = roofs.roof_slot(palette, "tiles", plan.pick(plan.look.tiles))
    end = palette.bay("blank")
    top = roofs.gable(plan.work, plan.x, plan.y, eave, 0.5, along="x", covering=cover, trim=trim, end=end)
    return palette, top


def hall(plan: Plan) -> tuple[Palette, float]:
    """Industrial hall of corrugated sheet with gates, a band of windows and the firm's name."""
    rng = plan.rng
    palette = Palette(
        "metal", plan.pick(METAL_TINTS), str(rng.choice(["grey", "red", "anthracite", "green"])), 4000.0, 45.0
    )
    storeys = int(rng.integers(2, 4))
    levels = np.concatenate([[0.0], 4.2 + 3.0 * np.arange(storeys)])
    layouts = [grid(storeys, bay_count(width), ("blank", 0, "", "")) for _, width in plan.sides()]
    for layout in layouts:
        layout[-1, :] = [("factory", 0, "", "")] * layout.shape[1] if rng.random() < 0.7 else layout[-1, :]
    bays = layouts[0].shape[1]
    gates = rng.choice(bays, min(3, bays), replace=False)
    for b in gates:
        layouts[0][0, b] = ("gate", 0, "", "")
    layouts[0][0, (int(gates[0]) + 1) % bays] = ("door", 0, "", "")
    plan.plinth(palette)
    plan.walls(layouts, levels, palette)
    eave = FLOOR_M + float(levels[-1])
    trim = palette.plain("trim", (0.2, 0.22, 0.25))
    front = plan.sides()[0][0]
    if plan.detail < 2:
        _docks(plan, front, palette, np.sort(gates), plan.width / bays)
        word = FIRMS[int(rng.integers(len(FIRMS)))]
        board = palette.slot(
            "firm", Material(f"board {word}", (1.0, 1.0, 1.0), lettering(word, srgb("#f2f2f2"), srgb("#24476e")), 0.5)
        )
        w = min(0.4 * plan.width, 9.0)
        x0, z0 = 0.08 * plan.width, float(levels[-2]) - 0.3 - w / 8
        plan.work.quads(front.rect(x0, z0, x0 + w, z0 + w / 8, 0.1), [[0, 0], [1, 0], [1, 1], [0, 1]], board)
    if rng.random() < 0.5:
        cover = roofs.roof_slot(palette, "seam", (0.42, 0.43, 0.44))
        top = roofs.gable(
            plan.work, plan.x, plan.y, eave, 0.17, along="y", covering=cover, trim=trim, end=palette.bay("blank")
        )
    else:
        cover = roofs.roof_slot(palette, "gravel", (0.34, 0.33, 0.32))
        top = roofs.flat(plan.work, plan.x, plan.y, eave, covering=cover, trim=trim, parapet_m=0.6)
    return palette, top


def _docks(plan: Plan, front: Plane, palette: Palette, gates: NDArray[np.int64], bay_m: float) -> None:
    """What stands about the gates of a hall: black cushions that lorries back up to, or posts that keep them off."""
    rubber, yellow = palette.plain("rubber", (0.025, 0.025, 0.027)), palette.plain("yellow", srgb("#d8a514"))
    dock, canopy = palette.plain("dock", (0.3, 0.3, 0.29)), palette.plain("canopy", (0.4, 0.4, 0.41))
    for k, bay in enumerate(gates.tolist()):
        x0, x1 = (bay + 0.04) * bay_m, (bay + 0.96) * bay_m
        if k % 2 == 0:
            for x in ((x0 - 0.1, x0 + 0.3), (x1 - 0.3, x1 + 0.1)):
                front.block(plan.work, x, (0.0, 3.6), (0.0, 0.55), rubber)
            front.block(plan.work, (x0 - 0.1, x1 + 0.1), (3.2, 4.0), (0.0, 0.6), rubber)
            front.block(plan.work, (x0 + 0.3, x1 - 0.3), (0.0, 1.1), (0.0, 0.12), dock)
            for x in (x0 + 0.45, x1 - 0.7):
                front.block(plan.work, (x, x + 0.25), (0.75, 1.15), (0.12, 0.3), rubber)
        else:
            front.block(plan.work, (x0 - 0.2, x1 + 0.2), (4.0, 4.12), (0.0, 1.5), canopy)
        for x in (x0 - 0.45, x1 + 0.3):
            front.block(plan.work, (x, x + 0.15), (-0.2, 1.0), (0.9, 1.05), yellow)


def barn(plan: Plan) -> tuple[Palette, float]:
    """Barn of weathered planks under a large tiled or sheet roof."""
    rng = plan.rng
    palette = Palette("planks", (1.0, 1.0, 1.0), str(rng.choice(["brown", "green", "red"])), 2700.0, 15.0)
    height = float(rng.uniform(3.6, 5.0))
    layouts = [grid(1, bay_count(width), ("blank", 0, "", "")) for _, width in plan.sides()]
    layouts[0][0, layouts[0].shape[1] // 2] = ("barn", 0, "", "")
    plan.plinth(palette, (0.25, 0.24, 0.22))
    plan.walls(layouts, np.array([0.0, height]), palette)
    sheet = rng.random() < 0.4
    cover = roofs.roof_slot(
        palette, *(("seam", (0.35, 0.36, 0.37)) if sheet else ("tiles", plan.pick(plan.look.tiles)))
    )
    trim = palette.plain("trim", (0.16, 0.12, 0.09))
    top = roofs.gable(
        plan.work,
        plan.x,
        plan.y,
        FLOOR_M + height,
        0.75,
        along="y",
        covering=cover,
        trim=trim,
        end=palette.bay("blank"),
    )
    return palette, top


def church(plan: Plan) -> tuple[Palette, float]:
    """Village church: nave, tower at the street end, pointed helm."""
    rng = plan.rng
    palette = Palette(str(rng.choice(["plaster", "stone"])), srgb("#efe9da"), "anthracite", 2700.0, 12.0)
    layouts = [grid(1, bay_count(width), ("blank", 0, "", "")) for _, width in plan.sides()]
    for side in (1, 3):
        layouts[side][0, :] = [("single", 0, "", "")] * layouts[side].shape[1]
    plan.plinth(palette, (0.3, 0.29, 0.27))
    plan.walls(layouts, np.array([0.0, 7.5]), palette)
    trim = palette.plain("trim", (0.3, 0.28, 0.25))
    cover = roofs.roof_slot(palette, "tiles", plan.pick(plan.look.tiles))
    roofs.gable(
        plan.work, plan.x, plan.y, FLOOR_M + 7.5, 0.95, along="x", covering=cover, trim=trim, end=palette.bay("blank")
    )
    wide, height = 4.6, float(rng.uniform(17, 22))
    tower = Plan(plan.work, rng, wide, wide, plan.detail, False, plan.look)
    foot = np.array([[plan.depth / 2 - wide / 2 - 0.05, -wide / 2 - 0.05, -3.0]])
    plan.work.blocks(
        foot, foot + [wide + 0.1, wide + 0.1, 3.0 + FLOOR_M], palette.plain("plinth", (0.3, 0.29, 0.27)), bottom=False
    )
    bells = grid(int(height / 3), 1, ("blank", 0, "", ""))
    bells[-1, 0] = bells[0, 0] = ("single", 0, "", "")
    levels = np.linspace(0, height, len(bells) + 1)
    for plane, width in tower.sides():
        moved = Plane(plane.origin + [plan.depth / 2, 0.0, 0.0], plane.right, plane.out)
        wall(plan.work, moved, width, levels, bells, palette)
    x = (plan.depth / 2 - wide / 2, plan.depth / 2 + wide / 2)
    slate = roofs.roof_slot(palette, "slate", plan.pick(SLATE_TINTS))
    top = roofs.hip(plan.work, x, tower.y, FLOOR_M + height, 1.25, covering=slate, trim=trim)
    return palette, top
