"""Things that follow a line: guard rails, fences, garden walls, hedges' places, wires between poles.

Lines are (N, 3) points in the scene's local frame, on the ground, in walking order; `side` points to the road.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from simulator.numerics.rng import generator
from simulator.scene.material import Material, Texture, srgb
from simulator.scene.mesh import Mesh
from simulator.scene.noise import spectral_noise, to_srgb8
from simulator.scene.paving import CONCRETE_HUE
from simulator.surroundings.facades import BAY_M, wall_texture, weathered_wall
from simulator.surroundings.furniture import CONCRETE, OLD_WOOD, STEEL
from simulator.surroundings.shapes import F64, Patchwork, joined, profile_sweep, stalks

Made = tuple[Mesh, tuple[Material, ...], str]

# Beam of RAL-RG 620 (profile B), the usual one on systems tested to EN 1317: 0.31 m high, 0.081 m deep, its top 0.75 m
# above the ground (RPS): two broad bows about a narrow trough. Half of it from the bottom; (towards the road, up).
_HALF_BEAM = [
    [0.014, 0.440],
    [0.055, 0.453],
    [0.078, 0.474],
    [0.081, 0.50],
    [0.081, 0.53],
    [0.074, 0.554],
    [0.008, 0.578],
]
BEAM = np.array([*_HALF_BEAM, *([out, 2.0 * 0.595 - up] for out, up in _HALF_BEAM[::-1])])
BARS_M = (
    0.12  # from bar to bar: the gaps of railings that children may climb are 0.12 m at most (building codes, EN 1176)
)
CASTING_M = 6.0  # of concrete barriers, from joint to joint
BEAM_M = 4.0  # a beam reaches from joint to joint


def resample(line: F64, step_m: float) -> F64:
    """Points along a polyline about `step_m` apart, ends included."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1))])
    count = max(int(round(length[-1] / step_m)), 1)
    at = np.linspace(0.0, length[-1], count + 1)
    return np.stack([np.interp(at, length, line[:, k]) for k in range(3)], 1)


def normals_of(line: F64, side: int) -> F64:
    """(N, 2) unit normals to the left (`side` 1) or right (-1) of a polyline."""
    way = np.gradient(line[:, :2], axis=0)
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    return side * np.stack([-way[:, 1], way[:, 0]], 1)


def _posts(
    work: Patchwork, points: F64, normals: F64, size: tuple[float, float], top: float, slot: int, back: float,
    *, foot: float = -0.3,
) -> None:  # fmt: skip
    """Upright square posts at points, `back` metres away from the road, from `foot` to `top` metres."""
    u = np.concatenate([normals, np.zeros((len(normals), 1))], 1)
    v = np.stack([-u[:, 1], u[:, 0], np.zeros(len(u))], 1)
    center = points - back * u
    half = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    low = np.stack([center + 0.5 * (a * size[0] * u + b * size[1] * v) for a, b in half], 1) + [0.0, 0.0, foot]
    high = low + [0.0, 0.0, top - foot]
    for i in range(4):
        j = (i + 1) % 4
        work.quads(np.stack([low[:, i], low[:, j], high[:, j], high[:, i]], 1), None, slot)
    work.quads(high, None, slot)


def _bars(work: Patchwork, points: F64, normals: F64, wide: float, span: tuple[float, float], slot: int) -> None:
    """Many thin square bars at points, from one height to the other: their diagonals, whose silhouette is the same."""
    half = 0.5 * wide * np.concatenate([normals, np.zeros((len(normals), 1))], 1)
    along = np.stack([-half[:, 1], half[:, 0], half[:, 2]], 1)
    low, high = np.array([0.0, 0.0, span[0]]), np.array([0.0, 0.0, span[1]])
    for way in (half + along, half - along):
        a, b = points - way, points + way
        work.quads(np.stack([a + low, b + low, b + high, a + high], 1), None, slot)


