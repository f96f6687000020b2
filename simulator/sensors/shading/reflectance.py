"""How surfaces reflect: Lambert base, GGX highlights, smooth coats, Fresnel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.sensors.shading.vector import HALF, INV_PI, ONE, PI, ZERO, clamp01, unit

F32 = NDArray[np.float32]

DIELECTRIC_F0 = np.float32(0.04)
RETRO_HALVES = np.float32(2 ** (2 / 3) - 1)  # square of the x at which (1 + x^2)^(-3/2) is a half
BEADED_WIDTH = np.float32(0.02)  # retro-reflectors with wider beams, rad, are roads and grass: they lie flat
SUN_BLUR = np.float32(0.0047)  # angular radius of the sun: no highlight is sharper


@kernel(inline=True)
def schlick(f0, cosine):
    """Fresnel reflectance (C. Schlick, 1994) of normal reflectance f0 at an angle's cosine."""
    m = clamp01(ONE - cosine)
    m2 = m * m
    return f0 + (ONE - f0) * m2 * m2 * m


@kernel
def fresnel(cosine, index):
    """Fresnel reflectance of unpolarised light at a smooth dielectric of refractive `index`, float32."""
    c = clamp01(cosine)
    g2 = index * index - ONE + c * c
    g = math.sqrt(max(g2, ZERO))
    a = (g - c) / (g + c)
    b = (c * (g + c) - ONE) / (c * (g - c) + ONE)
    return HALF * a * a * (ONE + b * b)


@kernel(inline=True)
def window_reflectance(cosine):
    """Of a pane with two faces, glass of index 1.52, internal reflections summed: 2 F / (1 + F)."""
    f = fresnel(cosine, np.float32(1.52))
    return (f + f) / (ONE + f)


@kernel(inline=True)
def ggx(alpha, nh, nl, nv):
    """Microfacet distribution times visibility (B. Walter et al., EGSR 2007), 1/sr without Fresnel.

    `alpha` is the GGX width, `nh`, `nl`, `nv` the cosines of normal with half vector, light and view.
    """
    a2 = alpha * alpha
    d = nh * nh * (a2 - ONE) + ONE
    spread = a2 / (PI * d * d)
    shadow_v = nl * math.sqrt(nv * nv * (ONE - a2) + a2)
    shadow_l = nv * math.sqrt(nl * nl * (ONE - a2) + a2)
    return spread * HALF / max(shadow_v + shadow_l, np.float32(1e-5))


def _albedo_table() -> F32:
    """(ROUGHS, STEPS, 2) part of even light that GGX of Schlick's Fresnel reflects at once: f0 times [0] plus [1].

    By roughness (rows, to ROUGHEST) and cosine of view (columns, 0 to 1), integrated over half vectors drawn from the
    distribution itself.
    """
    rough = np.maximum(np.arange(ROUGHS) / (STEPS - 1), 0.02)[:, None, None, None]
    nv = np.maximum(np.arange(STEPS) / (STEPS - 1), 0.004)[:, None, None]
    u, turn = np.meshgrid((np.arange(32) + 0.5) / 32, np.pi * (np.arange(12) + 0.5) / 12, indexing="ij")
    a2 = rough**4
    nh = np.sqrt((1 - u) / (1 + (a2 - 1) * u))
    vh = np.sqrt(np.maximum(1 - nh * nh, 0)) * np.cos(turn) * np.sqrt(1 - nv * nv) + nh * nv
    nl = 2 * vh * nh - nv
    shadow = np.maximum(nl, 0) * np.sqrt(nv * nv * (1 - a2) + a2) + nv * np.sqrt(np.maximum(nl * nl * (1 - a2) + a2, 0))
    share = np.where((nl > 0) & (vh > 0), 2 * nl * vh / (shadow * nh), 0.0)
    edge = np.clip(1 - vh, 0, 1) ** 5
    return np.stack([(share * (1 - edge)).mean((2, 3)), (share * edge).mean((2, 3))], 2).astype(np.float32)


STEPS = 32
ROUGHEST = np.float32(1.5)  # facets of grass and clods are steeper than those of roughness 1, on average
ROUGHS = int(ROUGHEST * (STEPS - 1)) + 2
ALBEDO = _albedo_table()


@kernel
def reflected_at_once(rough, nv):
    """(scale, offset): of even light a lobe of this roughness reflects f0 * scale + offset, before multiple bounces."""
    row = min(max(rough, ZERO), ROUGHEST) * np.float32(STEPS - 1)
    column = clamp01(nv) * np.float32(STEPS - 1)
    r0, c0 = min(np.int32(row), ROUGHS - 2), min(np.int32(column), STEPS - 2)
    s, t = row - np.float32(r0), column - np.float32(c0)
    a, b, c, d = (ONE - s) * (ONE - t), (ONE - s) * t, s * (ONE - t), s * t
    scale = (
        a * ALBEDO[r0, c0, 0] + b * ALBEDO[r0, c0 + 1, 0] + c * ALBEDO[r0 + 1, c0, 0] + d * ALBEDO[r0 + 1, c0 + 1, 0]
    )
    offset = (
        a * ALBEDO[r0, c0, 1] + b * ALBEDO[r0, c0 + 1, 1] + c * ALBEDO[r0 + 1, c0, 1] + d * ALBEDO[r0 + 1, c0 + 1, 1]
    )
    return scale, offset


