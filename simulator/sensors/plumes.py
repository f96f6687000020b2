"""Spray and dust behind wheels, splashes, steam or smoke from an engine: clouds, made of Gaussian puffs.

Each wheel lifts the film that clings to its tread and slings it off as drops. They drift in the vehicle's wake, which
widens with the third root of the distance (H. Schlichting, Boundary-Layer Theory, circular wakes), and fall out. From
dry ground without pavement wheels raise dust; standing water they throw aside. Puffs belong to places on the road, so
that they stay where they are from one picture to the next. Smoke rises and widens as a buoyant plume (B. Morton,
G. Taylor and J. Turner, Proc. R. Soc. A 234, 1956).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.rng import generator
from simulator.numerics.units import GRAVITY_MPS2, MPH
from simulator.scene.articulation import Driver
from simulator.scene.material import Surface
from simulator.sensors.stage import OPAQUE

if TYPE_CHECKING:
    from simulator.scene.builder import SceneObject
    from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

WATER_KG_M3 = 1000.0
SURFACE_TENSION_N_M = 0.072
# Drops from tyre grooves: 0.8 mm in the mean at a Weber number (of speed and groove width) of 2700, falling with its
# root (high-speed pictures of water behind a rolling tyre; F. Browand and co-workers, Univ. of Southern California).
GROOVE_M, DROP_M, DROP_WEBER = 8e-3, 0.8e-3, 2700.0
SAUTER = 3.0  # diameter by volume over surface of exponentially distributed sizes, over their mean
CLINGING_M, CLINGING_FILM_M = 0.1e-3, 1.0e-3  # film that the tread takes along, from this much water on the road on
TREAD_SHARE = 0.75  # of the tyre's width
# What strikes mudguards, underside and other wheels shatters: so much of the water for each metre of the vehicle's
# height at 25 m/s, with the energy of its impact, into drops of this Sauter mean diameter (our estimate: they hang in
# the air behind lorries for seconds). They fall as R. Gunn and G. Kinzer measured (J. Meteorol. 6, 1949).
SHATTERED, SHATTERING_MPS, MIST_M, MIST_FALL_MPS = 0.075, 25.0, 0.12e-3, 0.36
SLOWEST_MPS = 6.0  # slower wheels only drip
WAKE_SPEED = 0.3  # of the vehicle's, that the air of its wake has
CLIMB_M = 0.7  # how high the wake lifts the spray that is not caught by mudguards
REACH_LIVES = 2.5  # lives of the spray after which what is left is not drawn
WIDENING = 6.0  # of the wake, by distance over the vehicle's width: the cube of how much wider it is
WIDTHS_APART = 0.9  # deviations between puffs
FARTHEST_M = 160.0
EDGE = np.float32(2.8)  # deviations from the middle of a puff to where it is cut off
ROUGHNESS = 0.55  # deviation of the logarithm of the puffs' masses: gusts
STRAY = 0.45  # how far puffs stray, in their own deviations
# Eddies: a periodic log-normal field of mean one, whose logarithm has a turbulent spectrum (Kolmogorov, k^-5/3) of
# waves from a third of it down to two cells. How much it counts, and its cells a deviation of young puffs.
EDDY_CELLS, EDDY_LONGEST, EDDY_ROUGHNESS = 64, 3.0, 1.1
BILLOWS, FLUFF, TATTERS = (0.85, 5.0), (0.75, 4.0), (1.0, 14.0)  # of smoke; of dust and spray; of splashes


class Smoke(NamedTuple):
    """What rises: extinction cross-section given off, how fast it goes (1/e), what part of it scatters, lidar ratio."""

    section_m2_s: float
    life_s: float
    albedo: float
    echo_sr: float


# Extinction over backscatter of a laser pulse: 18 to 20 sr of water drops by Mie theory; about 50 of mineral dust and
# 60 to 70 of smoke (D. Mueller et al., J. Geophys. Res. 112, 2007, at 532 nm).
DROPS_SR, DUST_SR, SOOT_SR = 19.0, 50.0, 65.0
SMOKES = {
    # 6 g/s of coolant boil off and condense to drops of 10 um, which dry up in the air
    "steam": Smoke(3.0 * 6e-3 / (WATER_KG_M3 * 10e-6), 4.0, 1.0, DROPS_SR),
    # 0.6 g/s of soot: 8.7 m2/g (G. Mulholland and C. Croarkin, Fire and Materials 24, 2000), single-scattering albedo
    # 0.2 to 0.3 (T. Bond and R. Bergstrom, Aerosol Sci. Technol. 40, 2006)
    "smoke": Smoke(0.6 * 8.7, 60.0, 0.25, SOOT_SR),
}
PUFF_S, SMOKE_S = 0.08, 6.0  # time between puffs, and from when on they are too thin to be seen
BONNET = 0.62  # of the vehicle's height
SOURCE_M, ENTRAINMENT, RISE_MPS, SMOKE_STRAY = 0.22, 0.10, 1.5, 0.5
# Dust by light vehicles on public unpaved roads (US EPA, AP-42, 13.2.2, eq. 1b, particles up to 30 um): 6 lb a vehicle
# mile at 12 % silt, 30 mph and 0.5 % moisture; here dry earth of 18 % silt (of 1.8 to 35 %). Of it 3 % are below 2.5 um
# and 27 % below 10 um of aerodynamic diameter (ibid.), which with the rest scatter 174 m2/kg; grains of 30 to 100 um,
# twice as much again, fall out beyond the wheels but add 80 m2/kg to what hangs behind them.
DUST_KG_M, DUST_MPS = 6.0 * (18.0 / 12.0) * 0.4536 / 1609.3, 30.0 * MPH
DUST_M2_KG, DUST_ALBEDO = 174.0 + 80.0, (0.97, 0.90, 0.78)
DUST_LIFE_S, DUST_FALL_MPS, DUST_CLIMB_M = 6.0, 0.02, 0.9
# A wheel in standing water throws what is before its tread to both sides, half of it, as a sheet that tears into drops
# three times the size of spray. Strands of it leave at a part of the wheel's speed, those that fly flat faster, and go
# on for a while before others take their place, so that the sheet has fingers (our estimate, after pictures).
PUDDLE_M, SPLASHED, SPLASH_S, SPLASH_STEP_S = 0.012, 0.5, 0.6, 0.012
SPLASH_SIZE, FINGER_S = 3.0, 0.12
STRANDS = np.array(  # angle above the ground in degrees, part of the wheel's speed, part of the water
    [(5.0, 0.48, 0.13), (12.0, 0.46, 0.13), (18.0, 0.43, 0.13), (25.0, 0.41, 0.12), (32.0, 0.38, 0.11),
     (39.0, 0.36, 0.10), (46.0, 0.34, 0.09), (53.0, 0.31, 0.07), (60.0, 0.29, 0.06), (68.0, 0.25, 0.06)]
)  # fmt: skip
RAGGED, FRAYED = 0.9, 0.6  # deviation of the logarithm of the masses of a splash's fingers, and of the parts of each
SPLASH_DRAG_1_S = 1.6  # 1 / time in which the air slows a splash by a factor of e
UNDER_M, BESIDE_M = 0.15, 0.35  # where the ground is looked up: so far above it, and beside the tyre
VEHICLES = frozenset({"car", "van", "truck", "trailer", "bus", "construction_vehicle", "motorcycle"})


class Puffs(NamedTuple):
    """Clouds of drops, Gaussian in every direction.

    Attributes:
        center: (P, 3) float32 metres in the local frame.
        spread: (P, 2) float32 standard deviations across the vertical and along it, metres.
        peak: (P,) float32 extinction in the middle, 1/m.
        albedo: (P, 3) float32 part of it that is scattered.
        grain: (P, 2) float32 how much eddies count, 0..1, and their cells a metre.
        phase: (P, 3) float32 cell of the eddies in the middle.
        echo_sr: (P,) float32 extinction over backscatter of a laser pulse, steradians.
    """

    center: F32
    spread: F32
    peak: F32
    albedo: F32
    grain: F32
    phase: F32
    echo_sr: F32


class Grains(NamedTuple):
    """Drops or grains of one size: extinction cross-section given off, how fast it goes (1/e) and falls."""

    section_m2_s: float
    life_s: float
    fall_mps: float


class Lifted(NamedTuple):
    """What one tyre raises: of which sizes, how high the wake lifts it, and what it is."""

    sizes: tuple[Grains, ...]
    climb_m: float
    albedo: tuple[float, float, float]
    echo_sr: float


def drop_m(speed_mps: float) -> float:
    """Sauter mean diameter (volume over surface) of the drops that tyres sling off at a speed."""
    weber = WATER_KG_M3 * speed_mps**2 * GROOVE_M / SURFACE_TENSION_N_M
    return SAUTER * DROP_M * math.sqrt(DROP_WEBER / weber)


def spray_kg_s(speed_mps: float, film_m: float, tyre_width_m: float) -> float:
    """Water that one tyre slings into the air."""
    film = CLINGING_M * min(film_m / CLINGING_FILM_M, 1.0)
    return WATER_KG_M3 * film * TREAD_SHARE * tyre_width_m * speed_mps


def lifted_water(speed_mps: float, film_m: float, height_m: float) -> Lifted:
    """Spray by one tyre of a vehicle so high on a film of water."""
    diameter = drop_m(speed_mps)
    fall_mps = max(9.65 - 10.3 * math.exp(-600.0 * diameter), 0.2)  # Atlas et al., 1973
    rate = spray_kg_s(speed_mps, film_m, 0.2 if height_m < 2.2 else 0.3)
    high_m = CLIMB_M + 0.3 * height_m
    share = min(SHATTERED * height_m * (speed_mps / SHATTERING_MPS) ** 2, 0.5)
    drops = Grains(extinction_m2((1.0 - share) * rate, diameter), high_m / fall_mps, fall_mps)
    mist = Grains(extinction_m2(share * rate, MIST_M), high_m / MIST_FALL_MPS, MIST_FALL_MPS)
    return Lifted((drops, mist), CLIMB_M, (1.0, 1.0, 1.0), DROPS_SR)


def lifted_dust(speed_mps: float) -> Lifted:
    """Dust by one of a vehicle's four tyres."""
    rate = DUST_KG_M * (speed_mps / DUST_MPS) ** 0.3 * speed_mps / 4.0
    grains = Grains(DUST_M2_KG * rate, DUST_LIFE_S, DUST_FALL_MPS)
    return Lifted((grains,), DUST_CLIMB_M, DUST_ALBEDO, DUST_SR)


