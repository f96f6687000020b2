"""What is known of a triangle besides its corners: its part, its face, and whether a ray passes it all the same.

A ray passes the back of a one-sided face, and the holes that an alpha image leaves in a face (leaves, fences). These
two conditions are all there are, so they are tested inside the traversal, without a callback: a triangle that a ray
passes is as if it were not there, for primary, secondary and shadow rays alike.

Hierarchies of parts without conditions come first in the arrays of a scene: whether a block must be asked at all is
told by its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_float, load_int, pointer, store_halves, store_int
from simulator.numerics.simd import LANES, bits, floor, negative, select, splat_int_wide, subtract
from simulator.raycast.instances import FIRST_ID, PART, instance_of
from simulator.raycast.instances import ROW as INSTANCE
from simulator.raycast.layout import F32, I32, VERTEX

U8 = NDArray[np.uint8]

# A row of `Faces.conditions`: u and v of the three corners, the image's row or -1, whether the face is one-sided.
ROW, IMAGE, ONE_SIDED = 8, 6, 7
HALF, ONE = np.float32(0.5), np.float32(1)
HOLE = np.float32(127.5)


@dataclass(frozen=True, slots=True, eq=False)
class Alpha:
    """Images whose holes rays pass, laid on the faces of a mesh; share one object among parts of the same mesh.

    Attributes:
        uv: (V, 2) float32 texture coordinates of the vertices; images repeat.
        images: (H, W) uint8 each, the sides powers of two; row 0 is at v = 1, and below 128, bilinearly interpolated,
            is a hole. They are kept apart by identity.
        image_of_face: (F,) int32 which image a face has, -1 for none.
    """

    uv: F32
    images: Sequence[U8]
    image_of_face: I32

    def check(self, vertices: int, faces: int, name: str) -> None:
        """Raise ValueError, naming the part, where this does not fit a mesh."""
        if self.uv.shape != (vertices, 2) or not np.isfinite(self.uv).all():
            raise ValueError(f"{name}: alpha.uv must be {vertices} finite pairs, not {self.uv.shape}")
        if self.image_of_face.shape != (faces,) or self.image_of_face.dtype.kind != "i":
            raise ValueError(f"{name}: alpha.image_of_face must be {faces} integers, not {self.image_of_face.shape}")
        if faces and not -1 <= self.image_of_face.min() <= self.image_of_face.max() < len(self.images):
            raise ValueError(f"{name}: alpha.image_of_face must lie from -1 to {len(self.images) - 1}")
        for image in self.images:
            if image.ndim != 2 or image.dtype != np.uint8 or any(s < 1 or s & (s - 1) for s in image.shape):
                raise ValueError(
                    f"{name}: an alpha image must be (H, W) uint8 with powers of two, not {image.shape} {image.dtype}"
                )


class Faces(NamedTuple):
    """Of all triangles of a scene, for kernels.

    Attributes:
        part: part of each triangle that is no instance's.
        first, size: id of the first triangle, and number of triangles, of each part.
        first_tested: number of the first block whose triangles have conditions; they have them from there on.
        row: what to add to the id of a triangle of each part for its row of `conditions`.
        conditions: rows of `ROW` floats (see there), one a face of each mesh that has conditions.
        images: offset in `texels`, width and height of each alpha image.
        texels: all images.
        first_instance: number of the first "block" that is an instance.
        instances: table of them (see `instances`). instance_count: its rows.
        keys: key poses of those that move during a sweep, the first twelve numbers of each matrix.
        boxes: of each of them, in the scene's frame: low x, y, z, high x, y, z.
    """

    part: I32
    first: I32
    size: I32
    first_tested: Any
    row: I32
    conditions: F32
    images: I32
    texels: U8
    first_instance: Any
    instances: F32
    instance_count: Any
    keys: NDArray[np.float64]
    boxes: F32


class Conditions:
    """Collects what rays may pass, a block of rows for each mesh that has such faces."""

    def __init__(self) -> None:
        self._rows: list[F32] = []
        self._count = 0
        self._first: dict[tuple[int, int, bool], int] = {}
        self._images: list[U8] = []
        self._image_row: dict[int, int] = {}

    def first_row(self, faces: I32, alpha: Alpha | None, one_sided: bool) -> int:
        """Where the rows of a mesh start, which are made when they are new."""
        key = (id(faces), id(alpha), one_sided)
        if key not in self._first:
            rows = np.zeros((len(faces), ROW), np.float32)
            rows.view(np.int32)[:, IMAGE] = -1
            rows.view(np.int32)[:, ONE_SIDED] = one_sided
            if alpha is not None:
                rows[:, :IMAGE] = alpha.uv[faces].reshape(-1, 6)
                # Images repeat: whole numbers are taken off, so that far coordinates keep their fractions.
                rows[:, :IMAGE] -= np.tile(np.floor(rows[:, :2]), 3)
                own = np.array([-1, *(self._row_of(image) for image in alpha.images)], np.int32)
                rows.view(np.int32)[:, IMAGE] = own[alpha.image_of_face + 1]
            self._first[key] = self._count
            self._rows.append(rows)
            self._count += len(rows)
        return self._first[key]

    def _row_of(self, image: U8) -> int:
        if id(image) not in self._image_row:
            self._image_row[id(image)] = len(self._images)
            self._images.append(image)
        return self._image_row[id(image)]

    def tables(self) -> tuple[F32, I32, U8]:
        """`conditions`, `images` and `texels` of `Faces`."""
        offsets = np.cumsum([0, *(image.size for image in self._images)])
        images = [(offset, *image.shape[::-1]) for offset, image in zip(offsets.tolist(), self._images)]
        return (
            np.concatenate([np.zeros((0, ROW), np.float32), *self._rows]).reshape(-1),
            np.array(images, np.int32).reshape(-1),
            np.concatenate([np.zeros(0, np.uint8), *(image.reshape(-1) for image in self._images)]),
        )


@kernel(inline=True)
def raw_faces(faces):
    """The tables as pointers."""
    return Faces(
        pointer(faces.part),
        pointer(faces.first),
        pointer(faces.size),
        faces.first_tested,
        pointer(faces.row),
        pointer(faces.conditions),
        pointer(faces.images),
        pointer(faces.texels),
        faces.first_instance,
        pointer(faces.instances),
        faces.instance_count,
        pointer(faces.keys),
        pointer(faces.boxes),
    )


@kernel(inline=True)
def part_of(faces, triangle):
    """Part of the triangle with an id."""
    if triangle < FIRST_ID:
        return load_int(faces.part, triangle)
    return load_int(faces.instances, instance_of(faces.instances, faces.instance_count, triangle) * INSTANCE + PART)


@kernel(inline=True)
def report_face(hits, ray, triangle, faces):
    """Write which part and which of its faces a ray hit, given the triangle's id or -1."""
    part, face = np.int32(-1), np.int32(-1)
    if triangle >= 0:
        part = part_of(faces, triangle)
        face = np.int32(triangle - load_int(faces.first, part))
    store_int(hits.part, ray, part)
    store_int(hits.primitive, ray, face)


