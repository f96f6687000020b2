"""What fog, rain and snow do to a laser pulse: extinction, the soft echo of fog, drops and flakes nearby."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene.atmosphere import Atmosphere
from simulator.sensors.lidar_models import FOCUS_M, LidarModel, receiver_gain
from simulator.weather.snow import snow_extinction_1_m

LIGHT_MPS = 299_792_458.0
# Extinction over backscatter of fog at 905 nm: Mie theory of advection fog gives 19..20 sr.
FOG_LIDAR_RATIO_SR = 19.0
WATER_REFLECTANCE = 0.0199  # |(n - 1) / (n + 1)|^2 of a drop, n = 1.33
FLAKE_REFLECTANCE = 0.9
FLAKE_SWELLING = 10.0 ** (1.0 / 3.0)  # diameter of a flake of 0.1 g/cm3 over that of its melt water
PULSE_APERTURE_M = 0.01  # beam diameter as it leaves the sensor


def fog_extinction_1_m(visibility_m: float, wavelength_nm: float = 905.0) -> float:
    """Extinction of air with meteorological optical range `visibility_m` (contrast 5 % at 550 nm), 1/m.

    Kim's wavelength exponent (Kim, McArthur and Korevaar, Proc. SPIE 4214, 2001): none below 500 m, where
    drops are larger than the wavelength; haze above lets the infrared through better.
    """
    km = visibility_m / 1000.0
    if km < 0.5:
        q = 0.0
    elif km < 1.0:
        q = km - 0.5
    elif km < 6.0:
        q = 0.16 * km + 0.34
    else:
        q = 1.3 if km < 50.0 else 1.6
    return float(np.log(20.0) / visibility_m * (wavelength_nm / 550.0) ** -q)


def rain_extinction_1_m(rain_mm_h: float) -> float:
    """Extinction by rain in 1/m: 0.3647e-3 R^0.63.

    Marshall-Palmer drops, N(D) = 8000 exp(-4.1 R^-0.21 D) per m3 and mm, with an extinction efficiency of 2.
    """
    return float(1e-6 * np.pi * 8000.0 / 4.1**3 * rain_mm_h**0.63) if rain_mm_h > 0 else 0.0


def soft_response(
    alpha_1_m: float,
    range_m: NDArray[np.float64],
    pulse_s: float,
    focus_m: float = 0.0,
    limit_m: float = np.inf,
) -> NDArray[np.float64]:
    """Response of even fog to a sin^2 pulse at receiver ranges `range_m`, per unit backscatter, in s/m^2.

    I(R) = int_0^(2 tau) sin^2(pi t / (2 tau)) exp(-2 alpha r) xi(r) / (r^2 + focus^2) dt with r = R - c t / 2
    (Hahner et al., ICCV 2021, equation 18, there with focus 0), `tau` the pulse's full width at half maximum.
    Fog beyond the hard target at `limit_m` gives nothing. Simpson's rule.
    """
    t = np.linspace(0.0, 2 * pulse_s, 401)
    weight = np.ones(len(t))
    weight[1:-1:2], weight[2:-1:2] = 4.0, 2.0
    r = np.asarray(range_m, np.float64)[:, None] - LIGHT_MPS * t / 2
    inside = (r > 0) & (r <= limit_m)
    value = np.sin(np.pi * t / (2 * pulse_s)) ** 2 * np.exp(-2 * alpha_1_m * np.maximum(r, 0))
    value = np.where(inside, value * receiver_gain(np.maximum(r, 1e-6), focus_m), 0.0)
    return np.asarray(value @ weight * (t[1] - t[0]) / 3)


def fog_echo(
    intensity: float,
    range_m: float,
    alpha_1_m: float,
    beta: float,
    beta_0: float = 1e-6 / np.pi,
    pulse_s: float = 20e-9,
) -> float:
    """Strength of the fog echo in the published model, i R0^2 (beta / beta_0) max_R I(R).

    Args:
        intensity: of the hard target in clear air.
        range_m: R0 of the hard target.
        alpha_1_m: extinction; beta: backscatter in 1/(m sr) (published default 0.046 / MOR).
        beta_0: differential reflectivity of the target; pulse_s: full width at half maximum.
    """
    r = np.linspace(0.0, range_m, max(int(range_m / 0.005), 2))
    peak = soft_response(alpha_1_m, r, pulse_s, 0.0, range_m).max()
    return float(intensity * range_m**2 * beta / beta_0 * peak)


class Air(NamedTuple):
    """Weather as the echo kernel wants it; powers as in the range equation rho xi / (R^2 + f^2), in 1/m^2.

    Attributes:
        fog: (2,) float32 extinction in 1/m by fog and haze at the sensor, and 1 / height in which it thins by a factor
            of e, 1/m: see `shading.air.depth_to`.
        even: float32 extinction by what is as dense at any height, rain and snow, 1/m.
        fog_power: echo of the fog where it is strongest.
        fog_range: (F,) float32 equally likely ranges of that echo.
        density: (2,) float32 particles a cubic metre, rain and snow, larger than `smallest`.
        slope: (2,) float32 1/m of their exponential diameter distribution.
        smallest: (2,) float32 least diameter in metres that is drawn.
        reflectance: (2,) float32 of a particle that fills the beam.
        reach: (2,) float32 metres up to which particles are drawn.
    """

    fog: NDArray[np.float32]
    even: np.float32
    fog_power: float
    fog_range: NDArray[np.float32]
    density: NDArray[np.float32]
    slope: NDArray[np.float32]
    smallest: NDArray[np.float32]
    reflectance: NDArray[np.float32]
    reach: NDArray[np.float32]


def _particles(atmosphere: Atmosphere) -> list[tuple[float, float, float, float, float]]:
    rain, snow = atmosphere.rain_mm_h, atmosphere.snow_mm_h
    out = []
    for rate, intercept, slope, swelling, least_mm, reflectance, reach in (
        (rain, 8000.0, 4.1 * max(rain, 1e-9) ** -0.21, 1.0, 1.0, WATER_REFLECTANCE, 12.0),
        (
            snow,
            3800.0 * max(snow, 1e-9) ** -0.87,
            2.55 * max(snow, 1e-9) ** -0.48,
            FLAKE_SWELLING,
            1.0,
            FLAKE_REFLECTANCE,
            25.0,
        ),
    ):
        density = intercept / slope * np.exp(-slope * least_mm) if rate > 0 else 0.0
        out.append((float(density), slope / swelling * 1e3, least_mm * swelling * 1e-3, reflectance, reach))
    return out


def air_of(atmosphere: Atmosphere, lidar: LidarModel, fog_left: float = 1.0) -> Air:
    """Weather prepared for one sweep of `lidar`, where fog has `fog_left` parts of its density on the ground."""
    fog = fog_left * fog_extinction_1_m(atmosphere.visibility_m, lidar.wavelength_nm)
    even = rain_extinction_1_m(atmosphere.rain_mm_h) + snow_extinction_1_m(atmosphere.snow_mm_h)
    beta = fog / FOG_LIDAR_RATIO_SR
    power, ranges = _fog_table(float(f"{fog + even:.3g}"), lidar.pulse_s)
    columns = np.array(_particles(atmosphere), np.float32).T
    # The echo of a hard target of reflectance rho holds rho / pi times 2 / c of the pulse's peak: fog has
    # neither.
    return Air(
        np.array([fog, atmosphere.thinning_1_m], np.float32),
        np.float32(even),
        float(np.pi * beta * LIGHT_MPS / 2 * power),
        ranges,
        *np.ascontiguousarray(columns),
    )


@cache
def _fog_table(alpha_1_m: float, pulse_s: float, steps: int = 64) -> tuple[float, NDArray[np.float32]]:
    """Strongest response and (steps,) equally likely ranges of the echo.

    Fog is patchy on the scale of the pulse, so the strongest echo is not always at the peak of the mean
    response: its range is drawn with a density of the response to the eighth power. Ranges are those of the
    fog itself, the delay of half the pulse removed as a calibrated sensor does.
    """
    r = np.arange(0.0, 40.0, 0.05) + LIGHT_MPS * pulse_s / 2
    response = soft_response(alpha_1_m, r, pulse_s, FOCUS_M)
    density = (response / response.max()) ** 8
    cumulative = np.cumsum(density) / density.sum()
    ranges = np.interp((np.arange(steps) + 0.5) / steps, cumulative, r - LIGHT_MPS * pulse_s / 2)
    return float(response.max()), ranges.astype(np.float32)