def extinction_m2(mass_kg: float, drop_diameter_m: float) -> float:
    """Extinction cross-section of drops that are large beside the wavelength: twice their own."""
    return 3.0 * mass_kg / (WATER_KG_M3 * drop_diameter_m)


@cache
def _gusts() -> F64:
    """(256, 3) normal numbers: what makes puffs differ."""
    return generator(0, "spray").normal(size=(256, 3))


@cache
def eddies() -> F32:
    """(N, N, N) float32 field of mean one that breaks up puffs; see EDDY_CELLS."""
    n = EDDY_CELLS
    waves = np.fft.rfftn(generator(0, "eddies").normal(size=(n, n, n)))
    x, y, z = np.meshgrid(np.fft.fftfreq(n, 1 / n), np.fft.fftfreq(n, 1 / n), np.fft.rfftfreq(n, 1 / n), indexing="ij")
    k = np.sqrt(x * x + y * y + z * z)
    log = np.fft.irfftn(
        waves * np.where(k >= EDDY_LONGEST, np.maximum(k, 1.0) ** (-11.0 / 6.0), 0.0), s=(n, n, n), axes=(0, 1, 2)
    )
    drawn = np.exp(EDDY_ROUGHNESS * log / log.std())
    return np.ascontiguousarray(drawn / drawn.mean(), np.float32)


