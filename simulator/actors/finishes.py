"""Materials of vehicles: paint, glass, rubber, lamps, chrome, plates. Lidar reflectances at 905 nm in comments' ranges.

Reflectances (general knowledge, 905 nm): black paint 0.03-0.10, dark blue 0.1-0.4, red 0.5-0.8, white 0.7-0.9, metallic
silver 0.3-0.8, tyre 0.03-0.06, window glass about 0.08 (specular).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from simulator.data import load_asset
from simulator.scene.material import Material, Rgb, Switch, srgb

RUBBER = Material("tyre rubber", (0.017, 0.017, 0.018), roughness=0.88, reflectance_905=0.045, porosity=0.0)
PLASTIC = Material("black plastic", (0.022, 0.022, 0.023), roughness=0.55, reflectance_905=0.06)
GLOSS_BLACK = Material("gloss black trim", (0.012, 0.012, 0.013), roughness=0.12, reflectance_905=0.06)
GAP = Material("panel gap", (0.006, 0.006, 0.006), roughness=0.95, reflectance_905=0.04, porosity=0.0)
UNDERBODY = Material("underbody", (0.02, 0.02, 0.02), roughness=0.95, reflectance_905=0.08, porosity=0.0)
CHROME = Material("chrome", (0.62, 0.63, 0.65), roughness=0.12, metallic=1.0, reflectance_905=0.5)
ALUMINIUM = Material("aluminium", (0.50, 0.51, 0.52), roughness=0.5, metallic=1.0, reflectance_905=0.5)
STEEL = Material("steel", (0.42, 0.42, 0.43), roughness=0.4, metallic=0.9, reflectance_905=0.45)
ALLOY = Material("silver alloy", (0.50, 0.51, 0.52), roughness=0.3, metallic=0.85, reflectance_905=0.55)
ALLOY_DARK = Material(
    "dark alloy", (0.05, 0.05, 0.054), roughness=0.3, metallic=0.6, clearcoat=0.5, reflectance_905=0.15
)
MIRROR = Material("mirror glass", (0.75, 0.77, 0.78), roughness=0.02, metallic=1.0, reflectance_905=0.3)
GLASS = Material(
    "window glass", (0.02, 0.025, 0.024), roughness=0.03, transmission=0.62, reflectance_905=0.06, two_sided=True
)
PRIVACY_GLASS = Material(
    "tinted glass", (0.012, 0.013, 0.014), roughness=0.03, transmission=0.16, reflectance_905=0.06, two_sided=True
)
SEAT = Material("seat cloth", (0.035, 0.034, 0.034), roughness=0.95, reflectance_905=0.3, porosity=0.0)
LAMP_BASE = Material(
    "lamp housing", (0.16, 0.165, 0.17), roughness=0.18, metallic=0.5, clearcoat=1.0, reflectance_905=0.25
)
LAMP_DARK = Material("dark lamp housing", (0.03, 0.03, 0.032), roughness=0.2, clearcoat=1.0, reflectance_905=0.1)

# Luminances: luminous intensity of the regulations over the lit area (a low beam seen off its axis gives about
# 500 cd from 0.01 m2; a tail lamp 4-12 cd, a brake lamp 60-185 cd, an indicator 175-700 cd from 0.01-0.02 m2).
LOW_BEAM_LENS = Material(
    "head lamp lens",
    (0.55, 0.57, 0.6),
    roughness=0.08,
    metallic=0.7,
    clearcoat=1.0,
    emission_cd_m2=(52_000.0, 50_000.0, 44_000.0),
    switch=Switch.LOW_BEAM,
    reflectance_905=0.4,
)
DAY_LAMP = Material(
    "daytime running lamp",
    (0.65, 0.67, 0.7),
    roughness=0.15,
    clearcoat=1.0,
    emission_cd_m2=(8_000.0, 8_000.0, 7_800.0),
    switch=Switch.POSITION,
    reflectance_905=0.5,
)
# UN R7: front end-outline marker lamps of 4 to 140 cd; most have some 8 cd, here from 32 cm2.
MARKER_LAMP = replace(DAY_LAMP, name="end-outline marker lamp", emission_cd_m2=(2_600.0, 2_500.0, 2_200.0))
CABIN_LIGHT = Material(
    "cabin light",
    (0.7, 0.7, 0.7),
    roughness=0.4,
    emission_cd_m2=(160.0, 152.0, 132.0),
    switch=Switch.LOW_BEAM,  # in the dark
    reflectance_905=0.6,
)
TAIL_LAMP = Material(
    "tail lamp",
    (0.30, 0.008, 0.010),
    roughness=0.12,
    clearcoat=1.0,
    emission_cd_m2=(2_600.0, 60.0, 30.0),
    switch=Switch.POSITION,
    reflectance_905=0.4,
)
BRAKE_LAMP = Material(
    "brake lamp",
    (0.26, 0.007, 0.009),
    roughness=0.12,
    clearcoat=1.0,
    emission_cd_m2=(30_000.0, 500.0, 200.0),
    switch=Switch.BRAKE,
    reflectance_905=0.4,
)
REVERSE_LAMP = Material(
    "reverse lamp",
    (0.5, 0.5, 0.5),
    roughness=0.12,
    clearcoat=1.0,
    emission_cd_m2=(12_000.0, 12_000.0, 11_500.0),
    switch=Switch.REVERSE,
    reflectance_905=0.4,
)
REFLECTOR = Material(
    "rear reflector", (0.25, 0.006, 0.008), roughness=0.2, clearcoat=1.0, retro_cd_lx_m2=8.0, reflectance_905=1.0
)
_AMBER = (36_000.0, 13_000.0, 600.0)
INDICATOR_LEFT = Material(
    "left indicator",
    (0.45, 0.16, 0.01),
    roughness=0.15,
    clearcoat=1.0,
    emission_cd_m2=_AMBER,
    switch=Switch.INDICATOR_LEFT,
    reflectance_905=0.5,
)
INDICATOR_RIGHT = Material(
    "right indicator",
    (0.45, 0.16, 0.01),
    roughness=0.15,
    clearcoat=1.0,
    emission_cd_m2=_AMBER,
    switch=Switch.INDICATOR_RIGHT,
    reflectance_905=0.5,
)
# Fog lamps: front ones as bright as dipped beams seen from above the cut-off (UN R19); rear ones 150 to 300 cd on some
# 60 cm2 (UN R38).
FOG_LAMP = replace(
    LOW_BEAM_LENS, name="front fog lamp", emission_cd_m2=(30_000.0, 29_000.0, 26_000.0), switch=Switch.FOG_FRONT
)
REAR_FOG_LAMP = replace(
    BRAKE_LAMP, name="rear fog lamp", emission_cd_m2=(150_000.0, 2_600.0, 1_000.0), switch=Switch.FOG_REAR
)
BLUE_BEACON = Material(
    "blue beacon",
    (0.02, 0.05, 0.42),
    roughness=0.12,
    clearcoat=1.0,
    emission_cd_m2=(1_500.0, 4_000.0, 60_000.0),
    switch=Switch.BEACON,
    reflectance_905=0.3,
)
SEAM_TONE = 0.38  # of seams, as a share of the paint's
FAINT_TONE = 0.66  # of those that are `coachwork.SEAM_M` wide: a third of it is the dark of gap and rubber
AMBER_BEACON = Material(
    "amber beacon",
    (0.5, 0.19, 0.01),
    roughness=0.12,
    clearcoat=1.0,
    emission_cd_m2=_AMBER,
    switch=Switch.BEACON,
    reflectance_905=0.4,
)
SKINS = tuple(
    Material("skin", tone, roughness=0.55, reflectance_905=0.55)
    for tone in ((0.55, 0.33, 0.24), (0.42, 0.25, 0.17), (0.27, 0.15, 0.09), (0.12, 0.065, 0.04), (0.05, 0.028, 0.02))
)
# UN R104: class C, yellow: at least 300 cd/lx/m2 when new; on the road it is dirty.
CONTOUR_TAPE = Material("contour tape", (0.46, 0.33, 0.06), roughness=0.45, retro_cd_lx_m2=120.0, reflectance_905=0.8)
RETRO_BLUE = Material("blue retro stripe", (0.01, 0.05, 0.30), roughness=0.45, retro_cd_lx_m2=14.0, reflectance_905=0.6)
RETRO_RED = Material("red retro stripe", (0.62, 0.06, 0.02), roughness=0.45, retro_cd_lx_m2=18.0, reflectance_905=0.7)
RETRO_YELLOW = Material(
    "yellow retro stripe", (0.62, 0.66, 0.03), roughness=0.45, retro_cd_lx_m2=120.0, reflectance_905=0.8
)
RETRO_WHITE = Material(
    "white retro stripe", (0.75, 0.75, 0.74), roughness=0.45, retro_cd_lx_m2=120.0, reflectance_905=0.85
)
TAXI_SIGN = Material(
    "taxi sign",
    (0.85, 0.62, 0.05),
    roughness=0.4,
    emission_cd_m2=(420.0, 330.0, 60.0),
    switch=Switch.POSITION,
    reflectance_905=0.7,
)


@cache
def _paints(table: str) -> tuple[tuple[str, ...], np.ndarray]:
    rows = load_asset("vehicles")[table]
    weight = np.array([row["weight"] for row in rows.values()], float)
    return tuple(rows), weight / weight.sum()


def paint_names() -> tuple[str, ...]:
    """Colour groups of passenger cars, in catalogue order."""
    return _paints("paints")[0]


def paint(name: str, rng: np.random.Generator) -> Material:
    """Car paint of a colour group: one of its shades, a little varied; metallic base under clear coat or plain."""
    row = load_asset("vehicles")["paints"][name]
    shade = row["shades"][int(rng.integers(len(row["shades"])))]
    base = np.array(srgb(shade)) * rng.uniform(0.88, 1.12)
    flake = float(rng.choice(row["metallic"]))
    low, high = row["reflectance_905"]
    return Material(
        f"{name} paint",
        as_rgb(np.clip(base, 0.004, 0.86)),
        roughness=0.42 if flake else 0.5,
        metallic=flake,
        clearcoat=1.0,
        reflectance_905=round(float(rng.uniform(low, high)), 3),
    )


def seam(paint: Material, tone: float = SEAM_TONE) -> Material:
    """What stands for the seams between panels of a paint.

    They are about 4 mm wide and black; drawn so, one ray a pixel would meet a dot of them here and there. They are
    drawn wider (`coachwork.GAP_M`) and less dark, which is the same from afar.
    """
    return replace(
        paint,
        name="seam",
        albedo=as_rgb(tone * np.array(paint.albedo)),
        roughness=0.7,
        metallic=0.0,
        clearcoat=0.0,
    )


def draw_paint(rng: np.random.Generator, table: str = "paints") -> str:
    """Name of a colour group drawn by its share of the fleet."""
    names, weight = _paints(table)
    return names[int(rng.choice(len(names), p=weight))]


def as_rgb(values: np.ndarray) -> Rgb:
    """Plain tuple of three floats, rounded so that equal colours compare equal."""
    r, g, b = (round(float(v), 5) for v in values)
    return (r, g, b)
