"""The place being filled: what ground is free, how near the ego comes to it, and how things are put into the scene."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from simulator.numerics.rng import generator
from simulator.roads import Path, RoadNetwork
from simulator.roads.surface_land import CropField
from simulator.scene import Model, SceneBuilder
from simulator.scene.material import Material
from simulator.scene.mesh import Mesh
from simulator.surroundings.plans import Look
from simulator.surroundings.roadsides import Side
from simulator.surroundings.shapes import F64
from simulator.surroundings.styles import Style

CELL_M = 0.5
TRAILERS = 4  # different ones that wait in yards


class Ground(Protocol):
    """What `populate` needs to know of the road surface."""

    @property
    def fields(self) -> Sequence[CropField]:
        """Fields around the roads."""

    def height(self, xy: ArrayLike) -> F64:
        """World z (N,) of the ground at world points (N, 2)."""

    def land_height(self, xy: ArrayLike) -> F64:
        """World z (N,) of the land alone, below bridges."""

    def clearance(self, xy: ArrayLike) -> F64:
        """Distance (N,) from the nearest road or pavement; 0 on one."""


class Occupancy:
    """Bitmap of the ground that is taken, in cells of 0.5 m."""

    def __init__(self, center: F64, half_m: float) -> None:
        self._low = np.asarray(center, np.float64) - half_m
        n = int(2 * half_m / CELL_M) + 1
        self._taken = np.zeros((n, n), np.uint8)

    def _cells(self, xy: ArrayLike) -> NDArray[np.int64]:
        return np.floor((np.asarray(xy, np.float64) - self._low) / CELL_M).astype(np.int64)

    def free(self, xy: ArrayLike) -> NDArray[np.bool_]:
        """Whether points (N, 2) are inside of the bitmap and not taken."""
        cell = self._cells(xy)
        inside = ((cell >= 0) & (cell < len(self._taken))).all(-1)
        cell = np.clip(cell, 0, len(self._taken) - 1)
        return np.asarray(inside & (self._taken[cell[..., 1], cell[..., 0]] == 0))

    def take_circles(self, xy: ArrayLike, radius_m: ArrayLike) -> None:
        """Mark discs."""
        import cv2

        points = self._cells(np.asarray(xy).reshape(-1, 2))
        for (x, y), r in zip(points.tolist(), np.broadcast_to(radius_m, (len(points),)).tolist()):
            cv2.circle(self._taken, (x, y), max(int(np.ceil(r / CELL_M)), 0), 1, -1)

    def take_polygon(self, corners: ArrayLike) -> None:
        """Mark a convex polygon of (K, 2) corners."""
        import cv2

        cv2.fillConvexPoly(self._taken, self._cells(corners).astype(np.int32), 1)

    def take_line(self, xy: ArrayLike, width_m: float) -> None:
        """Mark a polyline."""
        import cv2

        cv2.polylines(self._taken, [self._cells(xy).astype(np.int32)], False, 1, max(int(width_m / CELL_M), 1))


@dataclass(eq=False)
class Place:
    """Everything that the placing of houses, trees and furniture shares.

    Attributes:
        builder, network, ground, path, style, look, seed, season, radius_m: as given to `populate`.
        vegetation, buildings: densities 0..1. snow_m: depth of the snow that lies.
        mutcd: signs look as in the US; otherwise as in Europe (Vienna convention).
        sides: edges of the roads.
        occupancy: ground that is taken so far.
        triangles: number placed so far, all instances counted.
        paved: (4, 2) world corners of paving between pavements and houses, where only trees of the street grow.
        rails: (N, 3) world points along guard rails and edges of yards, where nobody mows.
        counts: how many of each kind have been placed, and triangles.
        trailer: see `populate`.
    """

    builder: SceneBuilder
    network: RoadNetwork
    ground: Ground
    path: Path
    style: Style
    look: Look
    seed: int
    season: str
    radius_m: float
    vegetation: float
    buildings: float
    mutcd: bool
    sides: list[Side]
    occupancy: Occupancy
    triangles: int = 0
    snow_m: float = 0.0
    paved: list[F64] = field(default_factory=list)
    rails: list[F64] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    trailer: Callable[[int], Model] | None = None

    def __post_init__(self) -> None:
        self._tree = cKDTree(self.path.xyz[:, :2])

    def rng(self, *names: str | int) -> np.random.Generator:
        """The random stream of one thing."""
        return generator(self.seed, "surroundings", *names)

    def distance(self, xy: ArrayLike) -> F64:
        """Distance (N,) of points (N, 2) from the ego's path."""
        return np.asarray(self._tree.query(np.asarray(xy, np.float64).reshape(-1, 2))[0])

    def clear(self, xy: ArrayLike, margin_m: float = 0.0) -> NDArray[np.bool_]:
        """Whether points (N, 2) are free and more than `margin_m` away from roads and pavements."""
        xy = np.asarray(xy, np.float64).reshape(-1, 2)
        ok = self.occupancy.free(xy)
        if ok.any():
            ok[ok] = self.ground.clearance(xy[ok]) > margin_m
        return ok

    def field(self, xy: F64, scale_m: float, name: str) -> F64:
        """Smooth field (N,) in about -1..1 of world points (N, 2): a few waves of random direction."""
        rng = self.rng("field", name)
        out = np.zeros(len(xy))
        for _ in range(5):
            angle, phase = rng.uniform(0, 2 * np.pi, 2)
            k = 2 * np.pi / (scale_m * rng.uniform(0.6, 1.6))
            out += np.sin(k * (xy @ [np.cos(angle), np.sin(angle)]) + phase)
        return out / 2.5

    def put_mesh(
        self, mesh: Mesh, materials: tuple[Material, ...], class_name: str, pose: ArrayLike | None = None
    ) -> None:
        """Add scenery in the local frame."""
        self.builder.add_mesh(mesh, materials, class_name, pose)
        self.triangles += len(mesh.faces)
        self.counts[class_name] += 1

    def put_model(self, model: Model, xyz: ArrayLike, yaw: float) -> None:
        """Add a model as scenery at a world point."""
        self.builder.add_model(model, xyz, yaw)
        self._count(model)

    def put_object(self, model: Model, xyz: ArrayLike, yaw: float, attributes: dict[str, str] | None = None) -> int:
        """Add a model as a labelled object at a world point and return its id."""
        self._count(model)
        return self.builder.add_object(model, xyz, (0.0, 0.0, yaw), attributes=attributes)

    def _count(self, model: Model) -> None:
        self.triangles += sum(len(body.mesh.faces) for body in model.bodies)
        self.counts[model.class_name] += 1

    def local(self, xyz: ArrayLike) -> F64:
        """World points in the scene's local frame."""
        return np.asarray(xyz, np.float64) - self.builder.origin

    def on_ground(self, xy: ArrayLike) -> F64:
        """World points (N, 3) on the ground at (N, 2)."""
        xy = np.asarray(xy, np.float64).reshape(-1, 2)
        return np.column_stack([xy, self.ground.height(xy)])