@cache
def wrapped_eddies() -> F32:
    """(N + 1, N + 1, N + 1) `eddies` whose last number along each axis is the first again."""
    return np.pad(eddies(), (0, 1), mode="wrap")


def _grain(contrast_fine: tuple[float, float], width: F64) -> F64:
    """(P, 2) `Puffs.grain` of puffs so wide: cells of octaves, so that neighbours have the same."""
    contrast, fine = contrast_fine
    return np.stack([np.full(len(width), contrast), 2.0 ** np.floor(np.log2(fine / width))], 1)


def puffs_of(stage: Stage, eye: F64) -> Puffs:
    """Spray, dust and smoke of all vehicles near `eye` (3,) in the local frame, at the stage's current time."""
    scene, state, air = stage.scene, stage.snapshot, stage.atmosphere
    found = [_smoke(stage, thing) for thing in scene.objects if "smoke" in thing.attributes]
    if air.temperature_c > 0 and air.snow_depth_m <= 0:
        poses = scene.local_SE3_object(state)
        wheels = scene.joints[scene.joints["driver"] == Driver.TRAVEL]
        speeds = np.linalg.norm(state.velocity, axis=1)
        moving = (np.linalg.norm(poses[:, :3, 3] - eye, axis=1) < FARTHEST_M) & (speeds >= SLOWEST_MPS)
        if state.hidden is not None:
            moving &= state.hidden == 0
        wheels = wheels[moving[wheels["object"]]]
        under = _ground_under(stage, poses[wheels["object"]], wheels["pivot"])
        raising = (under == Surface.SOIL) | (under == Surface.WATER) | (air.water_film_m > 0)
        wheels, under = wheels[raising], under[raising]
        for object_id in np.unique(wheels["object"]).tolist():
            model = scene.objects[object_id].model
            if model is None or scene.objects[object_id].class_name not in VEHICLES:
                continue
            own = wheels["object"] == object_id
            places, ground, speed = wheels["pivot"][own], under[own], float(speeds[object_id])
            back = partial(local_poses, stage, object_id)
            trail = back, model.size_lwh_m, speed, float(state.travel_m[object_id]), object_id, air.wind_mps
            if air.water_film_m > 0:
                water = lifted_water(speed, air.water_film_m, float(model.size_lwh_m[2]))
                found.append(_behind(water, places, *trail))
            elif (ground == Surface.SOIL).any():
                found.append(_behind(lifted_dust(speed), places[ground == Surface.SOIL], *trail))
            for place in places[ground == Surface.WATER]:
                found.append(_splash(poses[object_id], place, speed, object_id, stage.snapshot.time_ns))
    if not found:
        return Puffs(*(np.zeros((0, *shape), np.float32) for shape in ((3,), (2,), (), (3,), (2,), (3,), ())))
    return Puffs(*(np.concatenate(parts).astype(np.float32) for parts in zip(*found, strict=True)))


