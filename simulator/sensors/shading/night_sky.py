"""The moon's disc and the bright stars, added to the pixels of a picture that show the sky."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.data import data_dir
from simulator.sensors.sky_models import LUMINANCE, MOON_COLOR, beam_color
from simulator.weather.daylight import (
    SOLAR_ILLUMINANCE_LX,
    clear_direct_normal_lx,
    sun_through_clouds,
)
from simulator.weather.moon import MAGNITUDE_ZERO_LX

if TYPE_CHECKING:
    from simulator.scene import Atmosphere, NightSky
    from simulator.sensors.optics import CameraModel
    from simulator.sensors.shading.canvas import Picture
    from simulator.sensors.shading.transport import Transport

F64 = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

STARS_BELOW_RAD = math.radians(-4.0)  # of the sun: before, the sky outshines all that a car's camera could show
LOWEST = 0.01  # sine of the elevation from which on stars and moon are drawn
SUBPIXELS = 8  # to each side of a pixel of the moon
# The dark seas, east and north of the disc's middle in radii, their radius, and how much darker they are: Procellarum,
# Imbrium, Serenitatis, Tranquillitatis, Crisium, Fecunditatis, Nubium, Humorum (any atlas of the moon).
SEAS = np.array([
    (-0.62, 0.22, 0.34, 0.40), (-0.24, 0.52, 0.26, 0.45), (0.28, 0.46, 0.17, 0.45), (0.46, 0.14, 0.22, 0.50),
    (0.80, 0.29, 0.10, 0.50), (0.74, -0.12, 0.15, 0.40), (-0.22, -0.34, 0.22, 0.35), (-0.60, -0.40, 0.11, 0.45),
])  # fmt: skip


@cache
def _stars() -> tuple[F64, F64, F64]:
    """(S, 3) equatorial unit vectors, (S,) illuminances outside the air, (S, 3) colours of luminance 1.

    Stars to magnitude 4.5 of D. Hoffleit and W. Warren, The Bright Star Catalogue (5th ed., 1991), J2000.0.
    """
    with np.load(data_dir("assets") / "bright_stars.npz") as data:
        a, b = np.radians(data["right_ascension_deg"].astype(np.float64)), np.radians(data["declination_deg"])
        magnitude, kelvin = data["magnitude"].astype(np.float64), data["temperature_k"].astype(np.float64)
    toward = np.stack([np.cos(a) * np.cos(b), np.sin(a) * np.cos(b), np.sin(b)], -1)
    wavelength = np.array([610.0, 550.0, 465.0])  # nm, of red, green and blue
    light = wavelength**-5.0 / np.expm1(1.438777e7 / (wavelength * kelvin[:, None]))  # Planck
    white = wavelength**-5.0 / np.expm1(1.438777e7 / (wavelength * 6500.0))
    color = light / white
    return toward, MAGNITUDE_ZERO_LX * 10 ** (-0.4 * magnitude), color / (color @ LUMINANCE)[:, None]


def add_night_sky(picture: Picture, transport: Transport, camera: CameraModel, local_SE3_camera: F64) -> None:
    """Add moon and stars to `picture.radiance` where nothing else is seen."""
    air = transport.stage.atmosphere
    night = air.night_sky
    if night is None or sun_through_clouds(air.cloud_oktas) <= 0.0:
        return
    camera_R_local = local_SE3_camera[:3, :3].T
    if air.sun_elevation_rad < STARS_BELOW_RAD:
        _add_stars(picture, camera, camera_R_local, air, night)
    if night.moon_direction[2] > LOWEST:
        _add_moon(picture, transport, camera, camera_R_local, night)


def _passed(air: Atmosphere, up: F64) -> F64:
    """Share of the light of what stands at sines of elevation `up` that air, clouds and fog let through."""
    clear = [clear_direct_normal_lx(math.asin(min(float(z), 1.0)), air.turbidity) for z in np.atleast_1d(up)]
    fog = np.exp(-air.optical_depth / np.maximum(np.atleast_1d(up), LOWEST))
    return np.array(clear) / SOLAR_ILLUMINANCE_LX * fog * sun_through_clouds(air.cloud_oktas)


def _add_stars(picture: Picture, camera: CameraModel, camera_R_local: F64, air: Atmosphere, night: NightSky) -> None:
    """Each star lights the four pixels about it."""
    toward, lux, color = _stars()
    local = toward @ night.local_R_equator.T
    seen = local @ camera_R_local.T
    height, width = picture.depth.shape
    chosen = (local[:, 2] > LOWEST) & (seen[:, 2] > 0.05)
    place = np.full((len(seen), 2), -1.0)
    place[chosen] = camera.project(seen[chosen].astype(np.float32))
    chosen &= (place >= 0).all(1) & (place[:, 0] < width - 1) & (place[:, 1] < height - 1)
    if not chosen.any():
        return
    place, seen = place[chosen], seen[chosen]
    # a pixel's solid angle: the picture plane is farther off and tilted beside the axis
    solid = seen[:, 2] ** 3 / (float(camera.K[0, 0]) * float(camera.K[1, 1]))
    light = color[chosen] * (lux[chosen] * _passed(air, local[chosen, 2]) / solid)[:, None]
    corner = np.floor(place).astype(int)
    part = place - corner
    for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        x, y = corner[:, 0] + right, corner[:, 1] + down
        weight = np.abs(1 - right - part[:, 0]) * np.abs(1 - down - part[:, 1]) * (picture.instance[y, x] < 0)
        np.add.at(picture.radiance, (y, x), (light * weight[:, None]).astype(np.float32))


def _add_moon(
    picture: Picture, transport: Transport, camera: CameraModel, camera_R_local: F64, night: NightSky
) -> None:
    """The moon's lit part with its seas, in the place of the even disc that rays find where it casts the shadows."""
    air = transport.stage.atmosphere
    seen = camera_R_local @ night.moon_direction
    if seen[2] < 0.05:
        return
    middle = camera.project(seen[None].astype(np.float32))[0].astype(np.float64)
    focal = np.array([camera.K[0, 0], camera.K[1, 1]]) / float(seen[2])
    height, width = picture.depth.shape
    reach = night.moon_radius_rad * focal + 2.0
    low = np.maximum(np.floor(middle - reach), 0).astype(int)
    high = np.minimum(np.ceil(middle + reach) + 1, (width, height)).astype(int)
    if (low >= high).any():
        return
    window = np.s_[low[1] : high[1], low[0] : high[0]]
    offsets = (np.arange(SUBPIXELS) + 0.5) / SUBPIXELS - 0.5
    x = (np.add.outer(np.arange(low[0], high[0]), offsets) - middle[0]) / focal[0] / night.moon_radius_rad
    y = (np.add.outer(np.arange(low[1], high[1]), offsets) - middle[1]) / focal[1] / night.moon_radius_rad
    sunward = _on_disc(camera_R_local @ air.sun_direction, seen)
    north = _on_disc(camera_R_local @ night.local_R_equator[:, 2], seen)
    fine = moon_face(
        np.asarray(x[None, :, None]), np.asarray(y[:, None, :, None]), sunward, north, night.moon_phase_rad
    )
    pattern = fine.mean((2, 3))
    # The whole disc's light, also of what lies outside the picture
    grid = (np.arange(121) + 0.5) / 60.5 - 1.0
    whole = moon_face(grid[None], grid[:, None], sunward, north, night.moon_phase_rad)
    solid = max(float(whole.mean()) * 4.0 * night.moon_radius_rad**2, 1e-12)
    lux = night.moon_lx * _passed(air, night.moon_direction[2])[0]
    color = beam_color(math.asin(float(night.moon_direction[2])), air.turbidity) * MOON_COLOR
    sky = (picture.instance[window] < 0)[..., None]
    radiance = picture.radiance[window]
    if air.moonlit is not None:
        ways = camera.rays()[window].reshape(-1, 3) @ camera_R_local
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        behind = transport.sky.radiance(ways.astype(np.float32)).reshape(radiance.shape)
        radiance = np.where(sky, behind, radiance)
    moon = (pattern[..., None] * (lux / solid) * color).astype(np.float32)
    picture.radiance[window] = np.where(sky, radiance + moon, radiance)


