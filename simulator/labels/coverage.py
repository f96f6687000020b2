"""Which pixels an object would cover if it were alone, and how far it reaches beyond the picture.

Pixels are decided as a ray caster does, by the camera's own ray through each pixel centre, so that an object
that nothing hides covers the pixels of its mask, whatever the lens (but for rounding at its silhouette).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import fetch_add, pointer
from simulator.numerics.parallel import parallel_for
from simulator.raycast.faces import HOLE, alpha_at
from simulator.raycast.schedule import share, worker_count
from simulator.scene import Mesh, Scene
from simulator.sensors.optics import CameraModel

F64 = NDArray[np.float64]
NEAR_M = 0.05  # geometry nearer to the camera plane is cut off before it is projected
SEEN = 5  # numbers of a vertex in the camera: coordinates, then its pixel
SLACK_PX = 1e-3  # pixel centres that are no farther outside are tested, too
BEYOND = 3.0  # amodal boxes end this many pictures outside the picture


class Lens(NamedTuple):
    """A camera for the kernels.

    Attributes:
        rays: (H, W, 3) float32 directions through the pixel centres, z = 1.
        x_most, x_least: (W,) greatest x of a ray in this column or left of it, least x in this or right of
            it.
        y_most, y_least: (H,) the same for rows, downwards.
        numbers: fx, fy, cx, cy, k1, k2, p1, p2, k3, radius up to which the distortion grows.
        straight: the lens shows straight edges straight: it does not distort.
    """

    rays: NDArray[np.float32]
    x_most: F64
    x_least: F64
    y_most: F64
    y_least: F64
    numbers: F64
    straight: bool


class Holes(NamedTuple):
    """Textures with holes, for leaves and fences.

    Attributes:
        slot: (F,) int32 material slot of each face. uv: (V, 2) float32 texture repeats.
        first_slot: (K,) int64 row of `texture` for slot 0 of each instance.
        texture: flat int32 rows of `images`, -1 for materials without holes.
        images, texels: as in `raycast.faces.Faces`.
    """

    slot: NDArray[np.int32]
    uv: NDArray[np.float32]
    first_slot: NDArray[np.int64]
    texture: NDArray[np.int32]
    images: NDArray[np.int32]
    texels: NDArray[np.uint8]


class Pieces(NamedTuple):
    """Meshes of the objects, grouped by object.

    Attributes:
        objects: (M,) int32 ids of objects that have geometry; then, negated, ids of those that others belong to,
            for the object together with these (a bicycle and its rider).
        first_instance: (M + 1,) int64 rows of `instance` of each object.
        instance: (K,) int64 rows of the scene's instances.
        faces: (K, 2) int64 first and last + 1 row of `triangles`.
        triangles: (F, 3) int32 rows of `vertices`. vertices: (V, 3) float32 mesh frame.
        corners: (K, 2) int64 first and last + 1 row of `vertices`. most_vertices: of one instance.
        skin: (K,) int64 row of the scene's bent vertices that takes the place of the first, -1 for what has no skin.
        bounds: (K, 2, 3) float64 of each instance's mesh.
        holes: what is open of it.
        flat: (M,) bool, part of the ground (potholes, puddles): ground around it hides nothing of it.
    """

    objects: NDArray[np.int32]
    first_instance: NDArray[np.int64]
    instance: NDArray[np.int64]
    faces: NDArray[np.int64]
    triangles: NDArray[np.int32]
    vertices: NDArray[np.float32]
    corners: NDArray[np.int64]
    most_vertices: int
    skin: NDArray[np.int64]
    bounds: F64
    holes: Holes
    flat: NDArray[np.bool_]


class Coverage(NamedTuple):
    """What M objects cover as if alone.

    Attributes:
        objects: (M,) int32 as in Pieces.
        pixels: (M,) int64 inside the picture.
        extent: (M, 4) x0, y0, x1, y1 in pixels, also outside the picture; NaN for what is behind the camera.
    """

    objects: NDArray[np.int32]
    pixels: NDArray[np.int64]
    extent: F64


@lru_cache(maxsize=1)
def pieces_of(scene: Scene) -> Pieces:
    """Objects' geometry, flattened; kept for the scene that was asked for last."""
    owner = scene.instance_object
    parent = np.array([row.parent for row in scene.objects], np.int64)
    families = np.unique(parent[parent > 0])
    in_family = (owner == families[:, None]) | (parent[owner] == families[:, None])
    family, extra = np.nonzero(in_family & (owner > 0))
    rows = np.flatnonzero(owner > 0)
    rows = rows[np.argsort(owner[rows], kind="stable")]
    group = np.concatenate([owner[rows], -families[family]])
    rows = np.concatenate([rows, extra])

    used, mesh_row = np.unique(scene.instance_mesh[rows], return_inverse=True)
    meshes = [scene.meshes[k] for k in used.tolist()]
    first_vertex = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    first_face = np.cumsum([0, *(len(mesh.faces) for mesh in meshes)])
    first = np.flatnonzero(np.diff(group, prepend=0))
    bounds = np.array([mesh.bounds for mesh in meshes]).reshape(-1, 2, 3)
    skin = np.full(len(scene.instance_mesh), -1, np.int64)
    skin[scene.skins.instance] = scene.skins.first_vertex[:-1]
    return Pieces(
        group[first].astype(np.int32),
        np.append(first, len(rows)).astype(np.int64),
        rows.astype(np.int64),
        np.stack([first_face[mesh_row], first_face[mesh_row + 1]], 1).astype(np.int64),
        _joined([mesh.faces + np.int32(o) for mesh, o in zip(meshes, first_vertex)], (0, 3), np.int32),
        _joined([mesh.vertices for mesh in meshes], (0, 3), np.float32),
        np.stack([first_vertex[mesh_row], first_vertex[mesh_row + 1]], 1).astype(np.int64),
        max((len(mesh.vertices) for mesh in meshes), default=0),
        skin[rows],
        bounds[mesh_row],
        _holes(scene, rows, meshes),
        np.array([scene.objects[abs(k)].class_name == "road_defect" for k in group[first].tolist()], np.bool_),
    )


