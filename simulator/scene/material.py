"""What a surface looks like to a camera and to a lidar, and what shines. A closed vocabulary for the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Rgb = tuple[float, float, float]


class Switch(IntEnum):
    """What turns an emitting material or a lamp on; bit `1 << switch` of an object's `lamps` in a Snapshot."""

    ALWAYS = 0
    POSITION = 1  # tail lamps and daytime running lamps
    LOW_BEAM = 2
    HIGH_BEAM = 3
    BRAKE = 4
    INDICATOR_LEFT = 5
    INDICATOR_RIGHT = 6
    REVERSE = 7
    BEACON = 8
    SIGNAL_RED = 9
    SIGNAL_AMBER = 10
    SIGNAL_GREEN = 11
    STREET = 12  # street lamps
    WINDOWS = 13  # lit windows: a random part of the panes of a facade texture
    FOG_FRONT = 14
    FOG_REAR = 15
    ADAPTATION = 16  # lamps behind the portals of tunnels, which burn by day: eyes come from the light
    PLATE = 17  # licence plate lamps


# What a driver has on in the dark; position and plate lamps go together (UN R48, 5.11).
NIGHT_LAMPS = (1 << Switch.POSITION) | (1 << Switch.LOW_BEAM) | (1 << Switch.PLATE)


class Surface(IntEnum):
    """Kind of ground, for wetness, snow and tyre friction; OTHER for what is no ground, but of the living (BODY)."""

    OTHER = 0
    ASPHALT = 1
    LANE = 2  # asphalt that wheels keep to: u is 0.5 in the middle of the lane, one repeat LANE_WIDTH_M wide
    CONCRETE = 3
    MARKING = 4
    SOIL = 5  # soil, grass, gravel
    WATER = 6
    ICE = 7
    SNOW = 8
    BODY = 9  # no ground: skin, cloth and hide, on which no snow stays


LANE_WIDTH_M = 3.5


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """A tileable image; compared by identity, so create it once and share it.

    Attributes:
        name: for messages and exports.
        rgba: (H, W, 4) uint8, sRGB colour, straight alpha; H and W powers of two. Row 0 is v = 1 (top).
        cutout: alpha below 128 is a hole (leaves, fences).
        panes: alpha is no opacity but marks what is glazed and has light behind it, by Switch.WINDOWS in some windows
            only: from 128 (dark) to 255 it is the brightness there, in parts of the material's emission.
    """

    name: str
    rgba: NDArray[np.uint8]
    cutout: bool = False
    panes: bool = False


@dataclass(frozen=True, slots=True)
class Material:
    """Metallic-roughness material (glTF 2.0 terms) plus what lidar, night and weather need.

    Attributes:
        name: for messages and exports.
        albedo: linear sRGB diffuse reflectance (metals: normal reflectance); multiplies the texture.
        texture: image, or None for plain colour.
        roughness: GGX perceptual roughness, alpha = roughness**2, which is the median slope of the facets: up to 1,
            and to 1.5 for ground whose facets stand up, as blades of grass do.
        metallic: 0 dielectric, 1 metal.
        clearcoat: 0..1 strength of a smooth dielectric coat (car paint).
        transmission: 0..1 part of the light that passes straight through (window glass).
        emission_cd_m2: luminance of the surface when its switch is on, linear RGB weighted so that its
            luminance (0.2126, 0.7152, 0.0722) is in cd/m2.
        switch: what turns the emission on.
        retro_cd_lx_m2: coefficient of retro-reflection R_A (signs, plates, vests); 0 for none.
        reflectance_905: Lambertian reflectance at 905 nm for lidar; None: estimated from the albedo.
        surface: kind of ground.
        two_sided: seen from both sides (thin sheets, leaves).
        translucency: of thin leaves, light that comes out diffusely behind over light that the front reflects
            diffusely; 0 for what is opaque. `albedo` is the reflected part, so albedo * (1 + translucency) <= 1.
        porosity: 0..1 how far water gets into it and darkens it; None: as `absorbency` tells.
        thin: twigs and the like, whose shadows are lost in the penumbra of the sun (a thing 1 cm wide covers the sun's
            disc, 0.53 degrees wide, up to 1 m away only): without penumbra (`preview`) they cast none.
    """

    name: str
    albedo: Rgb = (0.5, 0.5, 0.5)
    texture: Texture | None = None
    roughness: float = 0.9
    metallic: float = 0.0
    clearcoat: float = 0.0
    transmission: float = 0.0
    emission_cd_m2: Rgb = (0.0, 0.0, 0.0)
    switch: Switch = Switch.ALWAYS
    retro_cd_lx_m2: float = 0.0
    reflectance_905: float | None = None
    surface: Surface = Surface.OTHER
    two_sided: bool = True
    translucency: float = 0.0
    porosity: float | None = None
    thin: bool = False

    @property
    def absorbency(self) -> float:
        """Its porosity, or else what its roughness says of it: what is rough is full of pores, smooth things are tight.

        From none at a roughness of 0.5 to all at 0.9; metals, lacquer and glass have none (S. Lagarde, "Water drop 3b:
        physically based wet surfaces", 2013).
        """
        if self.porosity is not None:
            return self.porosity
        tight = (
            self.clearcoat > 0 or self.transmission > 0 or self.surface in (Surface.WATER, Surface.ICE, Surface.SNOW)
        )
        return 0.0 if tight else min(max((self.roughness - 0.5) / 0.4, 0.0), 1.0) * (1.0 - self.metallic)


class Beam(IntEnum):
    """Luminous intensity pattern of a lamp about its axis."""

    ISOTROPIC = 0
    LAMBERT = 1  # intensity * cos(angle to the axis)
    LOW_BEAM = 2  # ECE R112 class B, right-hand traffic, scaled to intensity_cd at its peak
    HIGH_BEAM = 3
    STREET = 4  # street lantern: wide along the road, cut off above the horizontal
    SIGNAL = 5  # position, stop, indicator lamps: the standard light distribution of UN R6 and R7


@dataclass(frozen=True, slots=True)
class Lamp:
    """A light source that illuminates others, mounted on a model.

    Attributes:
        position: in the object frame, metres.
        direction: unit beam axis in the object frame.
        intensity_cd: peak luminous intensity.
        color: linear RGB with luminance 1.
        beam: pattern about the axis.
        switch: what turns it on.
    """

    position: tuple[float, float, float]
    direction: tuple[float, float, float]
    intensity_cd: float
    color: Rgb = (1.0, 1.0, 1.0)
    beam: Beam = Beam.ISOTROPIC
    switch: Switch = Switch.ALWAYS


def srgb(code: str) -> Rgb:
    """Linear RGB of an sRGB hex colour such as '#c8102e' (IEC 61966-2-1 transfer curve)."""
    values = [int(code.lstrip("#")[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return (r, g, b)