def guard_rail(line: F64, side: int) -> Made:
    """Steel beam on posts every 2 m, its face towards `side` (1 left, -1 right of the walking direction)."""
    beam = resample(line, BEAM_M)
    swept = profile_sweep(beam, normals_of(beam, side), BEAM, 0, BEAM_M)
    tall = float(np.linalg.norm(np.diff(BEAM, axis=0), axis=1).sum()) / BEAM_M
    work = Patchwork()
    uv = np.divide(swept.uv, [1.0, tall])
    work.add(Mesh.of(swept.vertices, swept.faces, uv, swept.slots, smooth=True))
    posts = resample(line, 2.0)
    _posts(work, posts, normals_of(posts, side), (0.10, 0.055), 0.72, 1, 0.075)
    zinc = Material("guard rail", (1.0, 1.0, 1.0), _zinc(), roughness=0.6, reflectance_905=0.5)
    return work.mesh(smooth=True), (zinc, STEEL), "guard_rail"


@cache
def _zinc() -> Texture:
    """Face of a weathered beam, BEAM_M long (u) and from its lower to its upper edge (v).

    Zinc grows dull and dusty outdoors: its mean of 0.38 is 5 times that of asphalt, as on KITTI's frame 000001. Dirt
    gathers in the trough and lower down, rust runs from the bolts of joints and posts.
    """
    rng = generator(0, "guard rail", "zinc")
    height, width = 128, 1024
    x, v = np.meshgrid((np.arange(width) + 0.5) / width, 1.0 - (np.arange(height) + 0.5) / height)
    cloud = spectral_noise((height, width), rng, slope=1.8, low_cut=1)
    run = np.repeat(spectral_noise((height, width), rng, slope=1.2, low_cut=1)[:1], height, 0)
    light = 1.0 + 0.05 * spectral_noise((height, width), rng, slope=0.6, low_cut=8) + 0.05 * cloud
    light *= 1.0 - 0.12 * np.clip(run - 0.4, 0.0, 1.5) - 0.22 * np.exp(-((v / 0.16) ** 2))
    light *= 1.0 - 0.30 * np.exp(-(((v - 0.5) / 0.05) ** 2))
    light *= 1.0 - 0.55 * np.exp(-(((x - 0.5 - 0.004 * (v - 0.5)) * BEAM_M / 0.006) ** 2))  # edge of the overlap
    rust = np.zeros((height, width))
    tall = float(np.linalg.norm(np.diff(BEAM, axis=0), axis=1).sum())
    joint = [(0.5 + dx / BEAM_M, up) for dx in (-0.11, -0.04) for up in (0.18, 0.33, 0.67, 0.82)]
    for at, up in (*joint, (0.25, 0.5), (0.75, 0.5)):
        across, above = (x - at) * BEAM_M, (v - up) * tall
        bolt = np.hypot(across, above) < 0.014
        light = np.where(bolt, 0.45, light)
        below = np.exp(-((across / 0.012) ** 2)) * np.clip(1.0 + above / 0.09, 0.0, 1.0) * (above < 0.0)
        rust = np.maximum(rust, float(rng.uniform(0.1, 0.6)) * below)
    color = np.array([0.430, 0.410, 0.375]) * np.clip(light, 0.2, 1.3)[..., None]
    color += (np.array([0.16, 0.085, 0.045]) - color) * rust[..., None]
    return Texture("guard rail", to_srgb8(color))


def parapet(line: F64, side: int) -> Made:
    """Edge of a bridge: a concrete kerb 0.25 m high with a railing of steel, its top 1.1 m above the deck (RiZ-ING)."""
    points = resample(line, 2.0)
    normal = normals_of(points, side)
    work = Patchwork()
    shape = np.array([[0.0, -0.05], [0.0, 0.25], [-0.3, 0.25], [-0.3, -0.9], [0.0, -0.9]])
    work.add(profile_sweep(points, normal, shape, 1, 2.0, ends=True))
    behind = points - 0.15 * np.concatenate([normal, np.zeros((len(points), 1))], 1)
    for mesh in _rails(behind, normal, (0.45, 0.66, 0.87), 0.03, 0.03, 0) + _rails(
        behind, normal, (1.05,), 0.06, 0.08, 0
    ):
        work.add(mesh)
    _posts(work, behind, normal, (0.07, 0.05), 1.08, 0, 0.02)
    return work.mesh(), (STEEL, CONCRETE), "guard_rail"


