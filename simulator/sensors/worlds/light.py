"""Light of a weather as tables in parts of what saturates the picture, so that shading need not know of exposure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.scene import Atmosphere, Switch
from simulator.sensors.camera import Camera
from simulator.sensors.shading import film
from simulator.sensors.shading.surface import driven_rain
from simulator.sensors.shading.vector import ONE, TWO, airlight, sky_radiance
from simulator.sensors.sky import HIGH_SKY, Sky, make_sky, white_lx
from simulator.sensors.stage import switched_by_daylight
from simulator.sensors.worlds.shadow import SunMap

F32 = NDArray[np.float32]

DOME = 192  # cells of a side of the dome's table
AIR = 64  # cells of the table of air light
CODES = 2048  # cells of the tone curve, over the root of the light
SUN_RADIUS = math.radians(0.8)  # as cameras of few pixels show it
DARK_LX = 1500.0  # daylight below which headlamps show
EYE_M = 1.5  # of vehicles' sensors above the ground, about
STEEP, FARTHEST_M = 0.35, 1000.0  # upward slope of the highest that views look at, and how far they do then
FAINTEST = 0.005  # what shines through so little is not seen
# Columns of `Lights.numbers`.
HARMONICS, SUN, SUN_LIGHT, EXTINCTION, GROUND, SCALE, FILM, SNOW, CODE, SUN_COSINE, SUN_DISC, DARK, THINNING, DRIVEN = (
    0, 27, 30, 33, 34, 37, 40, 41, 42, 43, 44, 45, 46, 47,
)  # fmt: skip
NUMBERS = 49


class Lights(NamedTuple):
    """Tables of K weathers. All light is in parts of saturation, white-balanced.

    Attributes:
        numbers: (K, NUMBERS): radiance that a white matt surface has by its normal (9 harmonics x 3), direction to the
            sun, radiance of such a surface facing it, extinction in 1/m, radiance of far ground, parts of saturation
            for 1 cd/m2 (3), depth of water and of snow in metres, cells of `codes` for a root of light of 1, cosine
            of the sun's radius, radiance of its disc, 1 where lamps light what is around them, 1 / height in which
            the air thins by a factor of e, `driven_rain` (2).
        dome: (K, DOME, DOME, 3) radiance of the sky; the direction (x, y, z) lies at (x, y) / (1 + z) of (-1 ... 1).
        air: (K, AIR, 3) that far air has; see `turn_of`.
        codes: (K, CODES) uint8 sRGB.
        on: (K,) uint32 switches that are on with this weather, bits `1 << Switch`.
        far: (K,) distance in metres at which nothing is seen any more.
        shadows: of what stands.
    """

    numbers: F32
    dome: F32
    air: F32
    codes: NDArray[np.uint8]
    on: NDArray[np.uint32]
    far: F32
    shadows: SunMap


@kernel(inline=True)
def light_in(lights, weather):
    """The tables of one weather."""
    return (
        lights.numbers[weather],
        lights.dome[weather],
        lights.air[weather],
        lights.codes[weather],
        lights.on[weather],
        lights.far[weather],
        lights.shadows.heights[weather],
        lights.shadows.frames[weather],
    )


@kernel(inline=True)
def turn_of(x, y):
    """A number from 0 to 1 that grows with the azimuth of (x, y), without trigonometry."""
    part = x / max(abs(x) + abs(y), np.float32(1e-20))
    return (ONE - part) * np.float32(0.25) if y >= np.float32(0) else (np.float32(3) + part) * np.float32(0.25)


@kernel
def fill_dome(sky, scale, dome):
    """Write `Lights.dome` of one weather from a Sky; `scale` (3,)."""
    table, ground = sky.table, sky.ground
    size = dome.shape[0]
    for row in range(size):
        for column in range(size):
            x = (np.float32(row) + np.float32(0.5)) * TWO / np.float32(size) - ONE
            y = (np.float32(column) + np.float32(0.5)) * TWO / np.float32(size) - ONE
            squared = x * x + y * y
            # Beyond the rim the horizon goes on.
            z = max((ONE - squared) / (ONE + squared), np.float32(1e-4))
            r, g, b = sky_radiance(table, ground, x, y, z)
            dome[row, column, 0], dome[row, column, 1], dome[row, column, 2] = r * scale[0], g * scale[1], b * scale[2]


@kernel
def fill_air(table, scale, air):
    """Write `Lights.air` of one weather from Sky.airlight; `scale` (3,)."""
    for cell in range(air.shape[0]):
        turn = (np.float32(cell) + np.float32(0.5)) * np.float32(4) / np.float32(air.shape[0])
        x = ONE - turn if turn < TWO else turn - np.float32(3)
        y = ONE - abs(x)
        r, g, b = airlight(table, x, y if turn < TWO else -y)
        air[cell, 0], air[cell, 1], air[cell, 2] = r * scale[0], g * scale[1], b * scale[2]


def lights_of(
    weathers: Sequence[Atmosphere], zenith_mag: float, draw: Callable[[list[tuple[F32, float]]], SunMap]
) -> Lights:
    """Tables of some weathers.

    Args:
        weathers: of which there is one row each.
        zenith_mag: of `make_sky`.
        draw: shadows of suns given by their directions and shares of the light (see `sun_maps`).
    """
    count = len(weathers)
    skies = [make_sky(weather, 0, zenith_mag) for weather in weathers]
    shares = [float(s.sun_lx[1] * max(s.sun_direction[2], 0) / max(s.horizontal_lx[1], 1e-9)) for s in skies]
    lights = Lights(
        np.zeros((count, NUMBERS), np.float32),
        np.zeros((count, DOME, DOME, 3), np.float32),
        np.zeros((count, AIR, 3), np.float32),
        np.zeros((count, CODES), np.uint8),
        np.zeros(count, np.uint32),
        np.zeros(count, np.float32),
        draw([(sky.sun_direction, share) for sky, share in zip(skies, shares)]),
    )
    for k, (weather, sky) in enumerate(zip(weathers, skies)):
        exposure = _exposure(sky, white_lx(sky, weather))
        scale = (np.array(exposure.balance) / exposure.white_cd_m2).astype(np.float32)
        row = lights.numbers[k]
        row[HARMONICS : HARMONICS + 27] = (sky.harmonics[:HIGH_SKY] * scale / np.pi).ravel()
        row[SUN : SUN + 3], row[SUN_LIGHT : SUN_LIGHT + 3] = sky.sun_direction, sky.sun_lx * scale / np.pi
        row[GROUND : GROUND + 3], row[SCALE : SCALE + 3] = sky.ground * scale, scale
        row[EXTINCTION] = sky.extinction[0] * math.exp(-EYE_M * weather.thinning_1_m)
        row[THINNING] = weather.thinning_1_m
        row[FILM], row[SNOW] = weather.water_film_m, weather.snow_depth_m
        row[DRIVEN : DRIVEN + 2] = driven_rain(weather)
        row[CODE] = (CODES - 1) / math.sqrt(exposure.headroom)
        row[DARK] = sky.horizontal_lx[1] < DARK_LX
        row[SUN_COSINE] = math.cos(SUN_RADIUS)
        row[SUN_DISC] = float(np.max(sky.sun_lx * scale)) / (math.pi * SUN_RADIUS**2)
        fill_dome(sky, scale, lights.dome[k])
        fill_air(sky.airlight, scale, lights.air[k])
        lights.codes[k] = film.tone_curve(np.linspace(0, 1, CODES) ** 2 * exposure.headroom, exposure.headroom)
        lights.on[k] = 1 << Switch.ALWAYS | switched_by_daylight(weather)
        lights.far[k] = _sight(float(row[EXTINCTION]), weather.thinning_1_m)
    return lights


def _sight(extinction_1_m: float, thinning_1_m: float) -> float:
    """Metres at which nothing is seen any more, upward at `STEEP` either."""
    away = -math.log(FAINTEST) / max(extinction_1_m, 1e-9)
    if thinning_1_m > 0.0:
        # Of the even air's depth as much has to come from the way up: 1 - exp(-climb) = away / (height / slope).
        part = away * STEEP * thinning_1_m
        away = min(-math.log1p(-part) / (STEEP * thinning_1_m), FARTHEST_M) if part < 1.0 else FARTHEST_M
    return away


def chosen(parts: Sequence[Lights], rows: Sequence[tuple[int, int]]) -> Lights:
    """Tables put together from rows of others, each given by the number of its part and of its row there."""
    size = max(part.shadows.heights.shape[1] for part in parts)
    heights = np.full((len(rows), size, size), -32_768, np.int16)
    for plane, (part, row) in zip(heights, rows):
        own = parts[part].shadows.heights[row]
        plane[: len(own), : len(own)] = own
    frames = np.stack([parts[part].shadows.frames[row] for part, row in rows])
    columns = [np.stack([parts[part][column][row] for part, row in rows]) for column in range(len(Lights._fields) - 1)]
    return Lights._make([*columns, SunMap(heights, frames)])


def _exposure(sky: Sky, white: F32) -> film.Exposure:
    """What the automatic exposure of our usual camera chooses for a road below this sky: its lower half the ground.

    `white` is (3,) of `white_lx`.
    """
    camera = Camera()
    rows, columns = 90, 120
    up = np.linspace(0.5, -0.5, rows)
    cells = np.sqrt(np.clip(np.arctan(up), 0, None) / (np.pi / 2)) * (sky.table.shape[0] - 1)
    places = np.linspace(0, sky.table.shape[1], columns, endpoint=False).astype(int)
    picture = sky.table[np.rint(cells).astype(int)][:, places]
    picture[up <= 0] = sky.ground
    longest = camera.exposure_max_ms / 1000
    return film.meter(picture, white, camera.exposure_target, camera.f_number, longest, camera.iso_max)