@kernel(inline=True)
def widened(rough, blur):
    """GGX width of a lobe that shows a light of an angular radius (B. Karis, 2013); by that it gets no wider than 1."""
    width = rough * rough
    return max(min(width + HALF * blur, ONE), width)


@kernel(inline=True)
def normal_reflectance(f0, albedo, metallic):
    """Reflectance at normal incidence of one channel of a base; `f0` is that of a dielectric."""
    return f0 + metallic * (albedo - f0)


@kernel(inline=True)
def further(f0, once):
    """Factor on light reflected at once for what comes after more bounces among facets (E. Turquin, 2019)."""
    return ONE + f0 * (ONE - once) / once


@kernel
def scattered(p, vx, vy, vz, lx, ly, lz, blur):
    """Radiance toward the viewer per illuminance on a plane facing the light, by channel: diffuse, base, coat.

    Light from behind comes through leaves, diffusely. What the coat and the base reflect of even light is what the
    base and the diffuse light below them lack, what comes through included, so that a white body in even light cannot
    be told from it.

    Args:
        p: POINT_DTYPE record of the surface.
        vx, vy, vz: unit direction to the viewer.
        lx, ly, lz: unit direction to the light.
        blur: angular radius of the light, which widens highlights: see `widened`.
    """
    nx, ny, nz = p.nx, p.ny, p.nz
    nl = nx * lx + ny * ly + nz * lz
    if nl <= ZERO and p.translucency == ZERO:
        return ZERO, ZERO, ZERO
    nv = max(nx * vx + ny * vy + nz * vz, np.float32(1e-3))
    if nl <= ZERO:
        through = -INV_PI * nl * p.translucency * (ONE - p.metallic) * (ONE - coat_albedo(p, nv))
        return (
            through * (ONE - mean_fresnel(p, p.red, nv)) * p.red,
            through * (ONE - mean_fresnel(p, p.green, nv)) * p.green,
            through * (ONE - mean_fresnel(p, p.blue, nv)) * p.blue,
        )
    hx, hy, hz = unit(lx + vx, ly + vy, lz + vz)
    nh = max(nx * hx + ny * hy + nz * hz, ZERO)
    vh = max(vx * hx + vy * hy + vz * hz, ZERO)
    rough, metallic = p.roughness, p.metallic
    alpha = widened(rough, blur)
    lobe = ggx(alpha, nh, nl, nv) * nl
    m = ONE - vh
    m5 = m * m * m * m * m
    coat = p.coat
    through, shine = ONE, ZERO
    if coat > ZERO:
        shine = schlick(p.coat_f0, vh) * coat * ggx(widened(p.coat_roughness, blur), nh, nl, nv) * nl
        through = ONE - coat_albedo(p, nv)
    scale, offset = reflected_at_once(rough, nv)
    once = scale + offset
    base = INV_PI * nl * (ONE - metallic)
    f0 = normal_reflectance(p.f0, p.red, metallic)
    more, part = further(f0, once), f0 + (ONE - f0) * m5
    red = base * (ONE - (f0 * scale + offset) * more) * p.red + part * more * lobe
    f0 = normal_reflectance(p.f0, p.green, metallic)
    more, part = further(f0, once), f0 + (ONE - f0) * m5
    green = base * (ONE - (f0 * scale + offset) * more) * p.green + part * more * lobe
    f0 = normal_reflectance(p.f0, p.blue, metallic)
    more, part = further(f0, once), f0 + (ONE - f0) * m5
    blue = base * (ONE - (f0 * scale + offset) * more) * p.blue + part * more * lobe
    return through * red + shine, through * green + shine, through * blue + shine


@kernel(inline=True)
def thrown_back(retro, off, width, cosine):
    """Luminance per lux, on a plane that faces the lamp, that retro-reflectors send toward a viewer.

    Sheeting falls by half within `width` rad and later with the third power of the angle: (1 + x^2)^(-3/2) goes
    through the 0.2, 0.33 and 2 degrees of class RA2 in EN 12899-1 (250, 180 and 5 cd / (lx m2)). Turned aside, its R_A
    falls with the third power of the cosine (250, 150 and 110 at 5, 30 and 40 degrees there), of which one is that its
    area seems smaller. The R_L of what lies flat, wider than BEADED_WIDTH, is that of its grazing lamps.

    Args:
        retro: R_A, cd / (lx m2), of a lamp beside the eye. off: angle between lamp and eye, rad squared.
        width: its half-value, rad. cosine: of the angle between lamp and normal.
    """
    steep = ONE + RETRO_HALVES * off / (width * width)
    entrance = cosine * cosine if width < BEADED_WIDTH else ONE
    return retro * entrance / (steep * math.sqrt(steep))


@kernel
def coat_albedo(p, nv):
    """Part of even light that the coat of a point (POINT_DTYPE record) reflects toward a viewer at this cosine."""
    scale, offset = reflected_at_once(p.coat_roughness, nv)
    return p.coat * (p.coat_f0 * scale + offset)


@kernel
def mean_fresnel(p, albedo, nv):
    """Part of even light that a base of this channel's albedo reflects, further bounces among facets included."""
    f0 = normal_reflectance(p.f0, albedo, p.metallic)
    scale, offset = reflected_at_once(p.roughness, nv)
    return clamp01((f0 * scale + offset) * further(f0, scale + offset))