def _holes(scene: Scene, rows: NDArray[np.int64], meshes: list[Mesh]) -> Holes:
    """Textures with holes of the instances `rows`."""
    cut = [texture for texture in scene.textures if texture.cutout]
    number = {id(texture): i for i, texture in enumerate(cut)}
    of_material = np.array([number.get(id(material.texture), -1) for material in scene.materials], np.int32)
    shapes = [texture.rgba.shape[:2] for texture in cut]
    first = np.cumsum([0, *(height * width for height, width in shapes)])
    return Holes(
        _joined([mesh.slots for mesh in meshes], (0,), np.int32),
        _joined([mesh.uv for mesh in meshes], (0, 2), np.float32),
        scene.material_offset[rows],
        of_material[scene.instance_materials],
        np.array([(o, width, height) for o, (height, width) in zip(first, shapes)], np.int32).reshape(-1),
        _joined([texture.rgba[..., 3].ravel() for texture in cut], (0,), np.uint8),
    )


def _joined(arrays: list[NDArray[Any]], empty: tuple[int, ...], dtype: type) -> NDArray[Any]:
    return np.concatenate([np.zeros(empty, dtype), *arrays])


@lru_cache(maxsize=16)
def lens_of(camera: CameraModel) -> Lens:
    """The camera prepared for the kernels."""
    rays = camera.rays()
    x, y = rays[..., 0].astype(np.float64), rays[..., 1].astype(np.float64)
    numbers = np.concatenate(
        [[camera.K[0, 0], camera.K[1, 1], camera.K[0, 2], camera.K[1, 2]], camera.distortion, [_fold(camera)]]
    )
    return Lens(
        rays,
        np.maximum.accumulate(x.max(0)),
        np.minimum.accumulate(x.min(0)[::-1])[::-1].copy(),
        np.maximum.accumulate(y.max(1)),
        np.minimum.accumulate(y.min(1)[::-1])[::-1].copy(),
        numbers,
        not camera.distortion.any(),
    )