def _rails(line: F64, normal: F64, heights: tuple[float, ...], tall: float, thick: float, slot: int) -> list[Mesh]:
    out = []
    for h in heights:
        box = np.array([[0, h], [0, h + tall], [-thick, h + tall], [-thick, h]])
        out.append(profile_sweep(line, normal, np.concatenate([box, box[:1]]), slot, ends=True))
    return out


def board_fence(line: F64, side: int, rng: np.random.Generator) -> Made:
    """Closed fence of upright boards, 1.2 to 1.8 m high."""
    top = float(rng.uniform(1.1, 1.8))
    points = resample(line, 2.4)
    normal = normals_of(points, side)
    work = Patchwork()
    work.add(profile_sweep(points, normal, [[0.0, 0.06], [0.0, top]], 0, 1.5))
    work.add(profile_sweep(points, normal, [[-0.03, top], [-0.03, 0.06]], 0, 1.5))
    _posts(work, points, normal, (0.09, 0.09), top + 0.05, 1, 0.03)
    tint = srgb(str(rng.choice(["#a08260", "#8d8377", "#6f5a45", "#a9a49a", "#7c8a74"])))
    return work.mesh(), (Material("fence boards", tint, wall_texture("boards"), roughness=0.9), OLD_WOOD), "fence"


def rail_fence(line: F64, side: int, rng: np.random.Generator) -> Made:
    """Open fence of posts and two or three rails, as around paddocks."""
    points = resample(line, 2.5)
    normal = normals_of(points, side)
    heights = (0.35, 0.7, 1.05) if rng.random() < 0.5 else (0.45, 0.95)
    work = Patchwork()
    for mesh in _rails(points, normal, heights, 0.11, 0.03, 0):
        work.add(mesh)
    _posts(work, points, normal, (0.09, 0.09), 1.2, 0, 0.07)
    white = rng.random() < 0.3
    return work.mesh(), (Material("white rails", (0.7, 0.7, 0.68)) if white else OLD_WOOD,), "fence"


def picket_fence(line: F64, side: int, rng: np.random.Generator) -> Made:
    """Garden fence of pickets, 0.9 m high, with gaps narrow enough that it is closed for who looks along the street.

    Wider gaps would be thinner than a pixel some way off, and a white fence before a hedge a row of specks.
    """
    points = resample(line, 2.4)
    normal = normals_of(points, side)
    work = Patchwork()
    for mesh in _rails(points, normal, (0.2, 0.62), 0.07, 0.03, 0):
        work.add(mesh)
    pickets = resample(line, 0.115)
    _posts(work, pickets, normals_of(pickets, side), (0.020, 0.088), 0.90, 0, 0.0, foot=0.06)
    _posts(work, points, normal, (0.08, 0.08), 1.0, 0, 0.05)
    paint = (0.64, 0.64, 0.62) if rng.random() < 0.5 else srgb(str(rng.choice(["#7d6c58", "#6f6357", "#5f6f5a"])))
    return work.mesh(), (Material(f"pickets {paint[0]:.2f}", paint),), "fence"


def wire_fence(line: F64, side: int) -> Made:
    """Pasture fence: posts with three wires."""
    points = resample(line, 4.0)
    normal = normals_of(points, side)
    work = Patchwork()
    for h in (0.45, 0.8, 1.15):
        work.add(profile_sweep(points, normal, [[0.0, h], [0.0, h + 0.012]], 1))
    _posts(work, points, normal, (0.09, 0.09), 1.3, 0, 0.04)
    return work.mesh(), (OLD_WOOD, STEEL), "fence"


GREEN_STEEL = Material("green steel", srgb("#33503f"), roughness=0.5)


def steel_fence(line: F64, side: int) -> Made:
    """Bar fence of works and schools, 1.8 m high: posts, frames and bars, between which no head of a child fits."""
    points = resample(line, 2.5)
    normal = normals_of(points, side)
    work = Patchwork()
    for mesh in _rails(points, normal, (0.15, 1.65), 0.04, 0.03, 0):
        work.add(mesh)
    bars = resample(line, BARS_M)
    _bars(work, bars, normals_of(bars, side), 0.022, (0.08, 1.75), 0)
    _posts(work, points, normal, (0.06, 0.06), 1.8, 0, 0.02)
    return work.mesh(), (GREEN_STEEL,), "fence"


