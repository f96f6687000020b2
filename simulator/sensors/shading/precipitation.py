"""Rain streaks and snow flakes before the scene: sizes, numbers and speeds of real ones, drawn where they would be."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.rng import generator
from simulator.scene import Atmosphere
from simulator.sensors.shading.lamps import cell_of, lamp_lux
from simulator.sensors.shading.vector import HALF, ONE, PI, ZERO, clamp01, luminance
from simulator.weather.snow import flake_mm, melted_mm

if TYPE_CHECKING:
    from simulator.sensors.optics import CameraModel
    from simulator.sensors.shading.canvas import Picture
    from simulator.sensors.shading.transport import Transport

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Widths = NDArray[np.floating]

NEAREST_M, FARTHEST_M = 0.35, 24.0
SHELLS = 6  # of doubling depth: far ones hold only particles that are big enough to be seen
LEAST_WIDTH_PX = 0.15
MOST_PER_SHELL = 30_000
TUMBLE_MPS = 0.35  # flakes stray from their mean path


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of particles.

    Attributes:
        is_snow: whether it falls slowly and tumbles, and is wider than the drop it melts to.
        number: per m3 and mm of (melted) diameter at diameter 0. slope: of the exponential size distribution, 1/mm.
        sky_part: of the mean radiance of the sky that it shows. lamp_part: radiance per lux of lamps, 1/sr.
        background_part: of the radiance behind it that it passes on.
    """

    is_snow: bool
    number: float
    slope: float
    sky_part: float
    lamp_part: float
    background_part: float

    def melted_mm(self, width_mm: Widths) -> Widths:
        """Diameter of the drop that a particle is, or melts to."""
        return melted_mm(width_mm) if self.is_snow else width_mm

    def width_mm(self, melted_mm: Widths) -> Widths:
        """Inverse of `melted_mm`."""
        return flake_mm(melted_mm) if self.is_snow else melted_mm


def kinds_of(atmosphere: Atmosphere) -> list[Kind]:
    """Rain by Marshall and Palmer (1948), snow by Gunn and Marshall (1958); empty in dry air."""
    found = []
    if atmosphere.rain_mm_h > 0:
        found.append(Kind(False, 8000.0, 4.1 * atmosphere.rain_mm_h**-0.21, 0.75, 0.05, 0.25))
    if atmosphere.snow_mm_h > 0:
        rate = atmosphere.snow_mm_h
        found.append(Kind(True, 3800.0 * rate**-0.87, 2.55 * rate**-0.48, 0.75, 0.26, 0.05))
    return found


def make_particles(
    kind: Kind, focal_px: float, half_width: float, half_height: float, rng: np.random.Generator
) -> tuple[F32, F32]:
    """(P, 3) positions in the camera frame and (P,) diameters in metres of the particles worth drawing."""
    depths = NEAREST_M * (FARTHEST_M / NEAREST_M) ** (np.arange(SHELLS + 1) / SHELLS)
    positions, sizes = [np.zeros((0, 3))], [np.zeros(0)]
    for near, far in itertools.pairwise(depths):
        volume = 4 * half_width * half_height * (far**3 - near**3) / 3
        least_mm = float(kind.melted_mm(np.array(1000 * LEAST_WIDTH_PX * near / focal_px)))
        expected = volume * kind.number / kind.slope * math.exp(-kind.slope * least_mm)
        if expected > MOST_PER_SHELL:
            least_mm += math.log(expected / MOST_PER_SHELL) / kind.slope
            expected = MOST_PER_SHELL
        count = int(rng.poisson(expected))
        z = np.cbrt(near**3 + rng.uniform(size=count) * (far**3 - near**3))
        across = rng.uniform(-1, 1, (count, 2)) * [half_width, half_height]
        positions.append(np.concatenate([across * z[:, None], z[:, None]], 1))
        sizes.append(kind.width_mm(least_mm + rng.exponential(1 / kind.slope, count)) / 1000)
    return np.concatenate(positions).astype(np.float32), np.concatenate(sizes).astype(np.float32)