def _fold(camera: CameraModel) -> float:
    """Normalised radius up to which the radial distortion grows; beyond it the polynomial folds back."""
    k1, k2, _, _, k3 = camera.distortion
    r = np.linspace(0.0, 20.0, 20_001)
    slope = 1 + 3 * k1 * r**2 + 5 * k2 * r**4 + 7 * k3 * r**6
    bent = np.flatnonzero(slope <= 0.05)
    return float(r[bent[0]]) if len(bent) else float(r[-1])


@kernel
def _project(lens, x, y):
    """Pixel coordinates of normalised coordinates; beyond the lens' fold the scale of the fold continues."""
    fx, fy, cx, cy, k1, k2, p1, p2, k3, fold = lens.numbers
    r = np.sqrt(x * x + y * y)
    shrink = fold / r if r > fold else 1.0
    x, y = x * shrink, y * shrink
    r2 = x * x + y * y
    radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
    u = x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
    v = y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
    return u / shrink * fx + cx, v / shrink * fy + cy


@kernel
def _clip(corner, out):
    """Write x / z, y / z of the part of a triangle beyond NEAR_M; returns its number of corners (0, 3 or 4)."""
    count = 0
    for i in range(3):
        j = (i + 1) % 3
        za, zb = corner[i, 2], corner[j, 2]
        if za >= NEAR_M:
            out[count, 0] = corner[i, 0] / za
            out[count, 1] = corner[i, 1] / za
            count += 1
        if (za >= NEAR_M) != (zb >= NEAR_M):
            w = (NEAR_M - za) / (zb - za)
            out[count, 0] = (corner[i, 0] + w * (corner[j, 0] - corner[i, 0])) / NEAR_M
            out[count, 1] = (corner[i, 1] + w * (corner[j, 1] - corner[i, 1])) / NEAR_M
            count += 1
    return count


@kernel
def _open(holes, texture, numbers, face, a, b, c):
    """Whether a texture has a hole where a face (see `_paint`) has these barycentric weights."""
    uv, p, q, r = holes.uv, numbers[3 * face], numbers[3 * face + 1], numbers[3 * face + 2]
    u = a * uv[p, 0] + b * uv[q, 0] + c * uv[r, 0]
    v = a * uv[p, 1] + b * uv[q, 1] + c * uv[r, 1]
    return alpha_at(holes, texture, np.float32(u), np.float32(v)) < HOLE


@kernel(inline=True)
def _pixels_about(part, count, lens):
    """First column, last + 1, first row, last + 1 of the pixels whose rays may lie among normalised coordinates."""
    left, top, right, bottom = np.inf, np.inf, -np.inf, -np.inf
    for i in range(count):
        left, right = min(left, part[i, 0]), max(right, part[i, 0])
        top, bottom = min(top, part[i, 1]), max(bottom, part[i, 1])
    slack = 1e-6
    u0 = np.searchsorted(lens.x_most, left - slack)
    u1 = np.searchsorted(lens.x_least, right + slack, side="right")
    v0 = np.searchsorted(lens.y_most, top - slack)
    v1 = np.searchsorted(lens.y_least, bottom + slack, side="right")
    return u0, u1, v0, v1


@kernel(inline=True)
def _edge(px, py, pz, qx, qy, qz):
    """P x q."""
    return py * qz - pz * qy, pz * qx - px * qz, px * qy - py * qx


