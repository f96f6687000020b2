"""Kernels of the lidar: how much of a pulse a surface sends back, and what the receiver makes of all echoes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.counter_rng import hash4, uniform
from simulator.numerics.jit import kernel
from simulator.sensors import lidar_models
from simulator.sensors.shading.air import depth_to
from simulator.sensors.shading.surface import MISS

PI = np.float32(np.pi)
RETRO_RANGE = np.float32(lidar_models.RETRO_RANGE)
ZERO, HALF, ONE, TWO = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(2.0)
# Surfaces are wavy on the scale of the beam: no lobe is narrower than this GGX alpha.
LEAST_ALPHA = np.float32(0.02)
# Water: Fresnel reflectance at normal incidence and the part of diffuse light that is reflected back into the film
# (Angstrom; Lekner and Dorf, Applied Optics 27, 1988).
WATER_F0, WATER_INNER = np.float32(0.02), np.float32(0.472)
SNOW_REFLECTANCE = np.float32(0.835)  # at 905 nm, specific surface area 20 m2/kg
# Signal over noise of a return that is just detected: below it false alarms would flood the receiver.
NOISE = np.float32(1.0 / 7.0)
FOG_PATCHES = np.float32(0.35)  # deviation of the logarithm of fog density on the scale of the pulse
RAIN_CLASS, SNOW_CLASS, FOG_CLASS, PLUME_CLASS = 33, 34, 35, 38  # rows of assets/classes.yaml, checked by a test


class Ground(NamedTuple):
    """State of upward surfaces.

    Attributes:
        wet: 0..1 part of a ground's texture depth that is filled with water.
        snow: 0..1 part of level surfaces covered with snow.
    """

    wet: np.float32
    snow: np.float32


class Receiver(NamedTuple):
    """Numbers of the sensor that the kernels need; see LidarModel."""

    threshold: np.float32
    loss: np.float32
    focus2: np.float32
    overlap_start: np.float32
    overlap_scale: np.float32
    range_min: np.float32
    range_max: np.float32
    sigma_near: np.float32
    sigma_far: np.float32
    step: np.float32
    divergence: np.float32
    aperture: np.float32


class Echoes(NamedTuple):
    """The strongest echo of each of R rays so far.

    Attributes:
        power: (R,) float32 as received, in the units of `Receiver.threshold`; 0 for none.
        range: (R,) float32 metres.
        strength: (R,) float32 Lambert-equivalent reflectance times cosine, before the air's extinction.
        object: (R,) int32. semantic: (R,) uint8.
    """

    power: NDArray[np.float32]
    range: NDArray[np.float32]
    strength: NDArray[np.float32]
    object: NDArray[np.int32]
    semantic: NDArray[np.uint8]


@kernel(inline=True)
def air_depth(r, climb, fog, even):
    """Optical depth of the air up to range r along a ray that climbs so much per metre; `fog`, `even`: those of Air."""
    return depth_to(fog, r, r * climb) + even * r


@kernel(inline=True)
def gain(r, depth, sensor):
    """Received power of a perfect diffuse target at range r behind air: xi / (R^2 + f^2) exp(-2 (depth + k R))."""
    overlap = min(max((r - sensor.overlap_start) * sensor.overlap_scale, ZERO), ONE)
    return overlap / (r * r + sensor.focus2) * np.exp(-TWO * (depth + sensor.loss * r))


@kernel(inline=True)
def _lobe(f0, alpha, cosine):
    """Backscatter pi f_r cos of a GGX surface lit and seen from the same direction (Smith, height-correlated)."""
    a2 = alpha * alpha
    c2 = cosine * cosine
    d = c2 * (a2 - ONE) + ONE
    tan2 = (ONE - c2) / max(c2, np.float32(1e-6))
    shadow = ONE / np.sqrt(ONE + a2 * tan2)
    return f0 * a2 / (d * d) * shadow / (np.float32(4.0) * max(cosine, np.float32(1e-3)))


@kernel(inline=True)
def _gloss(f0, alpha, cosine):
    """What a dielectric's surface adds to its diffuse reflectance, which holds the part of a matt surface already."""
    return max(_lobe(f0, alpha, cosine) - _lobe(f0, ONE, cosine), ZERO)


@kernel(inline=True)
def _rough(rho, roughness, cosine):
    """Backscatter of a rough diffuse surface, rho at normal incidence (Oren and Nayar, SIGGRAPH 1994).

    Seen along the beam every facet in view is lit, so a rough road returns far more at grazing incidence than
    Lambert's cosine; facet slopes deviate by up to 0.35 rad.
    """
    slope2 = np.float32(0.1225) * roughness**4
    a = ONE - HALF * slope2 / (slope2 + np.float32(0.33))
    b = np.float32(0.45) * slope2 / (slope2 + np.float32(0.09))
    return rho * (cosine + b / a * (ONE - cosine * cosine))