def local_poses(stage: Stage, row: int, gone_m: F64) -> F64:
    """(N, 4, 4) local_SE3_object of an object when it had gone `gone_m` (N,) less than now."""
    poses = stage.timeline.trail(stage.snapshot, row, gone_m)
    poses[:, :3, 3] -= stage.scene.origin
    return poses


def _ground_under(stage: Stage, poses: F64, pivots: F64) -> NDArray[np.int32]:
    """(W,) kind of the `Surface` beside wheels at `pivots` (W, 3) of objects with poses (W, 4, 4).

    -1: nothing near, or nothing in the scene that wheels throw up.
    """
    kinds, tables = np.full(len(pivots), -1, np.int32), stage.packed
    if not len(pivots) or not np.isin(tables.materials["surface"], (Surface.SOIL, Surface.WATER)).any():
        return kinds
    beside = pivots + np.sign(pivots[:, 1:2]) * np.array([0.0, BESIDE_M, 0.0])
    beside[:, 2] = UNDER_M
    starts = np.einsum("wij,wj->wi", poses[:, :3, :3], beside) + poses[:, :3, 3]
    down = np.tile(np.array([0.0, 0.0, -1.0], np.float32), (len(pivots), 1))
    hits = stage.rays.closest_hit(starts, down, t_max=4.0 * UNDER_M, mask=OPAQUE, threads=stage.threads)
    met = np.flatnonzero(hits.part >= 0)
    part = tables.instances[hits.part[met]]
    face = tables.faces[part["first_face"] + hits.primitive[met]]
    kinds[met] = tables.materials["surface"][tables.slots[part["first_slot"] + face["slot"]]]
    return kinds