@kernel(inline=True)
def _paint(seen, a, b, c, span, rays, stamp, width, mark, holes, texture, numbers, face):
    """Mark the pixels whose ray meets a triangle and that do not bear `mark` yet; returns how many.

    Args:
        seen, a, b, c: pointer to vertices in the camera, and where the three of the triangle are.
        span: first column, last + 1, first row, last + 1 of the pixels to look at.
        rays, stamp: pointers to those of the Lens, and to (H, W) int32, marked; `width` is W. mark: of this object.
        holes: Holes. texture: of the face, or -1. numbers: pointer to the vertex rows of all faces; `face`: this one.
    """
    fresh = False
    for v in range(span[2], span[3]):
        for pixel in range(v * width + span[0], v * width + span[1]):
            if stamp[pixel] != mark:
                fresh = True
                break
        if fresh:
            break
    if not fresh:  # as most are: they lie behind others of the object
        return 0
    ax, ay, az = seen[a], seen[a + 1], seen[a + 2]
    bx, by, bz = seen[b], seen[b + 1], seen[b + 2]
    cx, cy, cz = seen[c], seen[c + 1], seen[c + 2]
    # A ray d meets the triangle where all d . (p x q) of its edges have the sign of the volume.
    abx, aby, abz = _edge(ax, ay, az, bx, by, bz)
    bcx, bcy, bcz = _edge(bx, by, bz, cx, cy, cz)
    cax, cay, caz = _edge(cx, cy, cz, ax, ay, az)
    volume = cx * abx + cy * aby + cz * abz
    if volume == 0.0:
        return 0
    sign = 1.0 if volume > 0 else -1.0
    new = 0
    for v in range(span[2], span[3]):
        for pixel in range(v * width + span[0], v * width + span[1]):
            if stamp[pixel] == mark:
                continue
            x, y = rays[3 * pixel], rays[3 * pixel + 1]
            weight_c = sign * (abx * x + aby * y + abz)
            weight_a = sign * (bcx * x + bcy * y + bcz)
            weight_b = sign * (cax * x + cay * y + caz)
            if weight_a < 0.0 or weight_b < 0.0 or weight_c < 0.0:
                continue
            if texture >= 0:
                total = weight_a + weight_b + weight_c
                if _open(holes, texture, numbers, face, weight_a / total, weight_b / total, weight_c / total):
                    continue
            stamp[pixel] = mark
            new += 1
    return new


@kernel(inline=True)
def _place_vertices(vertices, first, count, pose, lens, straight, size, seen, spans):
    """Write `count` rows of `vertices` to `seen` (V, SEEN): camera coordinates and pixel; returns the least depth.

    Pixels are known only if that is at least NEAR_M. `pose` points to (3, 4) camera_SE3_mesh, `size` is that of the
    picture. `spans` (V, 4) receives the first column and row whose pixel centre is not before it, the first beyond it.
    """
    fx, fy, cx, cy = lens.numbers[0], lens.numbers[1], lens.numbers[2], lens.numbers[3]
    width, height = np.float64(size[1]), np.float64(size[0])
    least = np.inf
    for i in range(first, first + count):
        x, y, z = np.float64(vertices[3 * i]), np.float64(vertices[3 * i + 1]), np.float64(vertices[3 * i + 2])
        a = pose[0] * x + pose[1] * y + pose[2] * z + pose[3]
        b = pose[4] * x + pose[5] * y + pose[6] * z + pose[7]
        depth = pose[8] * x + pose[9] * y + pose[10] * z + pose[11]
        least = min(least, depth)
        by, row = 1.0 / depth, (i - first) * SEEN
        u, v = a * by * fx + cx, b * by * fy + cy
        if not straight and depth >= NEAR_M:
            u, v = _project(lens, a * by, b * by)
        seen[row], seen[row + 1], seen[row + 2], seen[row + 3], seen[row + 4] = a, b, depth, u, v
        # Whole numbers between, as those of what is not below zero are cut.
        row = (i - first) * 4
        spans[row] = np.int32(min(max(u - SLACK_PX, -0.5), width) + 1.0)
        spans[row + 1] = np.int32(min(max(v - SLACK_PX, -0.5), height) + 1.0)
        spans[row + 2] = np.int32(max(min(u + SLACK_PX, width - 0.5), -1.0) + 1.0)
        spans[row + 3] = np.int32(max(min(v + SLACK_PX, height - 0.5), -1.0) + 1.0)
    return least


@kernel(inline=True)
def _pixels_between(spans, a, b, c):
    """First column, last + 1, first row, last + 1 of the pixels whose centres lie about three rows of `spans`."""
    u0, v0 = min(spans[a], min(spans[b], spans[c])), min(spans[a + 1], min(spans[b + 1], spans[c + 1]))
    u1, v1 = max(spans[a + 2], max(spans[b + 2], spans[c + 2])), max(spans[a + 3], max(spans[b + 3], spans[c + 3]))
    return u0, u1, v0, v1