def fall_speed_mps(kind: Kind, diameters_m: F32) -> F32:
    """Terminal speeds: rain 9.65 - 10.3 exp(-0.6 D[mm]) (Atlas et al., 1973); aggregates of flakes about 1 m/s."""
    if kind.is_snow:
        return np.asarray(0.98 * kind.melted_mm(1000.0 * diameters_m) ** 0.31, np.float32)
    speed = 9.65 - 10.3 * np.exp(-600.0 * diameters_m)
    return np.asarray(np.maximum(speed, 0.2), np.float32)


@kernel
def light_particles(start, stop, places, lamps, extinction, lux):
    """Illuminance (P, 3) that lamps give to particles `start:stop` at `places` (P, 3) in the local frame."""
    position, axis, intensity, beam, low, cells, least = lamps
    last, per_cell = cells.shape[0] - 1, cells.shape[2]
    for i in range(start, stop):
        x, y, z = places[i, 0], places[i, 1], places[i, 2]
        row, column = cell_of(low, last, x, y)
        red, green, blue = ZERO, ZERO, ZERO
        for k in range(per_cell):
            lamp = cells[row, column, k]
            if lamp < 0:
                break
            peak = luminance(intensity[lamp, 0], intensity[lamp, 1], intensity[lamp, 2])
            _, _, _, distance, e = lamp_lux(position, axis, beam, lamp, x, y, z, peak / least[lamp])
            if e <= ZERO:
                continue
            e *= math.exp(-extinction * distance)
            red, green, blue = (
                red + e * intensity[lamp, 0],
                green + e * intensity[lamp, 1],
                blue + e * intensity[lamp, 2],
            )
        lux[i, 0], lux[i, 1], lux[i, 2] = red, green, blue


@kernel
def draw(start, stop, heads, tails, widths, spots, colors, parts, depth, radiance, gain):
    """Add particles to rows `start:stop` of a picture; each row is owned by one call, in the order of particles.

    A particle of width w moves from head to tail during the exposure: where it passes it covers the background for
    the share of the time that it needs to pass (K. Garg and S. Nayar, ICCV 2005).

    Args:
        start, stop: range of rows.
        heads, tails: (P, 3) float32 column, row, depth of both ends of the path.
        widths: (P,) float32 pixels. spots: (P,) float32 those that they have in the picture, a pixel at least.
        colors: (P, 3) radiance. parts: (P,) float32 share of the background passed on.
        depth: (H, W) of the scene. radiance: (H, W, 3) before. gain: (H, W, 3) change, added to.
    """
    columns = depth.shape[1]
    for i in range(len(widths)):
        x0, y0, x1, y1 = heads[i, 0], heads[i, 1], tails[i, 0], tails[i, 1]
        drawn = spots[i]
        radius = HALF * drawn
        top, bottom = min(y0, y1) - radius, max(y0, y1) + radius
        if bottom < np.float32(start) or top > np.float32(stop - 1):
            continue
        ex, ey = x1 - x0, y1 - y0
        length = math.sqrt(ex * ex + ey * ey)
        area = np.float32(0.25) * PI * widths[i] * widths[i]
        opacity = min(area / ((length + drawn) * drawn), ONE)
        first, final = max(np.int32(math.floor(top)), start), min(np.int32(math.ceil(bottom)), stop - 1)
        reach = radius + HALF
        for y in range(first, final + 1):
            # the part of the path that comes near this row, and the columns that it passes
            begin, end = ZERO, ONE
            if abs(ey) > np.float32(1e-3):
                t0, t1 = (np.float32(y) - reach - y0) / ey, (np.float32(y) + reach - y0) / ey
                begin, end = clamp01(min(t0, t1)), clamp01(max(t0, t1))
            low, high = min(x0 + begin * ex, x0 + end * ex), max(x0 + begin * ex, x0 + end * ex)
            left = np.int32(math.floor(max(low - reach, ZERO)))
            right = np.int32(math.ceil(min(high + reach, np.float32(columns - 1))))
            for x in range(left, right + 1):
                if depth[y, x] < heads[i, 2]:
                    continue
                qx, qy = np.float32(x) - x0, np.float32(y) - y0
                t = min(max((qx * ex + qy * ey) / max(length * length, np.float32(1e-6)), ZERO), ONE)
                qx, qy = qx - t * ex, qy - t * ey
                inside = min(max(radius + HALF - math.sqrt(qx * qx + qy * qy), ZERO), ONE)
                if inside > ZERO:
                    a = opacity * inside
                    for k in range(3):
                        back = radiance[y, x, k]
                        gain[y, x, k] += a * (colors[i, k] + (parts[i] - ONE) * back)