@kernel(inline=True)
def report_wide(hits, first, second, triangles, part, faces):
    """Write what eight rays from `first` on and eight from `second` on hit, if all that hit anything hit `part`.

    Returns whether they did. Neighbours mostly do, and then nothing need be looked up for each.
    """
    face = subtract(triangles, splat_int_wide(load_int(faces.first, part)))
    missed, none = negative(triangles), splat_int_wide(-1)
    elsewhere = negative(face) | negative(subtract(splat_int_wide(load_int(faces.size, part) - 1), face))
    if bits(elsewhere) & ~bits(missed) != 0:
        return False
    store_halves(hits.part, first, second, select(missed, none, splat_int_wide(part)))
    store_halves(hits.primitive, first, second, select(missed, none, face))
    return True


@kernel(inline=True)
def _behind(blocks, at, dx, dy, dz):
    """Whether a ray along d meets the triangle at `at` (block row and lane) from behind: its corners run clockwise."""
    ax, ay, az = load_float(blocks, at), load_float(blocks, at + LANES), load_float(blocks, at + 2 * LANES)
    b, c = at + VERTEX, at + 2 * VERTEX
    ex, ey, ez = load_float(blocks, b) - ax, load_float(blocks, b + LANES) - ay, load_float(blocks, b + 2 * LANES) - az
    gx, gy, gz = load_float(blocks, c) - ax, load_float(blocks, c + LANES) - ay, load_float(blocks, c + 2 * LANES) - az
    return dx * (ey * gz - ez * gy) + (dy * (ez * gx - ex * gz) + dz * (ex * gy - ey * gx)) > np.float32(0)


@kernel(inline=True)
def alpha_at(faces, image, u, v):
    """Bilinear alpha, 0 to 255, at texture coordinates of a row of `faces.images`; below `HOLE` is a hole."""
    offset = np.int64(load_int(faces.images, image * 3))
    width, height = load_int(faces.images, image * 3 + 1), load_int(faces.images, image * 3 + 2)
    x = (u - floor(u)) * np.float32(width) - HALF
    y = (-v - floor(-v)) * np.float32(height) - HALF
    column, row = np.int32(floor(x)), np.int32(floor(y))
    s, t = x - np.float32(column), y - np.float32(row)
    # The sides are powers of two: the mask wraps.
    left, right = np.int64(column & (width - 1)), np.int64((column + 1) & (width - 1))
    top = offset + np.int64(row & (height - 1)) * width
    bottom = offset + np.int64((row + 1) & (height - 1)) * width
    texels = faces.texels
    upper = (ONE - s) * np.float32(texels[top + left]) + s * np.float32(texels[top + right])
    lower = (ONE - s) * np.float32(texels[bottom + left]) + s * np.float32(texels[bottom + right])
    return (ONE - t) * upper + t * lower


@kernel(inline=True)
def stops(faces, blocks, at, triangle, u, v, dx, dy, dz):
    """Whether a triangle with conditions stops a ray along d that meets it at weights u and v.

    `at`: row of its block plus its lane.
    """
    row = (np.int64(triangle) + load_int(faces.row, part_of(faces, triangle))) * ROW
    if load_int(faces.conditions, row + ONE_SIDED) != 0 and _behind(blocks, at, dx, dy, dz):
        return False
    image = np.int64(load_int(faces.conditions, row + IMAGE))
    if image < 0:
        return True
    w, table = ONE - u - v, faces.conditions
    tu = w * load_float(table, row) + (u * load_float(table, row + 2) + v * load_float(table, row + 4))
    tv = w * load_float(table, row + 1) + (u * load_float(table, row + 3) + v * load_float(table, row + 5))
    return alpha_at(faces, image, tu, tv) >= HOLE
