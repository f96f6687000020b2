"""A whole picture in linear light: rays of all pixels in bands, with the labels of the rays through pixel centres."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.counter_rng import hash4, uniform
from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.numerics.simd import LANES
from simulator.raycast import Hits
from simulator.raycast.rays import empty_hits
from simulator.scene.classes import class_id
from simulator.sensors.plumes import Puffs, puffs_of
from simulator.sensors.shading import skylight
from simulator.sensors.shading.canvas import Picture
from simulator.sensors.shading.contact import contacts_nearby, shade_points
from simulator.sensors.shading.glow import add_scattered_light, boxes_around
from simulator.sensors.shading.night_sky import add_night_sky
from simulator.sensors.shading.plume_light import draw_puffs
from simulator.sensors.shading.quick import View, light_quickly
from simulator.sensors.shading.reference import SHARPER, trace
from simulator.sensors.shading.sheen import add_sheen, blur_sheen, gather_sheen
from simulator.sensors.shading.skylight import Grid
from simulator.sensors.shading.thin import soften_thin
from simulator.sensors.shading.transport import DIFFUSE_GLOW, QUALITIES, Quality, Transport
from simulator.sensors.shading.vector import ONE, TWO_PI, ZERO, unit
from simulator.sensors.stage import SEEN

if TYPE_CHECKING:
    from simulator.sensors.optics import CameraModel
    from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]

SKY = np.int32(class_id("sky"))
BAND_SAMPLES = 1 << 18  # samples in flight: bounds the memory
WAVE, LEAST_WAVE, WAVES = 1 << 12, 1 << 9, 2  # pixels behind glass or in lamp light that one thread does in a row
LEAST_GLOW_1_M = 3e-4  # thinner air (visibility above 10 km) shows no halos
NIGHT_LX = 5.0  # less daylight than this: what lamps and windows light brings few rays much, and is smoothed wider
NIGHT_CONTACT = np.float32(0.8)  # ... so that contact shadows are by this part as sharp
# Lamps are a thousand times as bright as what is about them, and few samples meet a small one now and then only: pixels
# within so many metres of one get samples on a Fibonacci lattice (points, and steps of the second coordinate), the more
# the fewer pixels that are.
LAMP_REACH_M, LAMPS_PX = 0.2, ((16, (34, 21)), (3, (233, 144)))
# Where samples beside the centre lie, in pixels: so far that four spread light as the square of a pixel does, whose
# variance is 1/12 along either axis (three quarters of it by the ring, of radius^2 / 2).
RING = np.float32(math.sqrt(2 / 9))


@kernel
def make_rays(start, stop, table, first_row, rotation, seed, out):
    """Unit rays of the rows of a band, sample after sample: sample 0 through pixel centres, the others on a ring.

    Args:
        start, stop: range of rows of the band.
        table: (H, W, 3) float32 directions through pixel centres, camera frame.
        first_row: of the band in the picture.
        rotation: (3, 3) float32 local_R_camera.
        seed: uint32.
        out: (S, rows, W, 3) float32 result, local frame.
    """
    samples, width, height = out.shape[0], table.shape[1], table.shape[0]
    for row in range(start, stop):
        y = first_row + row
        for x in range(width):
            bits, _, _, _ = hash4(seed, np.uint32(y), np.uint32(x), np.uint32(3))
            turn = uniform(bits)
            # slopes of the table: how directions change from pixel to pixel
            x0, x1, y0, y1 = max(x - 1, 0), min(x + 1, width - 1), max(y - 1, 0), min(y + 1, height - 1)
            sx, sy = ONE / np.float32(max(x1 - x0, 1)), ONE / np.float32(max(y1 - y0, 1))
            for s in range(samples):
                du, dv = ZERO, ZERO
                if s > 0:
                    angle = TWO_PI * (turn + np.float32(s - 1) / np.float32(samples - 1))
                    du, dv = RING * np.cos(angle), RING * np.sin(angle)
                a = table[y, x, 0] + du * sx * (table[y, x1, 0] - table[y, x0, 0])
                a += dv * sy * (table[y1, x, 0] - table[y0, x, 0])
                b = table[y, x, 1] + du * sx * (table[y, x1, 1] - table[y, x0, 1])
                b += dv * sy * (table[y1, x, 1] - table[y0, x, 1])
                dx = rotation[0, 0] * a + rotation[0, 1] * b + rotation[0, 2]
                dy = rotation[1, 0] * a + rotation[1, 1] * b + rotation[1, 2]
                dz = rotation[2, 0] * a + rotation[2, 1] * b + rotation[2, 2]
                out[s, row, x, 0], out[s, row, x, 1], out[s, row, x, 2] = unit(dx, dy, dz)


@kernel
def gather(start, stop, paths, forward, pixels, radiance, depth, instance):
    """Mean of the samples of `pixels[start:stop]`, and the labels of sample 0.

    Args:
        start, stop: range of pixels.
        paths: (S * P,) finished PATH_DTYPE, sample after sample. forward: (3,) float32 optical axis.
        pixels: (P,) int32 numbers of the pixels.
        radiance: (H * W, 3), depth: (H * W,), instance: (H * W,) results.
    """
    count = len(pixels)
    samples = len(paths) // count
    for i in range(start, stop):
        red, green, blue = ZERO, ZERO, ZERO
        for s in range(samples):
            path = paths[s * count + i]
            red, green, blue = red + path.red, green + path.green, blue + path.blue
        scale, k = ONE / np.float32(samples), pixels[i]
        radiance[k, 0], radiance[k, 1], radiance[k, 2] = red * scale, green * scale, blue * scale
        center = paths[i]
        cosine = center.dx * forward[0] + center.dy * forward[1] + center.dz * forward[2]
        instance[k] = center.first
        depth[k] = center.reach * cosine if center.first >= 0 else np.float32(np.inf)


@kernel
def pick(start, stop, pixels, ways, rotation, hits, rays, found):
    """Rays and hits of `pixels[start:stop]`, of all pixels': directions of length 1 in the local frame, and reach.

    Args:
        start, stop: range of `pixels` (P,) int32.
        ways: (H * W, 3) float32 directions, camera frame. rotation: (3, 3) float32 local_R_camera.
        hits: Hits of these directions. rays: (P, 3) float32, found: Hits, results.
    """
    for i in range(start, stop):
        k = pixels[i]
        a, b, c = ways[k, 0], ways[k, 1], ways[k, 2]
        length = np.sqrt(a * a + b * b + c * c)
        by = ONE / length
        for axis in range(3):
            rays[i, axis] = (rotation[axis, 0] * a + rotation[axis, 1] * b + rotation[axis, 2] * c) * by
        found.t[i], found.part[i], found.primitive[i] = hits.t[k] * length, hits.part[k], hits.primitive[k]
        found.u[i], found.v[i] = hits.u[k], hits.v[k]


@kernel
def name_owners(start, stop, instance, instances, objects, classes):
    """Object and class of the pixels `start:stop` from their instances, -1 for the sky; INSTANCE_DTYPE `instances`."""
    for i in range(start, stop):
        row = instance[i]
        objects[i] = instances[row].object if row >= 0 else 0
        classes[i] = instances[row].semantic if row >= 0 else SKY


def owners_of(stage: Stage, instance: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """(H, W) ids of the objects, 0 for none, and (H, W) class ids of an (H, W) picture of instances, -1 for none."""
    objects, classes = np.empty(instance.shape, np.int32), np.empty(instance.shape, np.uint8)
    rows, flat = stage.packed.instances, (instance.reshape(-1), objects.reshape(-1), classes.reshape(-1))
    parallel_for(
        lambda start, stop: name_owners(start, stop, flat[0], rows, *flat[1:]),
        instance.size,
        chunk=1 << 16,
        threads=stage.threads,
    )
    return objects, classes


def take_picture(
    stage: Stage, camera: CameraModel, local_SE3_camera: NDArray[np.float64], seed: int, quality: str | Quality
) -> tuple[Picture, Transport]:
    """Render what a camera sees of the stage at its current time.

    Args:
        stage: the posed scene.
        camera: geometry.
        local_SE3_camera: (4, 4) pose of the optical frame in the scene's local frame.
        seed: of all random numbers of this picture.
        quality: a name in QUALITIES, or one of your own.

    Returns:
        The picture, and the light transport that made it (its lamps and sky).
    """
    effort = QUALITIES[quality] if isinstance(quality, str) else quality
    center, table, shape = local_SE3_camera[:3, 3], camera.rays(), (camera.height, camera.width)
    spread = float(1.0 / np.sqrt(camera.K[0, 0] * camera.K[1, 1]))
    number = np.uint32(seed & 0xFFFFFFFF)
    view = View(table, np.ascontiguousarray(local_SE3_camera[:3], np.float32), np.float32(spread))
    ready = list[tuple[Transport, Puffs]]()

    def prepare() -> None:
        """All but rays of pixels: it takes little, but hardly any of it is done side by side."""
        transport = Transport(stage, center, effort)
        if effort.quick:
            transport.contacts = contacts_nearby(stage, camera, view.pose, float(transport.extinction))
        ready.append((transport, puffs_of(stage, center)))

    if effort.quick and stage.sky.horizontal_lx[1] > NIGHT_LX:
        frame = np.vstack([view.pose, [0, 0, 0, 1]])
        hits = stage.rays.closest_hit(
            np.zeros(3), table.reshape(-1, 3), mask=SEEN, threads=stage.threads, grid=shape, frame=frame,
            meanwhile=prepare,
        )  # fmt: skip
        transport, puffs = ready[0]
        picture = _light_quickly(transport, view, hits, number)
    else:
        prepare()
        transport, puffs = ready[0]
        picture = Picture(np.empty((*shape, 3), np.float32), np.empty(shape, np.float32), np.empty(shape, np.int32))
        if effort.bounces is not None:
            trace(transport, view, int(number), DIFFUSE_GLOW, picture)
        else:
            _light_in_bands(transport, camera, view, number, picture)
    if effort.samples == 1:
        soften_thin(picture, stage.threads)
    add_night_sky(picture, transport, camera, local_SE3_camera)
    if transport.extinction > LEAST_GLOW_1_M:
        add_scattered_light(picture, transport, camera, local_SE3_camera)
    draw_puffs(puffs, picture, transport, camera, local_SE3_camera)
    return picture, transport


def _light_in_bands(transport: Transport, camera: CameraModel, view: View, number: np.uint32, picture: Picture) -> None:
    """Light all pixels in waves, some rows at a time."""
    effort, table, (height, width) = transport.quality, view.table, picture.depth.shape
    rotation, origin = np.ascontiguousarray(view.pose[:, :3]), np.ascontiguousarray(view.pose[:, 3])
    spread = float(view.spread)
    grid = _sky_light_grid(transport, table, rotation, origin, spread, number)
    wet = effort.mirrors and transport.stage.atmosphere.water_film_m > 0
    sheen = np.empty((height, width, 6) if wet else (0, 0, 6), np.float32)
    forward = np.ascontiguousarray(rotation[:, 2])
    planes = picture.radiance.reshape(-1, 3), picture.depth.reshape(-1), picture.instance.reshape(-1)
    rows_per_band = max(BAND_SAMPLES // (width * effort.samples) // 8 * 8, 8)
    for top in range(0, height, rows_per_band):
        rows = min(rows_per_band, height - top)
        pixels = np.arange(top * width, (top + rows) * width, dtype=np.int32)
        rays = np.empty((effort.samples, rows, width, 3), np.float32)
        _rows(transport, rows, make_rays, table, top, rotation, number, rays)
        sharpness = spread * (1.0 if effort.samples == 1 else float(SHARPER))
        shape = effort.samples * rows, width
        points, paths = _in_waves(
            transport, origin, rays.reshape(-1, 3), sharpness, shape, int(number) + 16 * (top + 1), pixels, width, grid
        )
        if wet:
            transport.each(len(pixels), gather_sheen, points, paths, sheen[top : top + rows].reshape(-1, 6))
        transport.each(len(pixels), gather, paths, forward, pixels, *planes)
    if effort.samples > 1 and not transport.lamps.dark:
        for most_px, lattice in LAMPS_PX:
            every = pixels_of_lamps(transport.stage.lamps()["position"], camera, view.pose, most_px)
            at_once, fine = BAND_SAMPLES // lattice[0], spread / math.sqrt(lattice[0])
            for pixels in (every[first : first + at_once] for first in range(0, len(every), at_once)):
                rays = rays_within(table, pixels, rotation, lattice)
                _, paths = _in_waves(transport, origin, rays, fine, None, int(number) + 1, pixels, width, grid)
                transport.each(len(pixels), gather, paths, forward, pixels, *planes)
    if wet:
        _add_sheen(transport, camera, sheen, picture)


def _in_waves(
    transport: Transport,
    origin: F32,
    directions: F32,
    spread: float,
    shape: tuple[int, int] | None,
    seed: int,
    pixels: NDArray[np.int32],
    width: int,
    grid: Grid,
    first: Hits | None = None,
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Points and finished paths of primary rays, sample after sample of the `pixels` (P,), numbers in the picture.

    `first`: what the rays hit first, if that is known.
    """
    effort = transport.quality
    points, paths = transport.first_points(origin, directions, spread, SEEN, effort.layers, shape, first)
    transport.light_up(points, paths, seed, first_bounce=True, samples=len(directions) // len(pixels))
    transport.each(len(directions), skylight.look_up, pixels, width, *grid[:2], transport.sky.harmonics, *grid[2:],
                   points, paths)  # fmt: skip
    if len(transport.contacts.boxes):
        transport.each(len(directions), shade_points, *transport.contacts, pixels, width, points, paths)
    transport.finish(points, paths, spread, seed)
    return points, paths


def pixels_of_lamps(place: F32, camera: CameraModel, pose: F32, most_px: int) -> NDArray[np.int32]:
    """Numbers of the pixels about lamps at places (L, 3), local frame, that are smaller than so many pixels there.

    `pose` is (3, 4) local_SE3_camera.
    """
    frame = np.vstack([pose, [0, 0, 0, 1]]).astype(np.float64)
    boxes = boxes_around(camera, frame, place, np.full(len(place), LAMP_REACH_M))
    high, wide = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    touched = np.zeros((camera.height + 1, camera.width + 1), np.int32)
    for row, column, sign in ((0, 2, 1), (0, 3, -1), (1, 2, -1), (1, 3, 1)):  # corners of the sums of boxes
        some = boxes[(high >= 0) & (wide >= 0) & (high < most_px) & (wide < most_px)]
        np.add.at(touched, (some[:, row] + (row == 1), some[:, column] + (column == 3)), sign)
    inside = touched.cumsum(0).cumsum(1)[:-1, :-1] > 0
    return np.flatnonzero(inside).astype(np.int32)


def rays_within(table: F32, pixels: NDArray[np.int32], rotation: F32, lattice: tuple[int, int]) -> F32:
    """(S * P, 3) unit rays, local frame, sample after sample: all over each pixel, that through its centre first.

    Args:
        table: (H, W, 3) float32 directions through pixel centres, camera frame. pixels: (P,) their numbers.
        rotation: (3, 3) float32 local_R_camera. lattice: points, and steps of their second coordinate.
    """
    height, width = table.shape[:2]
    y, x = pixels // width, pixels % width
    left, right, above, below = np.maximum(x - 1, 0), np.minimum(x + 1, width - 1), np.maximum(y - 1, 0), y + 1
    below = np.minimum(below, height - 1)
    across = (table[y, right] - table[y, left]) / np.maximum(right - left, 1)[:, None]
    down = (table[below, x] - table[above, x]) / np.maximum(below - above, 1)[:, None]
    number = np.arange(lattice[0])
    offsets = np.stack([number, number * lattice[1]], 1) % lattice[0] / np.float32(lattice[0])
    offsets = np.where(offsets < 0.5, offsets, offsets - 1).astype(np.float32)
    rays = table[y, x] + offsets[:, :1, None] * across + offsets[:, 1:, None] * down
    rays = rays.reshape(-1, 3) @ rotation.T
    return np.ascontiguousarray(rays / np.sqrt(np.einsum("ij,ij->i", rays, rays))[:, None], np.float32)


def _light_quickly(transport: Transport, view: View, hits: Hits, seed: np.uint32) -> Picture:
    """Light all pixels, which show the `hits`, in one pass, and in waves those that it leaves."""
    stage, (height, width) = transport.stage, view.table.shape[:2]
    ways = view.table.reshape(-1, 3)
    rotation, origin = np.ascontiguousarray(view.pose[:, :3]), np.ascontiguousarray(view.pose[:, 3])

    def seen_by(pixels: NDArray[np.int32]) -> tuple[F32, Hits]:
        """Unit directions of pixels, local frame, and what they hit."""
        rays, found = np.empty((len(pixels), 3), np.float32), empty_hits(len(pixels))
        transport.each(len(pixels), pick, pixels, ways, rotation, hits, rays, found)
        return rays, found

    stride = transport.quality.sky_stride
    pixels = (np.arange(0, height, stride)[:, None] * width + np.arange(0, width, stride)).astype(np.int32)
    columns, pixels = pixels.shape[1], pixels.ravel()
    points = transport.points_at(origin, *seen_by(pixels), float(view.spread) * stride)
    grid = _smoothed(transport, columns, points, seed)
    radiance, pixels = light_quickly(transport, view, hits, grid)
    picture = Picture(radiance, hits.t.reshape(height, width), hits.part.reshape(height, width))
    if not len(pixels):
        return picture
    spread, forward = float(view.spread), np.ascontiguousarray(rotation[:, 2])
    planes = picture.radiance.reshape(-1, 3), picture.depth.reshape(-1), picture.instance.reshape(-1)

    def finish(start: int, stop: int) -> None:
        """Some of them, from the first wave to the last: to wait for each other after every wave would take longer."""
        some = pixels[start:stop]
        toward, found = seen_by(some)
        _, paths = _in_waves(transport, origin, toward, spread, None, int(seed) + 16, some, width, grid, found)
        gather(0, len(some), paths, forward, some, *planes)

    chunk = min(max(-(-len(pixels) // WAVES), LEAST_WAVE), WAVE)  # not by threads: random numbers are those of waves
    parallel_for(finish, len(pixels), chunk=chunk, threads=stage.threads)
    return picture


def _add_sheen(transport: Transport, camera: CameraModel, sheen: F32, picture: Picture) -> None:
    """Smooth the reflections of rough water and add them."""
    spare = np.empty_like(sheen)
    for reach in (1, 2, 4) if transport.sky.horizontal_lx[1] > NIGHT_LX else (1, 3, 8):
        _rows(transport, camera.height, blur_sheen, reach, np.float32(camera.K[0, 0]), picture.depth, sheen, spare)
        sheen, spare = spare, sheen
    _rows(transport, camera.height, add_sheen, sheen, picture.radiance)


def _sky_light_grid(
    transport: Transport, table: F32, rotation: F32, origin: F32, spread: float, seed: np.uint32
) -> Grid:
    """Smoothed sky light of every `sky_stride`-th pixel."""
    stride = transport.quality.sky_stride
    coarse = np.ascontiguousarray(table[::stride, ::stride])
    coarse.flags.writeable = False  # the type of the full table: one compiled version
    rows, columns = coarse.shape[:2]
    rays = np.empty((1, rows, columns, 3), np.float32)
    _rows(transport, rows, make_rays, coarse, 0, rotation, seed, rays)
    directions = rays.reshape(-1, 3)
    points, _ = transport.first_points(
        origin, directions, spread * stride, SEEN, transport.quality.layers, (rows, columns)
    )
    return _smoothed(transport, columns, points, seed)


def _smoothed(transport: Transport, columns: int, points: NDArray[np.void], seed: np.uint32) -> Grid:
    """Sky light of a grid of points, smoothed."""
    (light, closeness), rows = transport.sky_light(points, columns, int(seed) + 7), len(points) // columns
    night = transport.sky.horizontal_lx[1] <= NIGHT_LX
    if night:
        closeness *= NIGHT_CONTACT
    padded = columns + 2 * skylight.MARGIN + LANES
    facts = np.zeros((9, rows, padded), np.float32)
    spread, spare = np.zeros((2, 3, rows, padded), np.float32)
    _rows(transport, rows, skylight.lay_out, columns, points, light, closeness, facts, spread)
    for reach in (1, 3, 8) if night else (1, 2, 4):
        _rows(transport, rows, skylight.smooth, columns, reach, facts, spread, spare)
        spread, spare = spare, spread
    light = np.zeros((rows, columns, 4), np.float32)
    light[..., :3] = spread[:, :, skylight.MARGIN : skylight.MARGIN + columns].transpose(1, 2, 0)
    light = light.reshape(-1, 4)
    transport.each(len(points), skylight.compare_with_sky, points, transport.sky.harmonics, light)
    return Grid(transport.quality.sky_stride, columns, points, light)


def _rows(transport: Transport, rows: int, body: Callable[..., None], *arguments: Any) -> None:
    """Run a kernel over rows of the picture."""
    parallel_for(lambda start, stop: body(start, stop, *arguments), rows, chunk=8, threads=transport.stage.threads)
