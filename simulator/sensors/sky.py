"""The sky as kernels read it: radiance of every direction, the sun, and what both give to surfaces and to the air.

Relative distributions come from `sky_models`; their level is set so that a horizontal plane receives exactly the
illuminance that `simulator.weather.daylight` gives. Radiances are in cd/m2 by channel of linear sRGB (so that
0.2126 R + 0.7152 G + 0.0722 B is the luminance).
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene import NATURAL_ZENITH_MAG, Atmosphere
from simulator.sensors import sky_models as models
from simulator.sensors.sky_models import GROUND_ALBEDO, dome, smoothstep
from simulator.weather.daylight import (
    SOLAR_ILLUMINANCE_LX,
    clear_diffuse_lx,
    clear_direct_normal_lx,
    daylight,
    overcast_diffuse_lx,
    overcast_part,
    sun_through_clouds,
)

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

AZIMUTHS = 64  # of the air-light table
SECTORS = 128  # of the sky, each taken as even for the light that comes from all of it
AIRLIGHT_ELEVATION_RAD = math.radians(8.0)  # the air looks like the sky this far above the horizon
# Among houses and trees, which stand about most of what is seen at a second bounce, the sky is free from about here on
# and seldom lower: streets as wide as their houses are high show it from 27 to 45 degrees on, wide ones from 15.
SKYLINE_RAD = math.radians(30.0)
HIGH_SKY = 9  # row of `Sky.harmonics` from which they are those of this sky
AUREOLE_MOST = 0.8  # of the diffuse light, that fog's glow about the sun has
# Albedo of country and roofs under snow, of which tracks, walls and trees are dark (T. Oke, Boundary Layer Climates,
# 1987: 0.4 to 0.95 for snow), and the depth that hides two thirds of the ground, that of `shading.surface`.
SNOW_ALBEDO, SNOW_HIDES_M = 0.6, 0.004


# Streets as preview takes them: houses this high, over the width between them (by choice), and the albedo of walls
# (T. Oke, Boundary Layer Climates, 1987: 0.2 to 0.4 for brick, 0.1 to 0.35 for concrete).
HOUSES, WALL_ALBEDO = 0.7, 0.3
OPEN_GROUND = 0.7  # of `Sky.ground`, as bright as ground in the open, much of it road (by choice)


class Sky(NamedTuple):
    """The sky for kernels.

    Attributes:
        table: (ROWS, COLUMNS, 3) radiance of the upper hemisphere without the sun's disc; cells as in
            `sky_models.Dome`.
        airlight: (AZIMUTHS, 3) radiance that haze and fog fade to, by azimuth of the view (cells as above), without
            the sunlight that fog scatters once (`shafts`).
        harmonics: (18, 3) irradiance of a surface by its normal, from the sky and a lit ground below: second-order
            spherical harmonics (R. Ramamoorthi and P. Hanrahan, SIGGRAPH 2001), cosine lobe included; then that without
            the low sky.
        ground: (3,) radiance of ground beyond the scene.
        sun_direction: (3,) unit vector toward the sun, or toward the moon when the sun has set.
        sun_lx: (3,) its illuminance on a plane that faces it.
        extinction: (1,) of the air, 1/m.
    """

    table: F32
    airlight: F32
    harmonics: F32
    ground: F32
    sun_direction: F32
    sun_lx: F32
    extinction: F32

    @property
    def horizontal_lx(self) -> F32:
        """(3,) illuminance of a horizontal plane by sun and sky, by channel."""
        return np.asarray(self.ground * np.float32(np.pi / GROUND_ALBEDO))

    def luminance(self, directions: F32) -> F32:
        """(N,) cd/m2 of the sky's nearest cell in (N, 3) unit directions above the horizon."""
        return np.asarray(self.radiance(directions) @ models.LUMINANCE, np.float32)

    def radiance(self, directions: F32) -> F32:
        """(N, 3) radiance of the sky's nearest cell in (N, 3) unit directions above the horizon."""
        rows, columns = self.table.shape[:2]
        row = np.sqrt(np.arcsin(np.clip(directions[:, 2], 0, 1)) * (2 / np.pi)) * (rows - 1)
        column = np.arctan2(directions[:, 1], directions[:, 0]) / (2 * np.pi) * columns
        return np.asarray(self.table[np.rint(row).astype(int), np.floor(column).astype(int) % columns])