def steel_gate(hinge: F64, end: F64) -> Made:
    """A leaf of a gate in such a fence, from the post (3,) that it hangs on to its free `end`, with a brace."""
    line = np.stack([hinge, end])
    normal = normals_of(line, 1)
    work = Patchwork()
    for mesh in _rails(line, normal, (0.12, 1.65), 0.05, 0.04, 0):
        work.add(mesh)
    bars = resample(line, BARS_M)
    _bars(work, bars, normals_of(bars, 1), 0.022, (0.14, 1.68), 0)
    _posts(work, line[1:], normal[1:], (0.05, 0.05), 1.68, 0, 0.02, foot=0.08)
    _posts(work, line[:1], normal[:1], (0.16, 0.16), 2.0, 0, 0.02)
    brace = stalks([[hinge + [0.0, 0.0, 0.16], end + [0.0, 0.0, 1.62]]], [[0.02, 0.02]], 4)
    work.add(brace)
    return work.mesh(), (GREEN_STEEL,), "fence"


def garden_wall(line: F64, side: int, rng: np.random.Generator) -> Made:
    """Low wall of brick, stone or plaster with a coping."""
    top = float(rng.uniform(0.5, 1.3))
    kind = str(rng.choice(["brick", "stone", "plaster"]))
    points = resample(line, 5.0)
    normal = normals_of(points, side)
    work = Patchwork()
    shape = np.array([[0.0, -_FOOT_M], [0.0, top], [-0.24, top], [-0.24, -_FOOT_M]])
    work.add(profile_sweep(points, normal, shape, 0, BAY_M, ends=True))
    cap = np.array([[0.04, top], [0.04, top + 0.06], [-0.28, top + 0.06], [-0.28, top], [0.04, top]])
    work.add(profile_sweep(points, normal, cap, 1, ends=True))
    tint = (0.8, 0.76, 0.68) if kind == "plaster" else (1.0, 1.0, 1.0)
    coping = Material("coping", (0.3, 0.29, 0.27))
    face = Material(f"wall {kind}", tint, weathered_wall(kind, _FOOT_M), reflectance_905=0.4)
    return work.mesh(), (face, coping), "wall"


_FOOT_M = 0.5  # how deep garden walls stand in the ground


def noise_barrier(line: F64, side: int, rng: np.random.Generator) -> Made:
    """Noise barrier of motorways: posts every 4 m with panels of concrete, timber or aluminium, 2.5 to 4.5 m high."""
    points = resample(line, 4.0)
    normal = normals_of(points, side)
    top = round(float(rng.uniform(2.5, 4.5)) * 2.0) / 2.0
    kind, tint = _PANELS[int(rng.integers(len(_PANELS)))]
    work = Patchwork()
    foot = np.array([[0.02, -0.3], [0.02, 0.5], [-0.17, 0.5], [-0.17, -0.3]])
    work.add(profile_sweep(points, normal, foot, 2, BAY_M, ends=True))
    work.add(profile_sweep(points, normal, [[0.0, 0.5], [0.0, top], [-0.15, top], [-0.15, 0.5]], 0, BAY_M, ends=True))
    cap = np.array([[0.05, top], [0.05, top + 0.07], [-0.2, top + 0.07], [-0.2, top], [0.05, top]])
    work.add(profile_sweep(points, normal, cap, 1, ends=True))
    _posts(work, points, normal, (0.24, 0.2), top + 0.1, 1, 0.08)
    look = weathered_wall(kind, 0.0)
    panel = Material(f"noise barrier {kind} {tint}", srgb(tint), look, roughness=0.9, reflectance_905=0.4)
    return work.mesh(), (panel, STEEL, CONCRETE), "wall"


_PANELS = (
    ("panel", "#9a9c90"), ("panel", "#b3a58e"), ("panel", "#a8a49a"), ("stone", "#a09a8c"), ("brick", "#ffffff"),
    ("timber", "#6f7f62"), ("metal", "#8fa39a"), ("metal", "#a9b3b5"),
)  # fmt: skip


# Half of the New Jersey profile of EN 1317 barriers 0.81 m high, as shares of the height and of half the width.
_NEW_JERSEY = np.array([[1.0, 0.0], [1.0, 0.09], [0.60, 0.41], [0.26, 1.0]])