@kernel
def _find(start, stop, pieces, bent, poses, lens, near):
    """Write whether some instance's bounding box may be in the picture, of objects `start:stop`.

    Args:
        start, stop: range of rows of `pieces.objects`.
        pieces, bent, poses, lens: those of `_cover`.
        near: (M,) bool result.
    """
    low, high = np.empty(3), np.empty(3)
    for m in range(start, stop):
        near[m] = False
        for k in range(pieces.first_instance[m], pieces.first_instance[m + 1]):
            low[:], high[:] = pieces.bounds[k, 0], pieces.bounds[k, 1]
            if pieces.skin[k] >= 0:
                low[:], high[:] = np.inf, -np.inf
                for v in range(pieces.skin[k], pieces.skin[k] + pieces.corners[k, 1] - pieces.corners[k, 0]):
                    for axis in range(3):
                        low[axis], high[axis] = min(low[axis], bent[v, axis]), max(high[axis], bent[v, axis])
            before, left, right, top, bottom = 0, np.inf, -np.inf, np.inf, -np.inf
            for corner in range(8):
                x = high[0] if corner & 1 else low[0]
                y = high[1] if corner & 2 else low[1]
                z = high[2] if corner & 4 else low[2]
                depth = poses[k, 2, 0] * x + poses[k, 2, 1] * y + poses[k, 2, 2] * z + poses[k, 2, 3]
                if depth >= NEAR_M:
                    before += 1
                    a = (poses[k, 0, 0] * x + poses[k, 0, 1] * y + poses[k, 0, 2] * z + poses[k, 0, 3]) / depth
                    b = (poses[k, 1, 0] * x + poses[k, 1, 1] * y + poses[k, 1, 2] * z + poses[k, 1, 3]) / depth
                    left, right, top, bottom = min(left, a), max(right, a), min(top, b), max(bottom, b)
            across = right >= lens.x_least[0] and left <= lens.x_most[-1]
            along = bottom >= lens.y_least[0] and top <= lens.y_most[-1]
            if 0 < before < 8 or (before == 8 and across and along):
                near[m] = True
                break


