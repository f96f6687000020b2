"""Light and air around the scene: one physical state that camera, lidar, radar and tyres share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scene.material import NIGHT_LAMPS, Switch

SUN_RADIUS_RAD = float(np.radians(0.26667))
NATURAL_ZENITH_MAG = 22.0  # mag/arcsec2 overhead on a clear moonless night without lamps (Falchi et al., 2016)
FOG_BELOW_M = 1000.0  # visibility
# Fog lamps: those behind only where fog leaves less than 50 m to see, those in front where it hinders sight much (the
# German road traffic regulations, StVO, section 17 (3)), which we take for 150 m.
REAR_FOG_M, FRONT_FOG_M = 50.0, 150.0
DIM = 0.02  # part of the usual daylight: some 1000 lx, below which dipped beams come on by themselves (UN R48, 6.2.7.6)


class NightSky(NamedTuple):
    """Moon and stars, whether they can be seen or not.

    Attributes:
        moon_direction: (3,) unit vector toward the moon as it appears, world frame.
        moon_phase_rad: angle at the moon between sun and earth: 0 full, pi new.
        moon_lx: illuminance by the moon outside the air, on a plane that faces it.
        moon_radius_rad: of its disc.
        local_R_equator: (3, 3) east, north, up from the axes of right ascension and declination.
    """

    moon_direction: NDArray[np.float64]
    moon_phase_rad: float
    moon_lx: float
    moon_radius_rad: float
    local_R_equator: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Atmosphere:
    """Everything about light and weather, in SI and photometric units.

    Attributes:
        sun_direction: (3,) unit vector toward the sun, world frame (x east, y north, z up).
        sun_elevation_rad: true elevation of the sun's centre with refraction; negative below the horizon.
        turbidity: Linke-like turbidity of the clear sky (2 very clear, 3 clear, 6 hazy).
        cloud_oktas: 0 clear .. 8 overcast.
        visibility_m: meteorological optical range MOR (contrast 5 %); extinction of fog = ln(20) / MOR.
        fog_depth_m: height in which fog grows thinner by a factor of e.
        dust_share: share of the extinction by fog that is by mineral dust.
        rain_mm_h: rain rate.
        snow_mm_h: snow rate as melted water.
        wind_mps: (2,) wind velocity east, north.
        water_film_m: depth of water on the road.
        snow_depth_m: depth of snow lying on the ground.
        temperature_c: air temperature.
        street_lamps_on: whether street lamps (and lit windows) burn.
        sunlight: factor on the light of sun and sky, 1 as the sun's elevation gives it.
        night_sky: moon and stars; None: of neither anything is known, and nothing is seen.
        friction: factor on the friction between tyres and the road, 1 as its surface gives it.
    """

    sun_direction: NDArray[np.float64]
    sun_elevation_rad: float
    turbidity: float = 3.0
    cloud_oktas: float = 0.0
    visibility_m: float = 20_000.0
    fog_depth_m: float = 120.0
    dust_share: float = 0.0
    rain_mm_h: float = 0.0
    snow_mm_h: float = 0.0
    wind_mps: tuple[float, float] = (0.0, 0.0)
    water_film_m: float = 0.0
    snow_depth_m: float = 0.0
    temperature_c: float = 15.0
    street_lamps_on: bool = False
    sunlight: float = 1.0
    friction: float = 1.0
    night_sky: NightSky | None = None

    @property
    def moonlit(self) -> NightSky | None:
        """Moon and stars if the sun has set and the moon has risen, so that it casts the shadows."""
        night = self.night_sky
        risen = night is not None and self.sun_elevation_rad < -SUN_RADIUS_RAD and night.moon_direction[2] > 0
        return night if risen else None

    @property
    def extinction_1_m(self) -> float:
        """Extinction coefficient of the air for visible light (Koschmieder: MOR = ln 20 / alpha)."""
        return float(np.log(20.0) / self.visibility_m)

    @property
    def optical_depth(self) -> float:
        """Of what hangs in the air above the ground, straight up: fog, or haze, rain and snow near the ground."""
        return self.extinction_1_m * self.fog_depth_m

    @property
    def thinning_1_m(self) -> float:
        """1 / height in which the air's extinction falls by a factor of e; 0 in what reaches up to the clouds.

        Fog (visibility below 1 km, WMO No. 8) lies on the ground; haze, mist, rain and snow do not.
        """
        return 1.0 / self.fog_depth_m if self.visibility_m < FOG_BELOW_M else 0.0

    @property
    def calls_for_headlamps(self) -> bool:
        """Whether drivers have their lamps on: sun below the horizon, fog, rain or snow."""
        dim = self.sun_elevation_rad < 0.02 or self.sunlight < DIM
        return dim or self.visibility_m < 500 or self.rain_mm_h > 1 or self.snow_mm_h > 0.5

    @property
    def headlamps(self) -> int:
        """Bits `1 << Switch` of the lamps that drivers have on for darkness, fog, rain or snow; else 0."""
        if not self.calls_for_headlamps:
            return 0
        front = (1 << Switch.FOG_FRONT) if self.visibility_m < FRONT_FOG_M else 0
        return NIGHT_LAMPS | front | ((1 << Switch.FOG_REAR) if self.visibility_m < REAR_FOG_M else 0)
