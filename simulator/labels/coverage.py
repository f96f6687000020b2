"""Which pixels an object would cover if it were alone, and how far it reaches beyond the picture.

Pixels are decided as a ray caster does, by the camera's own ray through each pixel centre, so that an object
that nothing hides covers the pixels of its mask, whatever the lens (but for rounding at its silhouette).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.labels.pieces import GROUP, pieces_of
from simulator.numerics.jit import kernel
from simulator.numerics.memory import fetch_add, hold, load, load_triples, pointer, store, store_quadruples
from simulator.numerics.parallel import parallel_for
from simulator.numerics.simd import LANES, bits, floor, greatest, least, maximum, minimum, splat, swap_pairs
from simulator.raycast.faces import HOLE, alpha_at
from simulator.raycast.schedule import share, worker_count
from simulator.scene import Scene
from simulator.sensors.optics import CameraModel

F64 = NDArray[np.float64]
NEAR_M = 0.05  # geometry nearer to the camera plane is cut off before it is projected
SEEN = 5  # numbers of a vertex in the camera: coordinates, then its pixel
SPAN = 4  # numbers of a vertex about the pixels around it, see `_find_pixels`
SLACK_PX = np.float32(1e-2)  # pixel centres that are no farther outside are tested, too: more than float32 errs
BEYOND = 3.0  # amodal boxes end this many pictures outside the picture
# A group of faces is looked at as a whole if its vertices are so many in a row at most: where all pixels that it may
# cover bear the object's mark already, as those of far objects do soon, it is passed over.
GROUP_VERTICES = 160


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
def _is_fresh(span, stamp, width, mark):
    """Whether some pixel of a span does not bear a mark yet (see `_paint`); most do: they lie behind others."""
    for v in range(span[2], span[3]):
        for pixel in range(v * width + span[0], v * width + span[1]):
            if stamp[pixel] != mark:
                return True
    return False


@kernel(inline=True)
def _paint(corner, span, rays, stamp, width, mark, holes, texture, numbers, face):
    """Mark the pixels whose ray meets a triangle and that do not bear `mark` yet; returns how many.

    Args:
        corner: (3, 3) its vertices in the camera.
        span: first column, last + 1, first row, last + 1 of the pixels to look at.
        rays, stamp: pointers to those of the Lens, and to (H, W) int32, marked; `width` is W. mark: of this object.
        holes: Holes. texture: of the face, or -1. numbers: pointer to the vertex rows of all faces; `face`: this one.
    """
    ax, ay, az = corner[0]
    bx, by, bz = corner[1]
    cx, cy, cz = corner[2]
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
def _place_vertex(vertices, number, pose):
    """Camera coordinates of a vertex; `pose` points to (3, 4) camera_SE3_mesh."""
    i = 3 * number
    x, y, z = np.float64(vertices[i]), np.float64(vertices[i + 1]), np.float64(vertices[i + 2])
    return (
        pose[0] * x + pose[1] * y + pose[2] * z + pose[3],
        pose[4] * x + pose[5] * y + pose[6] * z + pose[7],
        pose[8] * x + pose[9] * y + pose[10] * z + pose[11],
    )


@kernel(inline=True)
def _place_vertices(vertices, first, count, pose, lens, seen):
    """Write `count` rows of `vertices` to `seen` (V, SEEN): camera coordinates and pixel; returns the least depth.

    Pixels are known only if that is at least NEAR_M. `pose` points to (3, 4) camera_SE3_mesh.
    """
    nearest = np.inf
    for i in range(count):
        a, b, depth = _place_vertex(vertices, first + i, pose)
        nearest = min(nearest, depth)
        u, v = 0.0, 0.0
        if depth >= NEAR_M:
            u, v = _project(lens, a / depth, b / depth)
        row = i * SEEN
        seen[row], seen[row + 1], seen[row + 2], seen[row + 3], seen[row + 4] = a, b, depth, u, v
    return nearest


@kernel(inline=True)
def _find_pixels(vertices, first, count, pose, lens, size, spans):
    """Find out where at least LANES vertices lie in a picture of `size` that shows straight edges straight.

    Args:
        vertices, first, count, pose: as in `_place_vertices`. lens: Lens.
        spans: (V, SPAN) float32 receives whole numbers: the first column and row whose pixel centre is not before a
            vertex, and minus the first beyond it. The least of those of a triangle are the pixels that it may cover.

    Returns:
        Least depth, below NEAR_M if nothing else can be relied on; then left, top, right and bottom of all.
    """
    m = np.empty(12, np.float32)
    for k in range(12):
        m[k] = pose[k]
    fx, fy = np.float32(lens.numbers[0]), np.float32(lens.numbers[1])
    cx, cy = np.float32(lens.numbers[2]), np.float32(lens.numbers[3])
    one, half, some = splat(np.float32(1)), np.float32(0.5), splat(np.float32(np.inf))
    right, bottom = splat(np.float32(size[1])), splat(np.float32(size[0]))
    before, nearest, low_u, low_v, high_u, high_v = splat(-half), some, some, some, -some, -some
    for place in range(0, count, LANES):
        i = min(place, count - LANES)  # the last ones overlap those before
        x, y, z = load_triples(vertices, 3 * (first + i))
        depth = x * m[8] + (y * m[9] + (z * m[10] + m[11]))
        by = one / depth
        u = (x * m[0] + (y * m[1] + (z * m[2] + m[3]))) * by * fx + cx
        v = (x * m[4] + (y * m[5] + (z * m[6] + m[7]))) * by * fy + cy
        nearest = minimum(nearest, depth)
        low_u, low_v, high_u, high_v = minimum(low_u, u), minimum(low_v, v), maximum(high_u, u), maximum(high_v, v)
        store_quadruples(
            spans,
            i * SPAN,
            floor(minimum(maximum(u - SLACK_PX, before), right) + one),
            floor(minimum(maximum(v - SLACK_PX, before), bottom) + one),
            -floor(maximum(minimum(u + SLACK_PX, right - half), -one) + one),
            -floor(maximum(minimum(v + SLACK_PX, bottom - half), -one) + one),
        )
    return least(nearest), least(low_u), least(low_v), greatest(high_u), greatest(high_v)


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


@kernel(inline=True)
def _pixels_between(spans, a, b, c, spare):
    """First column, last + 1, first row, last + 1 of the pixels that a triangle with vertices a, b, c may cover.

    All zero if it covers none. `spans` are those of `_find_pixels`, `spare` points to LANES float32.
    """
    low = minimum(minimum(load(spans, SPAN * a), load(spans, SPAN * b)), load(spans, SPAN * c))
    if bits(low + swap_pairs(low) < splat(np.float32(0))) & 3 != 3:
        return 0, 0, 0, 0
    store(spare, 0, low)
    return np.int64(spare[0]), -np.int64(spare[2]), np.int64(spare[1]), -np.int64(spare[3])


@kernel(inline=True)
def _pixels_among(spans, first, last, spare):
    """As `_pixels_between`, of at least two vertices from `first` to before `last`."""
    low = load(spans, SPAN * first)
    for i in range(first + 2, last, 2):
        low = minimum(low, load(spans, SPAN * min(i, last - 2)))
    store(spare, 0, low)
    left, top = np.int64(min(spare[0], spare[4])), np.int64(min(spare[1], spare[5]))
    return left, -np.int64(min(spare[2], spare[6])), top, -np.int64(min(spare[3], spare[7]))


@kernel
def _cover_straight(pieces, k, mark, vertices, start, pose, spans, spare, rays, stamp, width):
    """Mark the pixels that instance k covers, whose vertices' `spans` are known; returns how many are new.

    Args:
        pieces: Pieces. k: of its instances. mark: of this object.
        vertices, start, pose: as in `_place_vertices`. spans: of `_find_pixels`. spare: pointer to LANES float32.
        rays, stamp, width: as in `_paint`.
    """
    holes, corner, found = pieces.holes, np.empty((3, 3)), 0
    base, first, last = pieces.corners[k, 0], pieces.faces[k, 0], pieces.faces[k, 1]
    numbers, group = pointer(pieces.triangles), pieces.first_group[k]
    for begin in range(first, last, GROUP):
        low, high = pieces.groups[group, 0], pieces.groups[group, 1]
        group += 1
        if high - low <= GROUP_VERTICES and not _is_fresh(_pixels_among(spans, low, high, spare), stamp, width, mark):
            continue
        for f in range(begin, min(begin + GROUP, last)):
            a, b, c = numbers[3 * f] - base, numbers[3 * f + 1] - base, numbers[3 * f + 2] - base
            span = _pixels_between(spans, a, b, c, spare)
            if span[1] == 0 or not _is_fresh(span, stamp, width, mark):
                continue
            corner[0, 0], corner[0, 1], corner[0, 2] = _place_vertex(vertices, start + a, pose)
            corner[1, 0], corner[1, 1], corner[1, 2] = _place_vertex(vertices, start + b, pose)
            corner[2, 0], corner[2, 1], corner[2, 2] = _place_vertex(vertices, start + c, pose)
            texture = holes.texture[holes.first_slot[k] + holes.slot[f]]
            found += _paint(corner, span, rays, stamp, width, mark, holes, texture, numbers, f)
    return found


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
    corner, part, few = np.empty((3, 3)), np.empty((4, 2)), np.empty(LANES, np.float32)
    memory = np.empty(pieces.most_vertices * SEEN)
    whole = np.zeros(pieces.most_vertices * SPAN + LANES, np.float32)
    rays, holes, flat = lens.rays, pieces.holes, pieces.flat
    first_instance, corners, faces = pieces.first_instance, pieces.corners, pieces.faces
    slots, first_slot, textures, triangles = holes.slot, holes.first_slot, holes.texture, pieces.triangles
    rigid, soft, numbers, spare = pointer(pieces.vertices), pointer(bent), pointer(triangles), pointer(few)
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
            base, count = corners[k, 0], corners[k, 1] - corners[k, 0]
            pose, skin = pointer(poses[k]), pieces.skin[k]
            vertices, start = (rigid, base) if skin < 0 else (soft, skin)
            if lens.straight and count >= LANES:
                nearest, left, top, right, bottom = _find_pixels(
                    vertices, start, count, pose, lens, ground.shape, spans
                )
                if nearest >= NEAR_M:
                    low_u, low_v = min(low_u, left), min(low_v, top)
                    high_u, high_v = max(high_u, right), max(high_v, bottom)
                    found += _cover_straight(pieces, k, m, vertices, start, pose, spans, spare, image, marks, width)
                    continue
            nearest = _place_vertices(vertices, start, count, pose, lens, seen)
            if nearest >= NEAR_M:
                for i in range(0, count * SEEN, SEEN):
                    low_u, low_v = min(low_u, seen[i + 3]), min(low_v, seen[i + 4])
                    high_u, high_v = max(high_u, seen[i + 3]), max(high_v, seen[i + 4])
            for f in range(faces[k, 0], faces[k, 1]):
                for j in range(3):
                    at = (numbers[3 * f + j] - base) * SEEN
                    corner[j, 0], corner[j, 1], corner[j, 2] = seen[at], seen[at + 1], seen[at + 2]
                beyond = _clip(corner, part)
                if beyond == 0:
                    continue
                if nearest < NEAR_M:
                    for i in range(beyond):
                        u, v = _project(lens, part[i, 0], part[i, 1])
                        low_u, low_v, high_u, high_v = min(low_u, u), min(low_v, v), max(high_u, u), max(high_v, v)
                span = _pixels_about(part, beyond, lens)
                if _is_fresh(span, marks, width, m):
                    texture = textures[first_slot[k] + slots[f]]
                    found += _paint(corner, span, image, marks, width, m, holes, texture, numbers, f)
        pixels[m] = found
        extent[m, 0], extent[m, 1], extent[m, 2], extent[m, 3] = low_u, low_v, high_u, high_v
    hold(stamp)
    hold(few)
    hold(memory)
    hold(whole)


def coverage(
    scene: Scene,
    local_SE3_instance: F64,
    camera: CameraModel,
    local_SE3_camera: F64,
    ground: NDArray[np.bool_] | None = None,
    bent: NDArray[np.float32] | None = None,
    wanted: NDArray[np.int32] | None = None,
) -> Coverage:
    """Pixels and extent of every object as if nothing else were there.

    Args:
        scene: the scene.
        local_SE3_instance: (I, 4, 4) poses of all instances.
        camera: lens and size of the picture.
        local_SE3_camera: (4, 4) pose of the optical frame.
        ground: (H, W) where the picture shows bare ground; it counts as nothing for what is part of the ground.
        bent: (V, 3) vertices of the scene's skins as they are now (default: at rest).
        wanted: ids of the objects that are asked about (default: all); others cover nothing.
    """
    ground = np.zeros((camera.height, camera.width), np.bool_) if ground is None else ground
    pieces, lens = pieces_of(scene), lens_of(camera)
    if bent is None:
        bent, pieces = np.zeros((0, 3), np.float32), pieces._replace(skin=np.full_like(pieces.skin, -1))
    poses = np.linalg.inv(local_SE3_camera) @ local_SE3_instance[pieces.instance]
    poses = np.ascontiguousarray(poses[:, :3])
    near = np.empty(len(pieces.objects), np.bool_)
    parallel_for(lambda start, stop: _find(start, stop, pieces, bent, poses, lens, near), len(near), chunk=8)
    if wanted is not None:
        near &= np.isin(np.abs(pieces.objects), wanted)
    shown = np.flatnonzero(near)
    # The nearest, which take the longest, first: threads are done at the same time.
    shown = shown[np.argsort(poses[pieces.first_instance[shown], 2, 3], kind="stable")]
    pixels = np.zeros(len(pieces.objects), np.int64)
    extent = np.tile([np.inf, np.inf, -np.inf, -np.inf], (len(pieces.objects), 1))
    workers = worker_count(None, len(shown))
    share(_cover, workers, (shown, pieces, bent, poses, lens, ground, pixels, extent))
    extent[~np.isfinite(extent).all(1)] = np.nan
    size = np.array([camera.width, camera.height, camera.width, camera.height], np.float64)
    extent = np.clip(extent, -BEYOND * size, (1 + BEYOND) * size)
    return Coverage(pieces.objects, pixels, extent)