def _on_disc(direction: F64, center: F64) -> F64:
    """(2,) unit vector right and down in the picture, from the disc at `center` (3,) toward another direction (3,)."""
    across = direction - center * float(direction @ center)
    flat = across[:2] / max(float(np.linalg.norm(across[:2])), 1e-9)
    return np.asarray(flat)


def moon_face(x: Floats, y: Floats, sunward: F64, north: F64, phase_rad: float) -> F64:
    """Relative luminance of the moon at x right and y down of its middle, in radii; 0 outside and on the dark side.

    Lommel and Seeliger's law, which leaves the full moon nearly even.

    Args:
        x, y: broadcast together. sunward, north: (2,) unit vectors, right and down. phase_rad: 0 full, pi new.
    """
    square = x * x + y * y
    out = np.sqrt(np.maximum(1.0 - square, 0.0))  # of the surface's normal, toward the eye
    sun = (x * sunward[0] + y * sunward[1]) * math.sin(phase_rad) + out * math.cos(phase_rad)
    light = np.where((square < 1.0) & (sun > 0.0), sun / np.maximum(sun + out, 1e-6), 0.0)
    east, up = -(x * north[1] - y * north[0]), x * north[0] + y * north[1]
    for u, v, radius, depth in SEAS:
        light = light * (1.0 - depth * np.exp(-((((east - u) ** 2 + (up - v) ** 2) / radius**2) ** 2)))
    return np.asarray(light)
