"""Potholes: real holes in the road mesh with ragged rims, dry or filled with water."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import numpy as np

from simulator.anomalies._props import broken_asphalt
from simulator.anomalies.base import Anomaly, Array, Site, disc_faces, single
from simulator.numerics import se3
from simulator.scenario.distributions import Count, Fraction, Metres, uniform
from simulator.scene import Body, Material, Mesh, Model
from simulator.scene.material import Surface
from simulator.scene.mesh import box, merge

SEGMENTS = 48
BASIN = (0.2, 0.4, 0.6, 0.78, 0.92)  # rings of the bottom, in parts of the way to the edge
CRUMB_M = (0.010, 0.032)
CRACK_M = 0.0015  # height of the strips over the road, so that they lie above its markings


class Pothole(Anomaly, kind="pothole"):
    """Potholes sized as in ASTM D6433: depth 13 to over 50 mm, 100 to 750 mm across."""

    taxonomy: ClassVar[str] = "SUR-01"
    count: Count = 1
    """Number of potholes, scattered around the place."""
    diameter_m: Metres = uniform(0.4, 0.9)
    depth_m: Metres = uniform(0.04, 0.10)
    spread_m: Metres = 4.0
    """How far from the first one the others lie."""
    water: Fraction = 0.0
    """Part of the depth that is filled with water (SUR-02 in the labels when above 0)."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Cut the road and put the broken bottom in."""
        material = broken_asphalt(rng)
        taken: list[np.ndarray] = []
        for k in range(self.count):
            scale = 1.0 if k == 0 else rng.uniform(0.5, 1.0)
            along = self.ahead_m + (0.0 if k == 0 else rng.uniform(0, self.spread_m * 2))
            side = self.lateral_m + (0.0 if k == 0 else rng.uniform(-1, 1) * min(self.spread_m, 2.5))
            position, _ = site.at(along, side)
            radius = self.diameter_m / 2 * scale
            if any(np.hypot(*(position - other)[:2]) < self.diameter_m * 1.5 for other in taken):
                continue
            taken.append(position)
            self._dig(site, position, radius, self.depth_m * scale, material, rng)

    def _dig(
        self,
        site: Site,
        position: np.ndarray,
        radius: float,
        depth: float,
        material: Material,
        rng: np.random.Generator,
    ) -> None:
        angle = np.arange(SEGMENTS) * 2 * np.pi / SEGMENTS
        round_ = np.stack([np.cos(angle), np.sin(angle)], 1)
        rim = radius * (1 + 0.05 * np.cos(2 * angle + rng.uniform(0, 6)))  # convex: the hole that is cut
        edge = rim * _ragged(angle, rng)
        reach = np.concatenate([np.outer(BASIN, edge), [edge, rim, 1.12 * rim]])
        flat = np.concatenate([np.zeros((1, 2)), (reach[..., None] * round_).reshape(-1, 2)])
        sink = np.zeros(reach.shape)
        basin = np.array(BASIN)[:, None]
        sink[: len(BASIN)] = depth * (1 - 0.25 * basin**2 + rng.normal(0, 0.08, (len(BASIN), SEGMENTS)))
        sink[len(BASIN)] = rng.uniform(0, 0.05, SEGMENTS) * depth  # the edge crumbles
        sink[-1] = 0.012  # the outermost ring slips under the road, so that no crack shows
        vertices = site.drape(position, flat, -0.001)
        vertices[:, 2] -= np.concatenate([[depth], sink.ravel()])
        road, uv_of = _ground_at(site, position, 1.2 * radius)
        faces = disc_faces(len(reach), SEGMENTS)
        ring = np.repeat(np.arange(len(reach)), [SEGMENTS] + [2 * SEGMENTS] * (len(reach) - 1))
        slots = np.select([ring > len(BASIN), ring >= len(BASIN) - 1], [2, 1], 0)
        uv = flat / 0.5
        around = slice(1 + len(BASIN) * SEGMENTS, None)  # the edge and all outside of it look like the road
        uv[around] = uv_of(flat[around])
        mesh = Mesh.of(vertices, faces, uv, slots, smooth=False)
        crumbs, cracks = _crumbs(site, position, radius, rng), _cracks(site, position, rim, rng)
        outline = position[:2] + rim[:, None] * round_
        site.builder.cut_ground(outline)
        anomaly = "SUR-02" if self.water > 0 else self.taxonomy
        size = {"depth_m": f"{depth:.3f}", "diameter_m": f"{2 * radius:.2f}"}
        wall = replace(material, name="broken edge", albedo=(0.35, 0.34, 0.34))
        gap = Material("crack", (0.016, 0.015, 0.014), roughness=1.0, reflectance_905=0.03, surface=Surface.ASPHALT)
        bodies = (Body(mesh, (material, wall, road)), Body(crumbs, (material,)), Body(cracks, (gap,)))
        model = Model("road_defect", bodies, attributes=tuple(size.items()))
        pothole = site.builder.add_object(model, position, anomaly=anomaly)
        if self.water > 0:
            shore = 0.98 * np.concatenate([np.zeros((1, 2)), edge[:, None] * round_])
            surface = np.column_stack([shore, np.full(len(shore), -depth * (1 - self.water))])
            water = Mesh.of(surface, disc_faces(1, SEGMENTS), shore)
            film = Material(
                "puddle",
                (0.02, 0.02, 0.018),
                roughness=0.03,
                clearcoat=1.0,
                reflectance_905=0.03,
                surface=Surface.WATER,
            )
            site.builder.add_object(single("road_defect", water, film), position, anomaly=anomaly, parent=pothole)