def make_sky(atmosphere: Atmosphere, seed: int = 0, zenith_mag: float = NATURAL_ZENITH_MAG) -> Sky:
    """Sky for an atmosphere.

    Args:
        atmosphere: light and air.
        seed: shapes the clouds, and tells where the nearest town glows.
        zenith_mag: what the light of towns makes of a clear moonless night overhead, mag/arcsec2 (`Scene.zenith_mag`).
    """
    light = daylight(atmosphere)
    sun = np.asarray(atmosphere.sun_direction, np.float64)
    cos_sun = dome().directions @ sun
    color = models.beam_color(atmosphere.sun_elevation_rad, atmosphere.turbidity)
    radiance = _above_fog(atmosphere, sun, cos_sun, color, seed)
    above_lx = sun_above_fog(atmosphere)
    radiance = models.through_fog(radiance, atmosphere, above_lx)
    aureole = models.fog_aureole(atmosphere, cos_sun)[..., None] * above_lx * atmosphere.sunlight
    around = min(dome().illuminance(aureole), AUREOLE_MOST * light.diffuse_lx)
    aureole = aureole * (around / max(dome().illuminance(aureole), 1e-12))
    radiance = radiance * ((light.diffuse_lx - around) / max(dome().illuminance(radiance), 1e-12))
    if atmosphere.street_lamps_on and zenith_mag < NATURAL_ZENITH_MAG:
        glow = models.town_glow(zenith_mag, atmosphere, seed)
        radiance = radiance + _under_snow(atmosphere.snow_depth_m) * glow
    if (night := atmosphere.moonlit) is not None:
        sun = night.moon_direction
        color = models.beam_color(math.asin(float(sun[2])), atmosphere.turbidity) * models.MOON_COLOR
    sun_lx = light.direct_normal_lx * color
    air, radiance = _airlight(radiance), radiance + aureole
    horizontal = np.sum(radiance * dome().cosine_weight[..., None], (0, 1)) + sun_lx * max(float(sun[2]), 0.0)
    ground = GROUND_ALBEDO * horizontal / np.pi
    below, high = ground * _under_snow(atmosphere.snow_depth_m), smoothstep(0.0, SKYLINE_RAD, dome().elevation)
    harmonics = [irradiance_harmonics(radiance * part, below) for part in (1.0, high[..., None])]
    return Sky(
        np.ascontiguousarray(radiance, np.float32),
        air.astype(np.float32),
        np.concatenate(harmonics).astype(np.float32),
        ground.astype(np.float32),
        sun.astype(np.float32),
        sun_lx.astype(np.float32),
        np.array([atmosphere.extinction_1_m], np.float32),
    )


def light_among_walls(sky: Sky, snow_depth_m: float) -> F32:
    """(3, 3) radiance by channel of walls along streets, of the ground between them, and of ground in the open.

    The sky lights them by the view factors of a long canyon, the sun by what of its beam that lets in, mean over all
    directions of streets (T. Oke, Boundary Layer Climates, 1987): energy that does not get to the ground, walls get.
    All goes on between them as in an integrating sphere (D. Goebel, Applied Optics 6(1), 1967).
    """
    sun, high, snow = sky.sun_lx * max(float(sky.sun_direction[2]), 0.0), HOUSES, _under_snow(snow_depth_m)
    sky_lx, root = sky.horizontal_lx - sun, math.hypot(HOUSES, 1.0)
    flat = math.hypot(float(sky.sun_direction[0]), float(sky.sun_direction[1]))
    rise = max(float(sky.sun_direction[2]), 0.0) / max(flat, 1e-6) / high  # sunlit width where the sun shines across
    lit = 1 - 2 / (np.pi * rise) if rise >= 1 else 2 / np.pi * (math.asin(rise) - (rise / (1 + math.sqrt(1 - rise**2))))
    more = 1 / (np.pi * (1 - (WALL_ALBEDO + GROUND_ALBEDO) / 2 * (1 - root + high)))
    walls = more * WALL_ALBEDO * ((high + 1 - root) / (2 * high) * sky_lx + (1 - lit) / (2 * high) * sun)
    street = more * GROUND_ALBEDO * snow * ((root - high) * sky_lx + lit * sun)
    return np.asarray([walls, street, OPEN_GROUND * snow * sky.ground], np.float32)


def white_lx(sky: Sky, atmosphere: Atmosphere) -> F32:
    """(3,) horizontal illuminance that cameras balance to white: daylight's, as they expect it, and half of dust's."""
    return np.asarray(sky.horizontal_lx / models.dust_tint(atmosphere.dust_share), np.float32)


def _under_snow(depth_m: float) -> float:
    """How much brighter the ground about is for lying snow than without, as `surface.cover` hides it."""
    return 1.0 + (1.0 - math.exp(-depth_m / SNOW_HIDES_M)) * (SNOW_ALBEDO / GROUND_ALBEDO - 1.0)


def sun_above_fog(atmosphere: Atmosphere) -> F64:
    """(3,) illuminance by the sun on a plane that faces it, below the clouds and above the fog, but for `sunlight`."""
    height, turbidity = atmosphere.sun_elevation_rad, atmosphere.turbidity
    level = clear_direct_normal_lx(height, turbidity) * sun_through_clouds(atmosphere.cloud_oktas)
    return np.asarray(level * models.beam_color(height, turbidity))