@kernel(inline=True)
def _water_fresnel(cosine):
    """Mean reflectance of an air-water interface (n = 1.333) at this cosine of the angle of incidence."""
    n = np.float32(1.333)
    g = np.sqrt(max(n * n - ONE + cosine * cosine, ZERO))
    s = (cosine - g) / (cosine + g)
    p = (n * n * cosine - g) / (n * n * cosine + g)
    return HALF * (s * s + p * p)


@kernel(inline=True)
def _diffuse(material, p):
    """Diffuse reflectance at 905 nm: as the material says, or estimated from the colour of point p.

    Pigments and dyes hardly absorb in the near infrared, so the brightest channel counts, a little raised.
    """
    if material.reflectance_905 >= ZERO:
        return material.reflectance_905
    return min(np.float32(0.9), np.float32(1.3) * max(p.red, p.green, p.blue))


@kernel(inline=True)
def backscatter(material, diffuse, cosine, up, ground):
    """Lambert-equivalent reflectance times cosine of a surface, seen where it is lit from.

    Args:
        material: MATERIAL_DTYPE row.
        diffuse: its diffuse reflectance at 905 nm.
        cosine: of the angle of incidence. up: z component of the unit normal towards the sensor.
        ground: wetness and snow cover.
    """
    rho = diffuse * (ONE - material.metallic) * (ONE - material.transmission)
    dry = rho
    if ground.wet > ZERO and material.surface <= 4:
        wet = ground.wet * (ONE if material.surface > 0 else material.porosity * max(up, ZERO))
        through = ONE - _water_fresnel(cosine)
        soaked = through * through / (ONE - WATER_F0) * (ONE - WATER_INNER) * rho / (ONE - WATER_INNER * rho)
        rho = min(dry, rho + wet * (soaked - rho))
    covered = ZERO
    if ground.snow > ZERO and up > HALF:
        covered = ground.snow * min(ONE, (up - HALF) * np.float32(5.0))
        rho += covered * (SNOW_REFLECTANCE - rho)
    value = _rough(rho, min(material.roughness, ONE), cosine)
    bare = ONE - covered
    alpha = max(material.roughness * material.roughness, LEAST_ALPHA)
    if material.metallic > ZERO:
        value += bare * material.metallic * _lobe(material.red, alpha, cosine)
    if material.metallic < ONE:
        f0 = np.float32(0.08) if material.transmission > np.float32(0.3) else np.float32(0.04)
        value += bare * (ONE - material.metallic) * _gloss(f0, alpha, cosine)
    if material.clearcoat > ZERO:
        value += bare * _gloss(np.float32(0.04) * material.clearcoat, LEAST_ALPHA, cosine)
    return value + bare * PI * material.retro * cosine


@kernel
def surface_echoes(
    start, stop, rows, directions, primitive, points, through, fog, even, tables, ground, sensor, echoes
):
    """Add the echoes of the surfaces that rays met; `through` becomes what goes on behind (0: nothing).

    Args:
        start, stop: range of `rows`.
        rows: (K,) int32 rays that were cast, rows of `points` and `echoes`.
        directions: (K, 3) float32 unit directions, local frame. primitive: (K,) int32 face hit.
        points: (R,) POINT_DTYPE, without wetness and snow.
        through: (K,) float32 one-way transmission so far.
        fog, even: those of Air.
        tables: Tables. ground: Ground. sensor: Receiver. echoes: Echoes, updated.
    """
    instances, slots, faces, _, materials, _, _, _ = tables
    powers, ranges, strengths, objects, semantics = echoes
    for k in range(start, stop):
        i = rows[k]
        p = points[i]
        if p.state == MISS:
            through[k] = ZERO
            continue
        part = instances[p.instance]
        material = materials[slots[part.first_slot + faces[part.first_face + primitive[k]].slot]]
        slant = p.fx * directions[k, 0] + p.fy * directions[k, 1] + p.fz * directions[k, 2]
        strength = backscatter(material, _diffuse(material, p), min(abs(slant), ONE), p.fz, ground)
        strength *= through[k] * through[k]
        power = strength * gain(p.distance, air_depth(p.distance, directions[k, 2], fog, even), sensor)
        if power > powers[i]:
            powers[i], ranges[i], strengths[i] = power, p.distance, strength
            objects[i], semantics[i] = part.object, part.semantic
        through[k] *= material.transmission


@kernel(inline=True)
def _normal(bits_a, bits_b):
    """Standard normal deviate from two random words (Box and Muller)."""
    u = max(uniform(bits_a), np.float32(1e-7))
    return np.sqrt(-TWO * np.log(u)) * np.cos(TWO * PI * uniform(bits_b))


