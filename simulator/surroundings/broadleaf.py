"""Growth of broadleaf trees and pines: trunk, boughs, masses of leaf clumps at their ends, twigs in winter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.scene.leaves import BARK, directions, foliage
from simulator.scene.mesh import Mesh
from simulator.surroundings.shapes import F64, stalks
from simulator.surroundings.species import COLUMN, Species

Owners = NDArray[np.int64]


def _envelope(species: Species, z: F64) -> F64:
    """Relative crown radius at relative crown height z (0 foot, 1 top), widest at `belly`."""
    b = species.belly
    x = np.where(z < b, (b - z) / max(b, 1e-3), (z - b) / (1 - b))
    return np.asarray(np.sqrt(np.clip(1 - x**2, 0.0, 1.0)) * np.where(z < b, 1.0, 1 - 0.12 * x))


def _masses(species: Species, height: float, radius: float, rng: np.random.Generator) -> tuple[F64, F64]:
    """Centres (K, 3) and half sizes (K, 3) of the masses of foliage, one at the end of each bough.

    Crowns are no closed balls: every bough holds up its own mass of leaves, with gaps between them through which wood
    and sky are seen.
    """
    foot, count = species.clear * height, species.boughs
    i = np.arange(count) + 0.5
    z = np.clip(i / count + rng.normal(0, 0.3 / count, count), 0.03, 0.97)
    phi = i * (np.pi * (3 - 5**0.5)) + rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.3, count)
    # Boughs of columns such as Lombardy poplars all rise along the trunk: no gaps between their masses.
    column = species.spread < COLUMN
    size = radius * rng.uniform(0.58, 0.88, count) * (1.3 if column else 1.0)
    # Light and neighbours make crowns lopsided: lobes of one to three boughs all round, turning with the height.
    turn = rng.uniform(0, 2 * np.pi, 3)
    lobes = (
        1.0 + 0.11 * np.cos(phi - turn[0]) + 0.08 * np.cos(2 * phi - turn[1]) + 0.06 * np.cos(3 * phi + 4 * z - turn[2])
    )
    reach = _envelope(species, z) * radius * lobes * rng.uniform(0.75, 1.02, count) - 0.85 * size
    tall = np.clip((3.0 if column else 1.5) * (height - foot) / count, 0.5 * size, 1.5 * size)
    low, top = foot + 0.6 * tall, height - 0.9 * tall
    at = np.maximum(reach, 0.0)
    center = np.stack([at * np.cos(phi), at * np.sin(phi), low + z * (top - low)], 1)
    lean = rng.normal(0, 0.07 * radius, 2)
    center[:, :2] += lean * z[:, None]
    return center, np.stack([size, size, tall], 1)


def _crown(
    species: Species, height: float, masses: tuple[F64, F64], rng: np.random.Generator, count: int
) -> tuple[F64, F64, Owners]:
    """Centres (N, 3) and radii (N,) of about `count` leaf clumps, and the mass that each belongs to."""
    center, half = masses
    share = half[:, 0] ** 2 / np.sum(half[:, 0] ** 2)
    owner = np.repeat(np.arange(len(center)), np.maximum(np.rint(share * count).astype(int), 1))
    aim = directions(len(owner), rng)[rng.permutation(len(owner))]
    size = half[owner, 0] * species.clump * rng.uniform(0.7, 1.35, len(owner))
    out = np.maximum(half[owner] - 0.7 * size[:, None], 0.0) * rng.uniform(0.25, 1.25, (len(owner), 1))
    place = center[owner] + aim * out
    place[:, 2] = np.maximum(place[:, 2], species.clear * height + 0.5 * size)
    return place, size, owner


def _limbs(
    species: Species, height: float, ends: F64, rng: np.random.Generator, *, sides: int, trunk_sides: int
) -> list[Mesh]:
    """Trunk and one main branch to the middle of each of (B, 3) masses of foliage."""
    thick = 0.5 * species.trunk * height
    t = np.array([0.0, 0.025, 0.12, 0.3, 0.5, 0.7, 0.88])
    step = 0.018 * height * np.sqrt(np.diff(t, prepend=0.0))  # nurseries grow trunks upright: 2 degrees to the crown
    wander = np.cumsum(rng.normal(0, 1, (len(t), 2)) * step[:, None], 0) * (t[:, None] > 0.03)
    trunk = np.column_stack([wander, t * height])
    width = thick * np.array([1.75, 1.25, 1.0, 0.86, 0.62, 0.36, 0.12])
    out = [stalks(trunk[None], width[None], trunk_sides)]
    if len(ends):
        run = np.linalg.norm(ends[:, :2], axis=1)
        start_z = np.clip(ends[:, 2] - run * np.tan(species.rise_rad), 0.8 * species.clear * height, 0.85 * height)
        start = np.column_stack([np.interp(start_z, trunk[:, 2], trunk[:, k]) for k in (0, 1)] + [start_z])
        s = np.linspace(0, 1, 4)[None, :, None]
        bow = np.array([0.0, 0.0, 1.0]) * (0.10 * np.linalg.norm(ends - start, axis=1))[:, None, None] * s * (1 - s) * 4
        paths = start[:, None] + (ends - start)[:, None] * s + bow
        paths[:, 1:3] += rng.normal(0, 0.012 * height, (len(ends), 2, 3))
        base = 0.5 * np.interp(start_z, trunk[:, 2], width)
        out.append(stalks(paths, base[:, None] * np.array([1.0, 0.75, 0.5, 0.2]), sides))
    return out


def broadleaf(
    species: Species, height: float, radius: float, rng: np.random.Generator, detail: int, *, leafless: bool
) -> list[Mesh]:
    """Meshes of one tree: crown of leaf clumps (or twigs when leafless) on a trunk with limbs."""
    count = int(species.clumps * ((1.0, 0.8, 0.6, 0.42) if leafless else (1.4, 1.15, 1.1, 0.85))[detail])
    swell = (0.90, 0.95, 1.0, 1.1)[detail]  # fewer clumps must fill the same crown
    masses = _masses(species, height, radius, rng)
    center, size, owner = _crown(species, height, masses, rng, count)
    size = size * swell
    sides, trunk_sides = ((5, 9), (4, 7), (3, 5), (3, 4))[detail]
    boughs = len(masses[0]) if leafless or detail < 2 else (2 - detail % 2) * len(masses[0]) // 4
    wood = _limbs(species, height, masses[0][:boughs], rng, sides=sides, trunk_sides=trunk_sides)
    if detail < (3 if leafless else 2):
        fork = np.stack([masses[0][owner], 0.5 * (masses[0][owner] + center), center], 1)
        fork[:, 1] += rng.normal(0, 0.12, (len(owner), 3)) * size[:, None]
        thick = np.tile(0.045 * species.trunk * height * np.array([1.0, 0.6, 0.3]), (len(owner), 1))
        step = 1 if detail == 0 else 2
        wood.append(stalks(fork[:, ::step], thick[:, ::step], 3))
    if leafless:
        return wood + twigs(masses[0][owner], center, size, rng, (30, 16, 8, 4)[detail])
    pine = species.form == "pine"
    surface = 4.0 * np.pi * radius * (radius + height * (1 - species.clear)) / 2  # of the crown, about
    low, high = ((480, 1500), (220, 560), (100, 180), (32, 50))[detail]
    outer = int(np.clip(surface * (5.5, 1.9, 0.7, 0.22)[detail], low, high))
    size_m = np.sqrt(surface / outer) * (1.45 if pine else 1.5)
    inner = len(owner) * (7, 5, 3, 2)[detail]
    leaves = foliage(center, size, rng, outer=outer, inner=inner, flat=0.5 if pine else 0.75, size_m=size_m)
    for mesh in leaves:  # large cards of far trees do not hang to the ground
        np.maximum(mesh.vertices[:, 2], np.float32(0.4 * species.clear * height), out=mesh.vertices[:, 2])
    return wood + leaves


def twigs(feet: F64, centers: F64, radii: F64, rng: np.random.Generator, count: int) -> list[Mesh]:
    """Bare twigs that leave the outer half of each clump's limb and fork twice; each is one long thin triangle.

    Args:
        feet, centers: (N, 3) where the limbs of the clumps begin and end. radii: (N,) of the clumps.
        rng: random stream. count: twigs to a clump.
    """
    n = len(centers) * count
    owner = np.repeat(np.arange(len(centers)), count)
    aim = directions(n, rng)[rng.permutation(n)] * [1.0, 1.0, 0.55] + [0.0, 0.0, 0.4]
    aim += 0.5 * centers[owner] / np.maximum(np.linalg.norm(centers[owner], axis=1, keepdims=True), 1e-9)
    reach = radii[owner] * rng.uniform(0.6, 1.15, n)
    back = (feet[owner] - centers[owner]) * rng.uniform(0.0, 0.5, (n, 1))
    start = centers[owner] + back + rng.normal(0, 0.06, (n, 3)) * radii[owner, None]
    stems, widths = [(start, aim * reach[:, None])], [np.clip(0.016 * reach, 0.008, 0.022)]
    for _ in range(2):
        foot = start + stems[0][1] * rng.uniform(0.25, 0.7, (n, 1))
        side = (aim + rng.normal(0, 0.55, (n, 3))) * (reach * rng.uniform(0.35, 0.7, n))[:, None]
        stems.append((foot, side))
        widths.append(0.6 * widths[0])
    foot, run = (np.concatenate(parts) for parts in zip(*stems))
    across = np.cross(run, rng.normal(0, 1, run.shape))
    across *= (np.concatenate(widths) / np.maximum(np.linalg.norm(across, axis=1), 1e-9))[:, None]
    corners = np.stack([foot - across, foot + across, foot + run], 1).reshape(-1, 3)
    uv = np.tile([[0.0, 0.0], [0.1, 0.0], [0.05, 1.0]], (len(foot), 1))
    return [Mesh.of(corners, np.arange(3 * len(foot)).reshape(-1, 3), uv, BARK, smooth=True)]
