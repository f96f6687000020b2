"""Light of lamps scattered toward the eye by fog, rain or snow: halos and cones.

About each lamp this light falls as one over the angle to it and faster: there it is found for each pixel. The rest is
smooth and found on a coarse grid of the picture. A window about the lamp, as wide as some cells of the grid, parts the
two; of what drops diffract toward the eye on all the way, the cone to that window. Integrals along a ray run over the
angle at the lamp, in which the lamp's inverse square law cancels (C. Kulla and M. Fajardo, Computer Graphics Forum 31,
2012; as in B. Sun et al., ACM Trans. Graphics 24, 2005).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.sensors.shading.air import (
    DIFFRACTED,
    DIFFRACTED_G,
    FAR_M,
    GROWTH,
    LOG_GROWTH,
    NEAR_M,
    SLICES,
    depth_to,
    lobe,
    way_of,
    wide_phase,
)
from simulator.sensors.shading.beams import HIGH_BEAM, ISOTROPIC, LOW_BEAM, beam_intensity, strayed_intensity
from simulator.sensors.shading.lamps import LAMP_RADIUS_M, cell_of
from simulator.sensors.shading.shafts import add_sunlight, sunlit
from simulator.sensors.shading.vector import HALF, ONE, PI, TWO, ZERO, luminance, unit
from simulator.sensors.sky_models import FOG_THINS
from simulator.sensors.stage import SEEN

if TYPE_CHECKING:
    from simulator.sensors.optics import CameraModel
    from simulator.sensors.shading.canvas import Picture
    from simulator.sensors.shading.transport import Transport

F32 = NDArray[np.float32]

CELL_RAD, CELL_PX = 1 / 70, (4, 32)  # angle between columns of the grid; pixels at least and at most
PREVIEW_COARSER, PREVIEW_WINDOW_CELLS = 2, np.float32(2.5)  # by so much preview's grid is coarser; its windows
# Light that is scattered more than once, as fitted to random walks (`fog_phase`, lamp and eye 0.5 to 6 mean free paths
# apart and a twentieth of that above black ground, 1 to 90 deg beside the lamp): within a half of them, where single
# scattering is 1.2 to 1000 times too faint. What has been scattered once is thinned as if drops took less of it, for
# most goes on nearly straight; and air that is deep in the fog sends out an even light too, which hardly thins.
THINS_ONCE, SPREAD, SPREAD_G, THINS_SPREAD = (
    np.float32(FOG_THINS),
    np.float32(0.113),
    np.float32(0.25),
    np.float32(0.011),
)
STEP_RAD = np.float32(0.15)  # of the angle at the lamp
# Near the axis of a beam finer steps: the cut-off of a low beam is 0.6 deg wide. So many at most.
BEAM_RAD, MOST_STEPS, IN_BEAM = np.float32(0.01), 12, np.float32(0.7)
WINDOW_CELLS, WINDOW_M = np.float32(4.0), np.float32(0.5)  # radius of the window about a lamp, and at least
# Places in a window where light is asked for, in parts of the angle, and their weights: Gauss and Legendre's.
PLACES = np.stack([0.5 + 0.5 * np.polynomial.legendre.leggauss(4)[0], 0.5 * np.polynomial.legendre.leggauss(4)[1]], 1)
PLACES = PLACES.astype(np.float32)
DISC_M, DISC_RADIUS_M = (
    np.float32(5.0),
    np.float32(0.053),
)  # nearer headlamps are discs of 0.15 m: the rms of their radii
BESIDE_PHASE = np.float32(0.5)  # 1/sr, light is scattered by more than a few degrees by no more than this
PREVIEW_SLICES = 3  # slices that preview does as one
SLICE_SHARE = 1 / 16  # of what matters on a ray, that matters in a slice
# Halos that are fainter, or than a part of daylit air, are left out; in preview that is one step of 8 bits.
FAINTEST_CD_M2, FAINTEST_SHARE, PREVIEW_FAINTEST = 0.02, 0.002, 0.004
LEAST_LEFT = np.float32(0.1)  # of the sky's light by shadows in the fog before it
BESIDE_M = 0.6  # a lamp is hidden if all places so far beside it are


@kernel
def lamp_glow(lamps, lamp, eye, dx, dy, dz, begin, end, air, window, within):
    """Radiance per unit of a lamp's peak that the air between `begin` and `end` on a ray gives toward the eye.

    Args:
        lamps: Lamps, of which `lamp` is asked for. eye: (3,) float32, from which the ray starts along unit d.
        air: (2,) of `air_at`.
        window: radius of the window about the lamp. within: what of the light comes from in it, or from without; what
            is diffracted within the cone to it is that of `diffracted`.
    """
    position, axis, beam = lamps.position, lamps.axis, lamps.beam
    ox, oy, oz = position[lamp, 0] - eye[0], position[lamp, 1] - eye[1], position[lamp, 2] - eye[2]
    along = ox * dx + oy * dy + oz * dz
    radius = np.float32(LAMP_RADIUS_M)
    aside = math.sqrt(max(ox * ox + oy * oy + oz * oz - along * along, ZERO) + radius * radius)
    first, last = math.atan((begin - along) / aside), math.atan((end - along) / aside)
    steps = len(PLACES) if within else 1 + np.int32((last - first) / STEP_RAD)
    kind = beam[lamp]
    if kind in (LOW_BEAM, HIGH_BEAM) and not within:
        middle = aside * math.tan(HALF * (first + last)) + along
        tx, ty, tz = middle * dx - ox, middle * dy - oy, middle * dz - oz
        ahead = tx * axis[lamp, 0] + ty * axis[lamp, 1] + tz * axis[lamp, 2]
        if ahead > ZERO and ahead * ahead > IN_BEAM * IN_BEAM * (tx * tx + ty * ty + tz * tz):
            steps = min(1 + np.int32((last - first) / BEAM_RAD), MOST_STEPS)
    turn = last - first
    total, rest = ZERO, ZERO if within else ONE - in_cone_to(window, along, aside)
    for step in range(steps):
        place, weight = (np.float32(step) + HALF) / np.float32(steps), ONE / np.float32(steps)
        if within:
            place, weight = PLACES[step, 0], PLACES[step, 1]
        tangent = math.tan(first + place * turn)
        t, away = along + aside * tangent, aside * math.sqrt(ONE + tangent * tangent)
        share = window / away if window > ZERO else ZERO
        share = (ONE - ONE / (share * share)) if share > ONE else ZERO
        share = share * share if within else ONE - share * share
        px, py, pz = t * dx - ox, t * dy - oy, t * dz - oz
        ahead = px * axis[lamp, 0] + py * axis[lamp, 1] + pz * axis[lamp, 2]
        if (share <= ZERO and rest <= ZERO) or (ahead <= ZERO and kind != ISOTROPIC):
            continue
        px, py, pz = unit(px, py, pz)
        level = disc_intensity(kind, axis[lamp, 0], axis[lamp, 1], axis[lamp, 2], px, py, pz, away)
        here = air[0] * math.exp(-max(t * dz * air[1], -TWO))
        between = air[0] * math.exp(-max(HALF * (t * dz + oz) * air[1], -TWO))
        depth = depth_to(air, t, t * dz) + between * away
        cosine = -(px * dx + py * dy + pz * dz)
        once = wide_phase(cosine) * share + DIFFRACTED * lobe(DIFFRACTED_G, cosine) * rest
        often = SPREAD * lobe(SPREAD_G, cosine) * (ONE - math.exp(-depth)) * math.exp(-THINS_SPREAD * depth)
        often *= strayed_intensity(kind, level, px * axis[lamp, 0] + py * axis[lamp, 1] + pz * axis[lamp, 2])
        total += weight * here * (level * once * math.exp(-THINS_ONCE * depth) + share * often)
    return total * turn / aside


@kernel
def disc_intensity(kind, ax, ay, az, dx, dy, dz, away):
    """`beam_intensity` toward a place so far `away`, of a headlamp nearby as the mean over its disc."""
    level = beam_intensity(kind, ax, ay, az, dx, dy, dz)
    if kind not in (LOW_BEAM, HIGH_BEAM) or away > DISC_M:
        return level
    flat, by = max(math.sqrt(ax * ax + ay * ay), np.float32(1e-6)), DISC_RADIUS_M / away
    rx, ry = by * ay / flat, -by * ax / flat
    level += beam_intensity(kind, ax, ay, az, *unit(dx + rx, dy + ry, dz))
    level += beam_intensity(kind, ax, ay, az, *unit(dx - rx, dy - ry, dz))
    level += beam_intensity(kind, ax, ay, az, *unit(dx, dy, dz + by))
    level += beam_intensity(kind, ax, ay, az, *unit(dx, dy, dz - by))
    return np.float32(0.2) * level


@kernel(inline=True)
def dim_from(lamps, lamp, eye, dx, dy, dz, begin, end, air, faintest):
    """Whether the air between `begin` and `end` on a ray surely gets less light than what matters from a lamp.

    It is behind the lamp's front, or so far from it that all of its peak would not make it brighter than `faintest`.
    """
    position, axis, intensity = lamps.position, lamps.axis, lamps.intensity
    ox, oy, oz = position[lamp, 0] - eye[0], position[lamp, 1] - eye[1], position[lamp, 2] - eye[2]
    ahead = dx * axis[lamp, 0] + dy * axis[lamp, 1] + dz * axis[lamp, 2]
    front = ox * axis[lamp, 0] + oy * axis[lamp, 1] + oz * axis[lamp, 2]
    if lamps.beam[lamp] != ISOTROPIC and begin * ahead <= front and end * ahead <= front:
        return True
    middle = HALF * (begin + end)
    ox, oy, oz = middle * dx - ox, middle * dy - oy, middle * dz - oz
    away = max(math.sqrt(ox * ox + oy * oy + oz * oz) - HALF * (end - begin), np.float32(LAMP_RADIUS_M))
    peak = luminance(intensity[lamp, 0], intensity[lamp, 1], intensity[lamp, 2])
    return peak * air[0] * (end - begin) * BESIDE_PHASE < faintest * away * away


@kernel(inline=True)
def in_cone_to(window, along, aside):
    """How much of a ray is in the cone to a window of that radius, 1 in the middle and 0 without.

    The lamp is `along` the ray and `aside` of it.
    """
    if window <= ZERO or along <= ZERO:
        return ZERO
    part = ONE - aside * aside / (window * window)
    return part * part if part > ZERO else ZERO


@kernel
def diffracted(lamps, lamp, eye, dx, dy, dz, end, air, window):
    """Radiance per unit of a lamp's peak that drops diffract toward the eye from a ray as far as `end`, in its cone.

    All of it is turned by so little that it has come about the straight way. Over the angle of the turn, which grows
    along the ray, the integral of Henyey and Greenstein's lobe is closed.

    Args:
        lamps, lamp, eye, dx, dy, dz, air, window: as in `lamp_glow`.
    """
    ox, oy = lamps.position[lamp, 0] - eye[0], lamps.position[lamp, 1] - eye[1]
    oz = lamps.position[lamp, 2] - eye[2]
    along, away = ox * dx + oy * dy + oz * dz, math.sqrt(ox * ox + oy * oy + oz * oz)
    radius = np.float32(LAMP_RADIUS_M)
    aside = math.sqrt(max(away * away - along * along, ZERO) + radius * radius)
    part = in_cone_to(window, along, aside)
    if part <= ZERO:
        return ZERO
    ax, ay, az = lamps.axis[lamp, 0], lamps.axis[lamp, 1], lamps.axis[lamp, 2]
    px, py, pz = unit(-ox, -oy, -oz)
    if lamps.beam[lamp] != ISOTROPIC and ax * px + ay * py + az * pz <= ZERO:
        return ZERO
    level = beam_intensity(lamps.beam[lamp], ax, ay, az, px, py, pz)
    c = ONE - DIFFRACTED_G
    first, last = math.atan2(aside, along), math.atan2(aside, along - end)
    turned = last / math.sqrt(c * c + DIFFRACTED_G * last * last)
    turned -= first / math.sqrt(c * c + DIFFRACTED_G * first * first)
    lost = math.exp(-THINS_ONCE * depth_to(air, away, oz))
    given = DIFFRACTED * (ONE + DIFFRACTED_G) / (np.float32(4.0) * PI * c) * max(turned, ZERO)
    return part * level * given * air[0] * lost / aside


@kernel
def farthest(depth, y, x, cell_px):
    """Depth beyond which nothing is seen in the part of the picture that grid cell at pixel (y, x) touches."""
    far = ZERO
    for row in range(max(y - cell_px, 0), min(y + cell_px, depth.shape[0])):
        for column in range(max(x - cell_px, 0), min(x + cell_px, depth.shape[1])):
            far = max(far, depth[row, column])
    return far


@kernel
def fill_glow(
    start, stop, columns, cell_px, table, rotation, eye, lamps, windows, air, depth, together, faintest, glow
):
    """Radiance gained along the rays of grid cells `start:stop` up to each slice that is seen, but within windows.

    Args:
        start, stop: range of cells, row-major, `columns` a row; cell (r, c) looks through pixel cell_px * (r, c).
        table: (H, W, 3) float32 camera rays. rotation: (3, 3) float32 local_R_camera. eye: (3,) float32.
        lamps: Lamps. windows: (L, 2) of `find_windows`. air: (2,) of `air_at`.
        depth: (H, W) float32, where rays end.
        together: slices that are done as one. faintest: luminance that matters in one, cd/m2, float32.
        glow: (G, SLICES + 2, 3) float32 result; the last place is for the sky.
    """
    intensity, cells = lamps.intensity, lamps.cells
    last, per_cell, growth = cells.shape[0] - 1, cells.shape[2], GROWTH ** np.float32(together)
    for i in range(start, stop):
        y = min((i // columns) * cell_px, table.shape[0] - 1)
        x = min((i % columns) * cell_px, table.shape[1] - 1)
        dx, dy, dz, _ = way_of(table, rotation, y, x)
        red, green, blue = ZERO, ZERO, ZERO
        glow[i, 0, 0], glow[i, 0, 1], glow[i, 0, 2] = ZERO, ZERO, ZERO
        begin, far = NEAR_M, farthest(depth, y, x, cell_px)
        for s in range(0, SLICES, together):
            r, g, b = red, green, blue
            end = begin * growth
            t = math.sqrt(begin * end)
            row, column = cell_of(lamps.low, last, eye[0] + t * dx, eye[1] + t * dy)
            for k in range(per_cell):
                lamp = cells[row, column, k]
                if lamp < 0 or begin > far:
                    break
                if begin < windows[lamp, 1] or dim_from(lamps, lamp, eye, dx, dy, dz, begin, end, air, faintest):
                    continue
                lux = lamp_glow(lamps, lamp, eye, dx, dy, dz, begin, end, air, windows[lamp, 0], False)
                red += lux * intensity[lamp, 0]
                green += lux * intensity[lamp, 1]
                blue += lux * intensity[lamp, 2]
            for k in range(1, together + 1):
                part = np.float32(k) / np.float32(together)
                glow[i, s + k, 0], glow[i, s + k, 1] = r + part * (red - r), g + part * (green - g)
                glow[i, s + k, 2] = b + part * (blue - b)
            begin = end
        glow[i, SLICES + 1, 0], glow[i, SLICES + 1, 1], glow[i, SLICES + 1, 2] = red, green, blue


@kernel
def add_glow(start, stop, columns, cell_px, glow, depth, radiance):
    """Add the glow between the eye and `depth` (H, W) to rows `start:stop` of `radiance` (H, W, 3)."""
    width = depth.shape[1]
    rows = len(glow) // columns
    more = np.empty(3, np.float32)
    for y in range(start, stop):
        v = np.float32(y) / np.float32(cell_px)
        r0 = min(np.int32(v), rows - 1)
        r1 = min(r0 + 1, rows - 1)
        fv = v - np.float32(r0)
        for x in range(width):
            u = np.float32(x) / np.float32(cell_px)
            c0 = min(np.int32(u), columns - 1)
            c1 = min(c0 + 1, columns - 1)
            fu = u - np.float32(c0)
            place = math.log(min(max(depth[y, x], NEAR_M), FAR_M) / NEAR_M) / LOG_GROWTH
            s0 = min(np.int32(place), SLICES - 1)
            fs = place - np.float32(s0)
            if depth[y, x] == np.inf:
                s0, fs = SLICES, ONE
            more[:] = ZERO
            for corner in range(4):
                right, down = corner & 1, corner >> 1
                cell = (r1 if down else r0) * columns + (c1 if right else c0)
                w = (fu if right else ONE - fu) * (fv if down else ONE - fv)
                for k in range(3):
                    more[k] += w * (glow[cell, s0, k] * (ONE - fs) + glow[cell, s0 + 1, k] * fs)
            for k in range(3):
                radiance[y, x, k] = max(radiance[y, x, k] + more[k], LEAST_LEFT * radiance[y, x, k])


@kernel
def find_windows(start, stop, eye, lamps, hidden, air, pixel, window_rad, faintest, windows):
    """Windows about lamps `start:stop`.

    Args:
        start, stop: range of lamps. eye: (3,) float32. lamps: Lamps. air: (2,) of `air_at`.
        hidden: (L,) float32 distance of what hides a lamp from the eye, 0 of one that is seen.
        pixel, window_rad: width of a pixel and radius of windows per metre, float32.
        faintest: luminance of a halo that matters, cd/m2, float32.
        windows: (L, 2) float32 result: radius, 0 where the grid does, and distance from which on a ray sees the lamp.
    """
    for lamp in range(start, stop):
        px, py = eye[0] - lamps.position[lamp, 0], eye[1] - lamps.position[lamp, 1]
        pz = eye[2] - lamps.position[lamp, 2]
        away = math.sqrt(px * px + py * py + pz * pz)
        px, py, pz = unit(px, py, pz)
        ax, ay, az = lamps.axis[lamp, 0], lamps.axis[lamp, 1], lamps.axis[lamp, 2]
        level = max(beam_intensity(lamps.beam[lamp], ax, ay, az, px, py, pz), np.float32(0.01))
        peak = luminance(lamps.intensity[lamp, 0], lamps.intensity[lamp, 1], lamps.intensity[lamp, 2])
        beside = max(TWO * pixel * away, np.float32(LAMP_RADIUS_M))
        halo = air[0] * level * peak * math.exp(-THINS_ONCE * air[0] * away) / beside
        radius = max(window_rad * away, WINDOW_M)
        windows[lamp, 0] = radius if halo > faintest and away > TWO * radius else ZERO
        windows[lamp, 1] = hidden[lamp]


@kernel
def add_halos(start, stop, table, rotation, eye, lamps, windows, boxes, air, depth, radiance):
    """Add what the air in the windows about lamps gives to rows `start:stop` of `radiance` (H, W, 3).

    Args:
        start, stop: range of rows.
        table: (H, W, 3) float32 camera rays. rotation: (3, 3) float32 local_R_camera. eye: (3,) float32.
        lamps: Lamps. windows: (L, 2) of `find_windows`. air: (2,) of `air_at`.
        boxes: (L, 4) int32 first and last row and column that windows touch. depth: (H, W) float32.
    """
    for y in range(start, stop):
        for lamp in range(len(boxes)):
            if y < boxes[lamp, 0] or y > boxes[lamp, 1]:
                continue
            radius = windows[lamp, 0]
            ox, oy = lamps.position[lamp, 0] - eye[0], lamps.position[lamp, 1] - eye[1]
            oz = lamps.position[lamp, 2] - eye[2]
            for x in range(boxes[lamp, 2], boxes[lamp, 3] + 1):
                dx, dy, dz, stretch = way_of(table, rotation, y, x)
                along = ox * dx + oy * dy + oz * dz
                chord = radius * radius - (ox * ox + oy * oy + oz * oz - along * along)
                if chord <= ZERO:
                    continue
                chord, far = math.sqrt(chord), depth[y, x] * stretch
                begin, end, lux = max(along - chord, windows[lamp, 1]), min(along + chord, far), ZERO
                if windows[lamp, 1] == ZERO:
                    lux = diffracted(lamps, lamp, eye, dx, dy, dz, far, air, radius)
                if end > begin:
                    lux += lamp_glow(lamps, lamp, eye, dx, dy, dz, begin, end, air, radius, True)
                for k in range(3):
                    radiance[y, x, k] += lux * lamps.intensity[lamp, k]


def add_scattered_light(
    picture: Picture, transport: Transport, camera: CameraModel, local_SE3_camera: NDArray[np.float64]
) -> None:
    """Add the light of lamps and of the sun in fog that the air in front of the scene scatters to a picture."""
    shines = sunlit(transport)
    if transport.lamps.dark and not shines:
        return
    rotation = np.ascontiguousarray(local_SE3_camera[:3, :3], np.float32)
    eye = np.ascontiguousarray(local_SE3_camera[:3, 3], np.float32)
    focal_px = math.sqrt(float(camera.K[0, 0]) * float(camera.K[1, 1]))
    coarser = PREVIEW_COARSER if transport.quality.quick else 1
    cell_px = min(max(round(focal_px * CELL_RAD * coarser), CELL_PX[0]), CELL_PX[1])
    table, depth = camera.rays(), picture.depth
    rows, columns = (-(-size // cell_px) + 1 for size in (camera.height, camera.width))
    glow = np.zeros((rows * columns, SLICES + 2, 3), np.float32)
    windows = _windows(transport, eye, 1.0 / focal_px, cell_px)
    lamps, air = transport.lamps, transport.air
    if not lamps.dark:
        together = PREVIEW_SLICES if transport.quality.quick else 1
        faintest = np.float32(SLICE_SHARE * together * _faintest(transport))
        transport.each(len(glow), fill_glow, columns, cell_px, table, rotation, eye, lamps, windows, air, depth,
                       together, faintest, glow, chunk=64)  # fmt: skip
    if shines:
        add_sunlight(transport, columns, cell_px, table, rotation, eye, glow)
    transport.each(camera.height, add_glow, columns, cell_px, glow, depth, picture.radiance, chunk=8)
    if windows[:, 0].any():
        boxes = boxes_around(camera, local_SE3_camera, lamps.position, windows[:, 0])
        transport.each(camera.height, add_halos, table, rotation, eye, lamps, windows, boxes, air, depth,
                       picture.radiance, chunk=8)  # fmt: skip


def _faintest(transport: Transport) -> float:
    """Luminance of scattered light that matters, cd/m2."""
    share = PREVIEW_FAINTEST if transport.quality.quick else FAINTEST_SHARE
    return max(FAINTEST_CD_M2, share * float(transport.sky.airlight[:, 1].mean()))


def _windows(transport: Transport, eye: F32, pixel: float, cell_px: int) -> F32:
    """(L, 2) of `find_windows`; `pixel`: width of a pixel per metre."""
    lamps = transport.lamps
    windows = np.zeros((len(lamps.beam), 2), np.float32)
    if not lamps.dark:
        cells = PREVIEW_WINDOW_CELLS if transport.quality.quick else WINDOW_CELLS
        radius = cells * np.float32(cell_px * pixel)
        transport.each(len(windows), find_windows, eye, lamps, _hidden(transport, eye), transport.air,
                       np.float32(pixel), radius, np.float32(_faintest(transport)), windows)  # fmt: skip
    return windows


def _hidden(transport: Transport, eye: F32) -> F32:
    """(L,) distance of what hides each lamp and its surroundings from the eye, 0 of one that is seen."""
    stage, place = transport.stage, transport.lamps.position
    toward = place - eye
    away = np.maximum(np.linalg.norm(toward, axis=1), 1e-3)
    level = np.stack([-toward[:, 1], toward[:, 0], np.zeros(len(place))], 1)
    level /= np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-6)
    up = np.array([0.0, 0.0, 1.0])
    nearest = np.full(len(place), np.inf)
    for aside in (0.0 * level, level, -level, up + 0.0 * level, -up + 0.0 * level):
        way = toward + BESIDE_M * aside
        length = np.maximum(np.linalg.norm(way, axis=1), 1e-3)
        hits = stage.rays.closest_hit(eye, (way / length[:, None]).astype(np.float32), mask=SEEN, threads=stage.threads)
        blocked = (hits.part >= 0) & (hits.t < away - BESIDE_M)
        nearest = np.where(blocked, np.minimum(nearest, hits.t), 0.0)
    return np.where(np.isfinite(nearest), nearest, 0.0).astype(np.float32)


def boxes_around(
    camera: CameraModel, local_SE3_camera: NDArray[np.float64], center: F32, reach: NDArray[np.floating]
) -> NDArray[np.int32]:
    """(N, 4) first and last row, first and last column that balls touch; empty ranges for those not in sight.

    Args:
        camera, local_SE3_camera: that looks. center: (N, 3) middles, local frame.
        reach: (N,) radii, 0: in no pixel; balls that are near the eye or about it touch the whole picture.
    """
    seen = (center - local_SE3_camera[:3, 3]) @ local_SE3_camera[:3, :3]
    depth = seen[:, 2]
    boxes = np.tile(np.array([0, camera.height - 1, 0, camera.width - 1], np.int32), (len(seen), 1))
    boxes[(depth + reach < 0.1) | (reach <= 0), 1] = -1
    ahead = (depth > 1.5 * reach) & (boxes[:, 1] >= 0)
    if ahead.any():
        middle = camera.project(seen[ahead])
        radius = 1.25 * reach[ahead] * max(float(camera.K[0, 0]), float(camera.K[1, 1])) / (depth - reach)[ahead]
        low, high = middle - radius[:, None], middle + radius[:, None]
        last = np.array([camera.height - 1, camera.width - 1])
        first = np.clip(np.floor(low[:, ::-1]), 0, last + 1)
        final = np.clip(np.ceil(high[:, ::-1]), -1, last)
        boxes[ahead] = np.stack([first[:, 0], final[:, 0], first[:, 1], final[:, 1]], 1).astype(np.int32)
    return boxes