def add_precipitation(
    picture: Picture,
    transport: Transport,
    camera: CameraModel,
    local_SE3_camera: F64,
    exposure_s: float,
    aperture_m: float,
    seed: int,
) -> F32:
    """(H, W, 3) radiance of a picture with the rain or snow in front of the scene; the camera moves with the ego.

    Lenses of cars are focused far away: what is near is spread over a disc as wide as the aperture (m).
    """
    stage = transport.stage
    radiance = picture.radiance
    for kind in kinds_of(stage.atmosphere):
        rng = generator(seed, "snow" if kind.is_snow else "rain")
        heads, tails, widths, colors = _seen_particles(kind, transport, camera, local_SE3_camera, exposure_s, rng)
        blur = float(camera.K[0, 0]) * aperture_m / np.maximum(heads[:, 2], np.float32(NEAREST_M))
        spots = np.maximum(np.hypot(widths, blur), 1.0).astype(np.float32)
        parts = np.full(len(widths), kind.background_part, np.float32)
        gain = np.zeros_like(radiance)
        chunk = -(-camera.height // 4)
        transport.each(camera.height, draw, heads, tails, widths, spots, colors, parts, picture.depth, radiance, gain,
                       chunk=chunk)  # fmt: skip
        radiance = np.maximum(radiance + gain, np.float32(0))
    return radiance


def _seen_particles(
    kind: Kind,
    transport: Transport,
    camera: CameraModel,
    local_SE3_camera: F64,
    exposure_s: float,
    rng: np.random.Generator,
) -> tuple[F32, F32, F32, F32]:
    """Heads, tails, widths and colours, for `draw`."""
    stage, sky = transport.stage, transport.sky
    focal = float(camera.K[0, 0])
    margin = 1.05
    half_width, half_height = (
        margin * size / f / 2 for size, f in ((camera.width, focal), (camera.height, float(camera.K[1, 1])))
    )
    places, sizes = make_particles(kind, focal, half_width, half_height, rng)
    camera_R_local = local_SE3_camera[:3, :3].T
    velocity = np.zeros((len(places), 3))
    velocity[:, 2] = -fall_speed_mps(kind, sizes)
    velocity += np.array([*stage.atmosphere.wind_mps, 0.0]) - stage.snapshot.velocity[stage.ego]
    if kind.is_snow:
        velocity += rng.normal(0, TUMBLE_MPS, velocity.shape)
    moved = places + velocity @ camera_R_local.T * exposure_s
    ahead = moved[:, 2] > 0.5 * NEAREST_M
    places, moved, sizes = places[ahead], moved[ahead], sizes[ahead]
    lux = np.zeros((len(places), 3), np.float32)
    if not transport.lamps.dark:
        local = (places @ camera_R_local + local_SE3_camera[:3, 3]).astype(np.float32)
        transport.each(len(places), light_particles, local, transport.lamps, transport.extinction, lux)
    mean_sky = (sky.horizontal_lx - sky.sun_lx * max(float(sky.sun_direction[2]), 0.0)) / np.pi
    colors = (kind.sky_part * mean_sky + kind.lamp_part * lux).astype(np.float32)
    heads, tails = (np.concatenate([camera.project(p), p[:, 2:]], 1).astype(np.float32) for p in (places, moved))
    return heads, tails, (focal * sizes / places[:, 2]).astype(np.float32), colors