def _above_fog(atmosphere: Atmosphere, sun: F64, cos_sun: F64, color: F64, seed: int) -> F64:
    """(ROWS, COLUMNS, 3) sky of clear air and clouds, at the level of its illuminance."""
    height, turbidity, oktas = atmosphere.sun_elevation_rad, atmosphere.turbidity, atmosphere.cloud_oktas
    dusk = float(smoothstep(3.0, -2.0, math.degrees(height)))
    clear = np.zeros((models.ROWS, models.COLUMNS, 3))
    if dusk < 1:
        day = models.clear_sky(cos_sun, height, turbidity)
        clear += (1 - dusk) / dome().illuminance(day) * day
    if dusk > 0:
        evening = models.twilight_sky(math.atan2(sun[1], sun[0]), height)
        clear += dusk / dome().illuminance(evening) * evening
    clear *= clear_diffuse_lx(height, turbidity)
    if (night := atmosphere.moonlit) is not None:
        up = math.asin(float(night.moon_direction[2]))
        moonlit = models.clear_sky(dome().directions @ night.moon_direction, up, turbidity) * models.MOON_COLOR
        share = night.moon_lx / SOLAR_ILLUMINANCE_LX
        clear += share * clear_diffuse_lx(up, turbidity) / dome().illuminance(moonlit) * moonlit
    if oktas < 0.05:
        return clear
    part = overcast_part(oktas)
    density = models.cloud_density(oktas, seed)
    color = color if height > 0 else np.ones(3)
    overcast = models.overcast_sky(height) * overcast_diffuse_lx(height)
    overcast = overcast * np.exp(-0.12 * (density - 2.9).clip(-3, 3))[..., None]
    mixed = (1 - part) * clear + part * overcast
    if oktas < 7.95:
        above = clear_direct_normal_lx(height, turbidity) * color
        sky_lx = np.sum(clear * dome().cosine_weight[..., None], (0, 1))
        mixed = models.broken_clouds(mixed, atmosphere, cos_sun, above, sky_lx, seed)
    return np.asarray(mixed)


def _airlight(radiance: F64) -> F64:
    """(AZIMUTHS, 3) mean radiance of the lowest sky, smoothed along the horizon."""
    low = np.mean(radiance[dome().elevation[:, 0] < AIRLIGHT_ELEVATION_RAD], 0)
    cells = low.reshape(AZIMUTHS, -1, 3).mean(1)
    spectrum = np.fft.rfft(cells, axis=0)
    spectrum *= np.exp(-((np.arange(len(spectrum)) / 6.0) ** 2))[:, None]
    return np.asarray(np.maximum(np.fft.irfft(spectrum, AZIMUTHS, axis=0), 0.3 * cells.min()))


def irradiance_harmonics(radiance: F64, ground: F64) -> F64:
    """(9, 3) coefficients of the irradiance by normal, of the upper sky and a uniform lower hemisphere."""
    basis, lower = _dome_basis()
    around = radiance.reshape(models.ROWS, SECTORS, -1, 3).mean(2)
    sky = np.einsum("rck,rcj,r->kj", basis, around, dome().solid_angle[:, 0]) * (models.COLUMNS / SECTORS)
    below = lower[:, None] * ground
    lobe = np.pi * np.array([1, 2 / 3, 2 / 3, 2 / 3, 1 / 4, 1 / 4, 1 / 4, 1 / 4, 1 / 4])
    return np.asarray((sky + below) * lobe[:, None])


@cache
def _dome_basis() -> tuple[F64, F64]:
    """(ROWS, SECTORS, 9) mean harmonics of the upper hemisphere's cells, and (9,) their integral over the lower one."""
    d = dome().directions
    upper, lower = (harmonics_basis(d * np.array([1.0, 1.0, up])) for up in (1.0, -1.0))
    sectors = upper.reshape(models.ROWS, SECTORS, -1, 9).mean(2)
    return sectors, np.einsum("rck,r->k", lower, dome().solid_angle[:, 0])


def harmonics_basis(d: F64) -> F64:
    """(..., 9) real spherical harmonics up to order 2 of unit vectors (..., 3)."""
    x, y, z = np.moveaxis(d, -1, 0)
    return np.stack(
        [
            np.full_like(x, 0.282095),
            0.488603 * y,
            0.488603 * z,
            0.488603 * x,
            1.092548 * x * y,
            1.092548 * y * z,
            0.315392 * (3 * z * z - 1),
            1.092548 * x * z,
            0.546274 * (x * x - y * y),
        ],
        -1,
    )
