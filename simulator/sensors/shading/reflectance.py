"""How surfaces reflect: Lambert base, GGX highlights, smooth coats, Fresnel."""

from __future__ import annotations

import math

import numpy as np

from simulator.numerics.jit import kernel
from simulator.sensors.shading.vector import HALF, INV_PI, ONE, PI, ZERO, clamp01, unit

FOUR = np.float32(4.0)
DIELECTRIC_F0 = np.float32(0.04)
SUN_BLUR = np.float32(0.0047)  # angular radius of the sun: no highlight is sharper


@kernel(inline=True)
def schlick(f0, cosine):  # type: ignore[no-untyped-def]
    """Fresnel reflectance (C. Schlick, 1994) of normal reflectance f0 at an angle's cosine."""
    m = clamp01(ONE - cosine)
    m2 = m * m
    return f0 + (ONE - f0) * m2 * m2 * m


@kernel
def fresnel(cosine, index):  # type: ignore[no-untyped-def]
    """Fresnel reflectance of unpolarised light at a smooth dielectric of refractive `index`, float32."""
    c = clamp01(cosine)
    g2 = index * index - ONE + c * c
    g = math.sqrt(max(g2, ZERO))
    a = (g - c) / (g + c)
    b = (c * (g + c) - ONE) / (c * (g - c) + ONE)
    return HALF * a * a * (ONE + b * b)


@kernel(inline=True)
def window_reflectance(cosine):  # type: ignore[no-untyped-def]
    """Of a pane with two faces, glass of index 1.52, internal reflections summed: 2 F / (1 + F)."""
    f = fresnel(cosine, np.float32(1.52))
    return (f + f) / (ONE + f)


@kernel(inline=True)
def ggx(alpha, nh, nl, nv):  # type: ignore[no-untyped-def]
    """Microfacet distribution times visibility (B. Walter et al., EGSR 2007), 1/sr without Fresnel.

    `alpha` is the GGX width, `nh`, `nl`, `nv` the cosines of normal with half vector, light and view.
    """
    a2 = alpha * alpha
    d = nh * nh * (a2 - ONE) + ONE
    spread = a2 / (PI * d * d)
    shadow_v = nl * math.sqrt(nv * nv * (ONE - a2) + a2)
    shadow_l = nv * math.sqrt(nl * nl * (ONE - a2) + a2)
    return spread * HALF / max(shadow_v + shadow_l, np.float32(1e-5))


@kernel
def scattered(p, vx, vy, vz, lx, ly, lz, blur):  # type: ignore[no-untyped-def]
    """Radiance toward the viewer per illuminance on a plane facing the light, by channel: diffuse, base, coat.

    Light from behind comes through leaves, diffusely.

    Args:
        p: POINT_DTYPE record of the surface.
        vx, vy, vz: unit direction to the viewer.
        lx, ly, lz: unit direction to the light.
        blur: angular radius of the light, which widens highlights (B. Karis, 2013).
    """
    nx, ny, nz = p.nx, p.ny, p.nz
    nl = nx * lx + ny * ly + nz * lz
    if nl <= ZERO:
        through = -INV_PI * nl * p.translucency
        return through * p.red, through * p.green, through * p.blue
    nv = max(nx * vx + ny * vy + nz * vz, np.float32(1e-3))
    hx, hy, hz = unit(lx + vx, ly + vy, lz + vz)
    nh = max(nx * hx + ny * hy + nz * hz, ZERO)
    vh = max(vx * hx + vy * hy + vz * hz, ZERO)
    rough, metallic = p.roughness, p.metallic
    alpha = min(rough * rough + HALF * blur, ONE)
    lobe = ggx(alpha, nh, nl, nv) * nl
    m = ONE - vh
    m5 = m * m * m * m * m
    coat = p.coat
    through, shine = ONE, ZERO
    if coat > ZERO:
        f = schlick(p.coat_f0, vh) * coat
        width = p.coat_roughness * p.coat_roughness + HALF * blur
        shine = f * ggx(width, nh, nl, nv) * nl
        through = ONE - f
    f0r = DIELECTRIC_F0 + metallic * (p.red - DIELECTRIC_F0)
    f0g = DIELECTRIC_F0 + metallic * (p.green - DIELECTRIC_F0)
    f0b = DIELECTRIC_F0 + metallic * (p.blue - DIELECTRIC_F0)
    fr, fg, fb = f0r + (ONE - f0r) * m5, f0g + (ONE - f0g) * m5, f0b + (ONE - f0b) * m5
    base = INV_PI * nl * (ONE - metallic)
    return (
        through * (base * (ONE - fr) * p.red + fr * lobe) + shine,
        through * (base * (ONE - fg) * p.green + fg * lobe) + shine,
        through * (base * (ONE - fb) * p.blue + fb * lobe) + shine,
    )


@kernel
def mean_fresnel(p, albedo, nv):  # type: ignore[no-untyped-def]
    """Part of uniform light that a base of this channel's albedo reflects at once.

    B. Karis' fit of the GGX integral (2014), with the energy of further reflections (E. Turquin, 2019).
    """
    rough = p.roughness
    f0 = DIELECTRIC_F0 + p.metallic * (albedo - DIELECTRIC_F0)
    a004 = min((ONE - rough) * (ONE - rough), math.pow(np.float32(2.0), np.float32(-9.28) * nv)) * (ONE - rough)
    a004 += np.float32(0.0425) - np.float32(0.0275) * rough
    scale = np.float32(1.04) - np.float32(0.572) * rough - np.float32(1.04) * a004
    bias = np.float32(1.04) * a004 + np.float32(-0.04) + np.float32(0.022) * rough
    once = max(scale + bias, np.float32(0.1))  # what leaves after one reflection; the rest leaves after more
    return clamp01((f0 * scale + bias) * (ONE + f0 * (ONE - once) / once))