@kernel(inline=True)
def _particle(i, k, kind, air, climb, sensor, seed_a, seed_b):
    """Power, range and strength of the k-th drop (kind 0) or flake (kind 1) in the beam of ray i, see `_depth`."""
    ua, ub, _, _ = hash4(np.uint32(i), np.uint32(16 + 2 * k + kind), seed_a, seed_b)
    near = sensor.aperture
    far = near + sensor.divergence * air.reach[kind]
    near3 = near * near * near
    wide = (near3 + uniform(ua) * (far * far * far - near3)) ** np.float32(1.0 / 3.0)
    r = (wide - near) / sensor.divergence
    size = air.smallest[kind] - np.log(max(ONE - uniform(ub), np.float32(1e-7))) / air.slope[kind]
    fill = min(ONE, (size / wide) ** 2)
    strength = air.reflectance[kind] * fill
    return strength * gain(r, air_depth(r, climb, air.fog, air.even), sensor), r, strength


@kernel
def receive(start, stop, echoes, climb, air, sensor, seed_a, seed_b, ranges, intensity):
    """Turn echoes into what the sensor reports, for rays `start` to `stop`.

    The strongest of surface, fog, drops and flakes is kept (its object and class go into `echoes`), detected if it
    passes the threshold with the receiver's noise, and measured with noise that grows as the signal falls.

    Args:
        echoes: Echoes of all R rays, updated. climb: (R,) float32 by which they climb per metre.
        air: Air. sensor: Receiver.
        seed_a, seed_b: uint32 halves of the sweep's seed.
        ranges: (R,) float32 result, metres; 0 where nothing was detected.
        intensity: (R,) float32 result, 0..1: value / 255 with 0..100 for diffuse reflectance in percent and the rest
            logarithmic for retro-reflectors, as Velodyne's calibrated scale.
    """
    fog_power = np.float32(air.fog_power)
    for i in range(start, stop):
        ranges[i] = ZERO
        intensity[i] = ZERO
        ua, ub, uc, ud = hash4(np.uint32(i), np.uint32(0), seed_a, seed_b)
        va, vb, _, vd = hash4(np.uint32(i), np.uint32(1), seed_a, seed_b)
        power, r, strength = echoes.power[i], echoes.range[i], echoes.strength[i]
        if fog_power > ZERO:
            at = air.fog_range[min(int(uniform(ua) * np.float32(air.fog_range.size)), air.fog_range.size - 1)]
            # The echo is that of even fog. Above, what scatters and what hides it thin.
            depth = air_depth(at, climb[i], air.fog, air.even)
            echo = fog_power * np.exp(FOG_PATCHES * _normal(ub, uc) - at * climb[i] * air.fog[1])
            echo *= np.exp(TWO * ((air.fog[0] + air.even) * at - depth))
            if echo > power and (power == ZERO or at < r):
                power, r = echo, at
                strength = echo / gain(at, depth, sensor)
                echoes.object[i] = 0
                echoes.semantic[i] = FOG_CLASS
        for kind in range(2):
            if air.density[kind] == ZERO:
                continue
            near = sensor.aperture
            far = near + sensor.divergence * air.reach[kind]
            volume = PI / np.float32(12.0) * (far * far * far - near * near * near) / sensor.divergence
            count = int(air.density[kind] * volume + uniform(ud if kind == 0 else vd))
            for k in range(count):
                echo, at, seen = _particle(i, k, kind, air, climb[i], sensor, seed_a, seed_b)
                if echo > power and (power == ZERO or at < r):
                    power, r, strength = echo, at, seen
                    echoes.object[i] = 0
                    echoes.semantic[i] = RAIN_CLASS if kind == 0 else SNOW_CLASS
        signal = power / sensor.threshold
        if signal <= ZERO or signal + NOISE * _normal(va, vb) < ONE:
            continue
        near2 = sensor.sigma_near * sensor.sigma_near
        far2 = sensor.sigma_far * sensor.sigma_far
        sigma = np.sqrt(near2 + (far2 - near2) / max(signal, ONE))
        wa, wb, wc, wd = hash4(np.uint32(i), np.uint32(2), seed_a, seed_b)
        measured = r + sigma * _normal(wa, wb)
        measured = np.rint(measured / sensor.step) * sensor.step
        if measured < sensor.range_min or measured > sensor.range_max:
            continue
        ranges[i] = measured
        value = (
            strength
            * np.exp(-TWO * air_depth(r, climb[i], air.fog, air.even))
            * (ONE + np.float32(0.03) * _normal(wc, wd))
        )
        if value <= ONE:
            code = np.float32(100.0) * value
        else:
            code = np.float32(100.0) + np.float32(155.0) * min(ONE, np.log(value) / RETRO_RANGE)
        intensity[i] = np.rint(max(code, ZERO)) / np.float32(255.0)