def concrete_barrier(line: F64, height_m: float, width_m: float) -> Made:
    """Concrete safety barrier of New Jersey profile along the middle of a line, in castings of 6 m with stains."""
    points = resample(line, 3.0)
    half = _NEW_JERSEY * [0.5 * width_m, height_m]
    shape = np.concatenate([half, half[::-1] * [-1.0, 1.0]])
    swept = profile_sweep(points, normals_of(points, 1), shape[::-1], 0, CASTING_M)
    tall = float(np.linalg.norm(np.diff(shape, axis=0), axis=1).sum()) / CASTING_M
    mesh = Mesh.of(swept.vertices, swept.faces, np.divide(swept.uv, [1.0, tall]), swept.slots)
    stained = Material("barrier concrete", (1.0, 1.0, 1.0), _soiled_casting(), roughness=0.9, reflectance_905=0.3)
    return mesh, (stained,), "wall"


@cache
def _soiled_casting() -> Texture:
    """Both faces of a concrete barrier, CASTING_M long (u), over its top from foot to foot (v).

    Weathered concrete (albedo 0.2 to 0.3: R. Levinson and H. Akbari, Cement and Concrete Research 32, 2002): the road
    splashes the foot, rain draws streaks of soot from the top, tyres have left their rubber; a slot for the water, a
    joint.
    """
    rng = generator(0, "concrete barrier", "casting")
    height, width = 256, 1024
    x, v = np.meshgrid((np.arange(width) + 0.5) / width, 1.0 - (np.arange(height) + 0.5) / height)
    up = 1.0 - np.abs(2.0 * v - 1.0)  # 0 at the feet, 1 on top
    grain = spectral_noise((height, width), rng, slope=0.6, low_cut=8)
    cloud = spectral_noise((height, width), rng, slope=2.0, low_cut=1)
    light = 0.27 * (1.0 + 0.05 * grain + 0.09 * cloud)
    run = np.repeat(spectral_noise((height, width), rng, slope=1.7, low_cut=2)[:1], height, 0)
    streak = np.clip(run + 0.1 * grain - 0.1, 0.0, 1.6) * np.clip(0.15 + 0.85 * (up - 0.35), 0.0, 1.0)
    light *= 1.0 - 0.38 * streak - 0.25 * np.exp(-(((up - 1.0) / 0.05) ** 2))
    light *= 1.0 - 0.50 * np.exp(-((up / (0.22 + 0.05 * cloud)) ** 2))  # splashed by what passes
    scuff = np.clip(spectral_noise((height, 64), rng, slope=1.0, low_cut=3) - 1.6, 0.0, 1.0).repeat(width // 64, 1)
    scuff = np.mean([np.roll(scuff, k, 1) for k in range(0, 24, 3)], axis=0)
    light *= 1.0 - 0.7 * scuff * np.exp(-(((up - 0.4) / 0.16) ** 2))
    light = np.where((np.abs(x - 0.5) * CASTING_M < 0.35) & (up < 0.07), 0.015, light)  # slot for the water
    light *= 1.0 - 0.85 * np.exp(-((np.minimum(x, 1.0 - x) * CASTING_M / 0.014) ** 2))  # joint
    color = np.array(CONCRETE_HUE) * np.clip(light, 0.01, 1.0)[..., None]
    return Texture("soiled casting", to_srgb8(color))


def wires(poles: F64, normals: F64, height_m: float) -> Made | None:
    """Three sagging wires from pole to pole; `poles` (N, 3) feet, `normals` (N, 2) across the line."""
    if len(poles) < 2:
        return None
    t = np.linspace(0, 1, 7)[:, None]
    parts = []
    for offset in (-0.85, 0.0, 0.85):
        tips = poles + np.concatenate([normals * offset, np.full((len(poles), 1), height_m - 0.25)], 1)
        for a, b in pairwise(tips):
            sag = 0.02 * np.linalg.norm(b - a) * 4 * t * (1 - t)
            curve = a + t * (b - a) - [0.0, 0.0, 1.0] * sag
            parts.append(profile_sweep(curve, np.zeros((len(curve), 2)), [[0.0, 0.0], [0.0, 0.018]]))
    return joined(parts), (Material("wire", (0.05, 0.05, 0.05), roughness=0.5),), "pole"