def _splash(pose: F64, wheel: F64, speed_mps: float, object_id: int, time_ns: int) -> Puffs:
    """Water that a wheel at `wheel` (3,) in the object frame throws to both sides of it.

    Puffs leave at whole multiples of a step in time, fly on parabolas and are slowed by the air.
    """
    steps = np.floor(time_ns * 1e-9 / SPLASH_STEP_S) - np.arange(int(SPLASH_S / SPLASH_STEP_S))
    number, side, strand = (grid.ravel() for grid in np.meshgrid(steps, [1.0, -1.0], np.arange(len(STRANDS))))
    age = time_ns * 1e-9 - (number - 0.5) * SPLASH_STEP_S
    place_of = object_id * 29 + (side > 0) * 71 + strand * 37 + round(wheel[0] * 8)
    finger, gust = (
        _gusts()[(drawn + place_of).astype(np.int64) % 256]
        for drawn in (np.floor(number * SPLASH_STEP_S / FINGER_S) * 101, number * 13)
    )
    angle_deg, part, share = STRANDS[strand.astype(np.int64)].T
    angle = np.radians(angle_deg + 4.0 * finger[:, 0] + 1.5 * gust[:, 0])
    thrown = part * speed_mps * (1.0 + 0.25 * finger[:, 1] + 0.05 * gust[:, 1])
    thrown = thrown * (1.0 - np.exp(-SPLASH_DRAG_1_S * age)) / SPLASH_DRAG_1_S
    across, up = thrown * np.cos(angle), thrown * np.sin(angle) - 0.5 * GRAVITY_MPS2 * age**2
    width = 0.025 + 0.030 * thrown * np.exp(0.3 * gust[:, 0])
    place = np.stack([wheel[0] - 0.55 * speed_mps * age, wheel[1] + side * (0.12 + across), 0.05 + up], 1)
    mass = WATER_KG_M3 * PUDDLE_M * 0.2 * speed_mps * SPLASHED * SPLASH_STEP_S / 2.0 * share
    uneven = RAGGED * finger[:, 2] + FRAYED * gust[:, 2] - 0.5 * (RAGGED**2 + FRAYED**2)
    mass = mass * np.exp(uneven) * (up > -0.05)
    center = place @ pose[:3, :3].T + pose[:3, 3]
    tall = 0.8 * width
    peak = extinction_m2(1.0, SPLASH_SIZE * drop_m(speed_mps)) * mass / ((2.0 * math.pi) ** 1.5 * width**2 * tall)
    grain = _grain(TATTERS, width)
    albedo, echo_sr = np.ones((len(peak), 3)), np.full(len(peak), DROPS_SR)
    parts = center, np.stack([width, tall], 1), peak, albedo, grain, _resting(center, grain), echo_sr
    return Puffs(*(part.astype(np.float32) for part in parts))


def _resting(center: F64, grain: F64) -> F64:
    """(P, 3) `Puffs.phase` of eddies that stay where they are."""
    return np.asarray(center * grain[:, 1:] % EDDY_CELLS)