def _ragged(angle: Array, rng: np.random.Generator) -> Array:
    """Distance of the broken edge over that of the rim: lobes, and bites where pieces broke out."""
    lobes = sum(rng.normal(0, 0.10 / k**0.5) * np.cos(k * angle + rng.uniform(0, 6)) for k in range(2, 6))
    bites = sum(rng.normal(0, 0.035) * np.cos(k * angle + rng.uniform(0, 6)) for k in range(7, 17, 2))
    return np.asarray(np.clip(0.78 + lobes + bites + rng.normal(0, 0.015, len(angle)), 0.5, 0.96))


def _cracks(site: Site, position: Array, rim: Array, rng: np.random.Generator) -> Mesh:
    """Fatigue cracks about the hole, by which it came to be: some run away from it, others join them round it.

    They are dark strips on the road, as wide as cracks of medium severity (6 to 19 mm: FHWA-HRT-13-092) at the hole
    and thinning out away from it.
    """
    around = np.arange(SEGMENTS) * 2 * np.pi / SEGMENTS
    rays = np.sort(np.arange(9) * 2 * np.pi / 9 + rng.uniform(-0.25, 0.25, 9))
    reach = rng.uniform(1.35, 2.3, 9)
    lines: list[tuple[Array, float]] = []  # (N, 2) of angle and distance over the rim's, and the width at its start
    for turn, far in zip(rays.tolist(), reach.tolist()):
        out = np.linspace(0.93, far, 10)
        wander = np.cumsum(rng.normal(0, 0.05, 10)) * (out > 1.05)
        lines.append((np.stack([turn + wander, out], 1), rng.uniform(0.007, 0.014)))
    for k in range(9):
        last = k == 8
        a, b = rays[k], rays[0] + 2 * np.pi if last else rays[k + 1]
        for level in rng.uniform(0.35, 0.9, 2).tolist():  # blocks between two rays
            r0, r1 = (1.0 + level * (reach[j % 9] - 1.0) for j in (k, k + 1))
            if rng.random() < 0.75:
                s = np.linspace(0.0, 1.0, 7)
                bow = r0 + (r1 - r0) * s + rng.normal(0, 0.035, 7)
                lines.append((np.stack([a + (b - a) * s, bow], 1), rng.uniform(0.004, 0.009)))
    pieces = []
    for line, width in lines:
        away = line[:, 1] * np.interp(line[:, 0], around, rim, period=2 * np.pi)
        middle = away[:, None] * np.stack([np.cos(line[:, 0]), np.sin(line[:, 0])], 1)
        middle += rng.normal(0, 0.006, middle.shape)
        run = np.gradient(middle, axis=0)
        left = np.stack([-run[:, 1], run[:, 0]], 1) / np.linalg.norm(run, axis=1, keepdims=True)
        wide = 0.5 * width * np.linspace(1.0, 0.35, len(line)) * rng.uniform(0.6, 1.3, len(line))
        edges = np.concatenate([middle + wide[:, None] * left, middle - wide[:, None] * left])
        n, i = len(line), np.arange(len(line) - 1)
        faces = np.concatenate([np.stack([i + 1, i, n + i], 1), np.stack([i + 1, n + i, n + i + 1], 1)])
        pieces.append(Mesh.of(site.drape(position, edges, CRACK_M), faces))
    return merge(pieces)


def _ground_at(site: Site, position: Array, reach_m: float) -> tuple[Material, Callable[[Array], Array]]:
    """Material of the road at a place, and the texture coordinates of (N, 2) offsets from there."""
    near = position - site.builder.origin
    best, gap = None, np.inf
    for mesh, materials in site.builder.ground_around(position, reach_m, ("road",)):
        corners = mesh.vertices[mesh.faces].astype(np.float64)
        off = np.linalg.norm(corners.mean(1)[:, :2] - near[:2], axis=1)
        if off.min() < gap:
            face = int(off.argmin())
            gap, best = off[face], (corners[face, :, :2], mesh.uv[mesh.faces[face]], materials[mesh.slots[face]])
    if best is None:
        return Material("asphalt", (0.09, 0.09, 0.09), surface=Surface.ASPHALT), lambda offsets: offsets
    xy, uv, material = best
    slope = np.linalg.lstsq(np.column_stack([xy - near[:2], np.ones(3)]), uv.astype(np.float64))[0]
    return material, lambda offsets: np.column_stack([offsets, np.ones(len(offsets))]) @ slope


def _crumbs(site: Site, position: Array, radius: float, rng: np.random.Generator) -> Mesh:
    """Pieces of the broken surface around the hole."""
    pieces = []
    for _ in range(rng.integers(12, 26)):
        away, turn = radius * (0.95 + rng.exponential(0.35)), rng.uniform(0, 2 * np.pi)
        roll, pitch, yaw = rng.uniform((-0.4, -0.4, 0.0), (0.4, 0.4, 6.0)).tolist()
        size = rng.uniform(*CRUMB_M) * rng.uniform(0.6, 1.0, 3)
        place = site.drape(position, away * np.array([[np.cos(turn), np.sin(turn)]]), 0.4 * size.min())[0]
        pieces.append(box(size).transformed(se3.pose(place, roll, pitch, yaw)))
    return merge(pieces)