@kernel
def _cover(shown, pieces, bent, poses, lens, ground, pixels, extent, cursor):
    """Worker: fill `pixels` and `extent` for objects that are shown, one after the other.

    Args:
        shown: rows of the objects.
        pieces: Pieces. bent: (V, 3) float32 vertices of all skins. poses: (K, 3, 4) camera_SE3_mesh. lens: Lens.
        ground: (H, W) bool, where the picture shows bare ground, which does not count for flat objects.
        pixels: (M,) and extent: (M, 4) results.
        cursor: (1,) int64, how many of them have been begun.
    """
    height, width = ground.shape
    stamp = np.full((height, width), np.int32(-1))
    corner, part = np.empty((3, 3)), np.empty((4, 2))
    memory, whole = np.empty(max(pieces.most_vertices, 1) * SEEN), np.empty(max(pieces.most_vertices, 1) * 4, np.int32)
    straight, rays, holes, flat = lens.straight, lens.rays, pieces.holes, pieces.flat
    first_instance, corners, faces = pieces.first_instance, pieces.corners, pieces.faces
    slots, first_slot, textures, triangles = holes.slot, holes.first_slot, holes.texture, pieces.triangles
    rigid, soft, numbers = pointer(pieces.vertices), pointer(bent), pointer(triangles)
    seen, spans, image, marks = pointer(memory), pointer(whole), pointer(rays), pointer(stamp)
    while True:
        row = fetch_add(cursor, 0, 1)
        if row >= len(shown):
            break
        m = shown[row]
        if flat[m]:
            for v in range(height):
                for u in range(width):
                    if ground[v, u]:
                        stamp[v, u] = m
        low_u, low_v, high_u, high_v, found = np.inf, np.inf, -np.inf, -np.inf, 0
        for k in range(first_instance[m], first_instance[m + 1]):
            base, last = corners[k, 0], corners[k, 1]
            pose, skin = pointer(poses[k]), pieces.skin[k]
            vertices, start = (rigid, base) if skin < 0 else (soft, skin)
            least = _place_vertices(vertices, start, last - base, pose, lens, straight, ground.shape, seen, spans)
            before = least >= NEAR_M
            if before:
                for i in range(0, (last - base) * SEEN, SEEN):
                    low_u, low_v = min(low_u, seen[i + 3]), min(low_v, seen[i + 4])
                    high_u, high_v = max(high_u, seen[i + 3]), max(high_v, seen[i + 4])
            for f in range(faces[k, 0], faces[k, 1]):
                a, b, c = numbers[3 * f] - base, numbers[3 * f + 1] - base, numbers[3 * f + 2] - base
                span = _pixels_between(spans, 4 * a, 4 * b, 4 * c)
                a, b, c = a * SEEN, b * SEEN, c * SEEN
                if before and straight:
                    if span[0] < span[1] and span[2] < span[3]:
                        texture = textures[first_slot[k] + slots[f]]
                        found += _paint(seen, a, b, c, span, image, marks, width, m, holes, texture, numbers, f)
                    continue
                for axis in range(3):
                    corner[0, axis], corner[1, axis], corner[2, axis] = seen[a + axis], seen[b + axis], seen[c + axis]
                count = _clip(corner, part)
                if count == 0:
                    continue
                if not before:
                    for i in range(count):
                        u, v = _project(lens, part[i, 0], part[i, 1])
                        low_u, low_v, high_u, high_v = min(low_u, u), min(low_v, v), max(high_u, u), max(high_v, v)
                span = _pixels_about(part, count, lens)
                texture = textures[first_slot[k] + slots[f]]
                found += _paint(seen, a, b, c, span, image, marks, width, m, holes, texture, numbers, f)
        pixels[m] = found
        extent[m, 0], extent[m, 1], extent[m, 2], extent[m, 3] = low_u, low_v, high_u, high_v


def coverage(
    scene: Scene,
    local_SE3_instance: F64,
    camera: CameraModel,
    local_SE3_camera: F64,
    ground: NDArray[np.bool_] | None = None,
    bent: NDArray[np.float32] | None = None,
) -> Coverage:
    """Pixels and extent of every object as if nothing else were there.

    Args:
        scene: the scene.
        local_SE3_instance: (I, 4, 4) poses of all instances.
        camera: lens and size of the picture.
        local_SE3_camera: (4, 4) pose of the optical frame.
        ground: (H, W) where the picture shows bare ground; it counts as nothing for what is part of the ground.
        bent: (V, 3) vertices of the scene's skins as they are now (default: at rest).
    """
    ground = np.zeros((camera.height, camera.width), np.bool_) if ground is None else ground
    pieces, lens = pieces_of(scene), lens_of(camera)
    if bent is None:
        bent, pieces = np.zeros((0, 3), np.float32), pieces._replace(skin=np.full_like(pieces.skin, -1))
    poses = np.linalg.inv(local_SE3_camera) @ local_SE3_instance[pieces.instance]
    poses = np.ascontiguousarray(poses[:, :3])
    near = np.empty(len(pieces.objects), np.bool_)
    parallel_for(lambda start, stop: _find(start, stop, pieces, bent, poses, lens, near), len(near), chunk=8)
    shown = np.flatnonzero(near)
    pixels = np.zeros(len(pieces.objects), np.int64)
    extent = np.tile([np.inf, np.inf, -np.inf, -np.inf], (len(pieces.objects), 1))
    workers = worker_count(None, len(shown))
    share(_cover, workers, (shown, pieces, bent, poses, lens, ground, pixels, extent))
    extent[~np.isfinite(extent).all(1)] = np.nan
    size = np.array([camera.width, camera.height, camera.width, camera.height], np.float64)
    extent = np.clip(extent, -BEYOND * size, (1 + BEYOND) * size)
    return Coverage(pieces.objects, pixels, extent)