def _behind(
    lifted: Lifted,
    wheels: F64,
    back_on: Callable[[F64], F64],
    size_m: F64,
    speed_mps: float,
    travel_m: float,
    object_id: int,
    wind_mps: tuple[float, float],
) -> Puffs:
    """Puffs behind one vehicle, along the way that it has come: a trail for its left and its right wheels.

    Args:
        lifted: what each tyre raises. wheels: (W, 3) their middles in the object frame.
        back_on: gives (N, 4, 4) local_SE3_object of when it had gone (N,) m less. size_m: (3,) of its box.
        speed_mps, travel_m: its speed and the way it has gone. object_id: makes its gusts its own.
        wind_mps: (2,).
    """
    _, width, height = (float(side) for side in size_m)
    drift_mps = (1.0 - WAKE_SPEED) * speed_mps
    given_off, lives_s, falls_mps = np.array(lifted.sizes).T
    most = min(REACH_LIVES * float(lives_s.max()) * drift_mps, FARTHEST_M)
    start = 0.12 * min(width, 2.0)
    sides = [wheels[:, 1] > 0.1, wheels[:, 1] < -0.1] if width > 1.2 else [np.ones(len(wheels), bool)]
    parts = []
    for side, chosen in enumerate(sides):
        rows = wheels[chosen]
        if not len(rows):
            continue
        axles = len(np.unique(np.round(rows[:, 0], 1)))
        rate = given_off * math.sqrt(axles)  # those behind run on what those ahead left
        back, beside = float(rows[:, 0].min()), float(rows[:, 1].mean())
        # Where puffs are: so far behind the axle, at multiples of their distance on the road.
        step = WIDTHS_APART * start * 1.6
        number = np.floor(travel_m / step) - np.arange(int(most / step))
        behind = travel_m - (number - 0.5) * step
        number, behind = number[behind > 0.1], behind[behind > 0.1]
        # Farther off they are wider, and fewer carry the mass of all: every second, fourth ... stays
        grown = start * np.cbrt(1.0 + WIDENING * behind / width)
        thin = 2.0 ** np.floor(np.log2(grown / start))
        stays = number % thin == 0
        number, behind, grown, thin = (array[stays] for array in (number, behind, grown, thin))
        age = behind / drift_mps
        left = rate * np.exp(-age[:, None] / lives_s)  # (P, sizes)
        section = left.sum(1) * step * thin / drift_mps
        gust = _gusts()[(number.astype(np.int64) * 7 + object_id * 101 + side * 53) % 256]
        section *= np.exp(ROUGHNESS * gust[:, 0] - 0.5 * ROUGHNESS**2)
        climb = lifted.climb_m * (1.0 - np.exp(-age / 0.25)) * min(height / 1.5, 2.0)
        rise = 0.25 + climb - 0.25 * left @ falls_mps / left.sum(1) * age
        tall = grown * 0.9
        place = np.stack(
            [
                np.full(len(behind), back),
                beside * (0.5 + 0.5 * np.exp(-behind / (3.0 * width))) + STRAY * grown * gust[:, 1],
                np.maximum(rise + STRAY * tall * gust[:, 2], 0.3 * tall),
            ],
            1,
        )
        then = back_on(behind)
        center = np.einsum("nij,nj->ni", then[:, :3, :3], place) + then[:, :3, 3]
        center[:, :2] += np.asarray(wind_mps) * (age * 0.5)[:, None]
        peak = section / ((2.0 * math.pi) ** 1.5 * grown**2 * tall)
        albedo, grain = np.tile(lifted.albedo, (len(peak), 1)), _grain(FLUFF, grown)
        echo_sr = np.full(len(peak), lifted.echo_sr)
        parts.append((center, np.stack([grown, tall], 1), peak, albedo, grain, _resting(center, grain), echo_sr))
    return Puffs(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _smoke(stage: Stage, thing: SceneObject) -> Puffs:
    """What rises from the front of a vehicle whose engine boils ("steam") or burns ("smoke")."""
    kind = SMOKES[thing.attributes["smoke"]]
    assert thing.model is not None
    pose = stage.scene.local_SE3_object(stage.snapshot)[thing.id]
    low, high = thing.model.bounds
    source = pose[:3, :3] @ [high[0] - 0.9, 0.5 * (low[1] + high[1]), BONNET * high[2]] + pose[:3, 3]
    number = math.floor(stage.snapshot.time_ns * 1e-9 / PUFF_S) - np.arange(int(SMOKE_S / PUFF_S))
    age = stage.snapshot.time_ns * 1e-9 - (number - 0.5) * PUFF_S
    number, age = number[age > 0], age[age > 0]
    # w falls with the third root of the height, so that dz/dt = v z^(-1/3)
    rise = (4.0 / 3.0 * RISE_MPS * age) ** 0.75
    drift = 0.6 * np.outer(age, stage.atmosphere.wind_mps)
    way = np.hypot(rise, np.linalg.norm(drift, axis=1))
    width = (SOURCE_M + 1.2 * ENTRAINMENT * way) / math.sqrt(2.0)
    gust = _gusts()[(number * 11 + thing.id * 37) % 256]
    center = source + np.concatenate([drift, rise[:, None]], 1) + SMOKE_STRAY * width[:, None] * gust
    section = kind.section_m2_s * PUFF_S * np.exp(-age / kind.life_s)
    section *= np.exp(ROUGHNESS * gust[:, 0] - 0.5 * ROUGHNESS**2)
    peak = section / ((2.0 * math.pi) ** 1.5 * width**3)
    albedo, grain = np.full((len(age), 3), kind.albedo), _grain(BILLOWS, width)
    # Eddies rise with the puffs; those of neighbours fit together, as far apart as puffs are at the source.
    phase = (number * (-PUFF_S * RISE_MPS))[:, None] * [0.0, 0.0, 1.0] * grain[:, 1:] % EDDY_CELLS
    parts = center, np.stack([width, width], 1), peak, albedo, grain, phase, np.full(len(age), kind.echo_sr)
    return Puffs(*(part.astype(np.float32) for part in parts))
