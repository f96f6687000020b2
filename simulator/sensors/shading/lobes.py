"""How eight surfaces reflect, by vectors: the lobes of `reflectance` with the densities of ways drawn by them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load
from simulator.numerics.simd import bits, maximum, minimum, select, splat, square_root
from simulator.sensors.shading.eights import (
    ALBEDO,
    COAT,
    COAT_F0,
    COAT_ROUGHNESS,
    F0,
    LEAF,
    METALLIC,
    ROUGHNESS,
    TEXTURE,
    dot,
    fifth,
    highlight,
    load_vector,
    reflected_evenly,
)
from simulator.sensors.shading.vector import BLUE, GREEN, HALF, INV_PI, ONE, PI, RED, ZERO

ALPHA_LEAST = np.float32(2e-3)
COSINE_LEAST = np.float32(1e-3)


class Look(NamedTuple):
    """Eight surfaces as they are seen, lane by lane.

    Attributes:
        nx, ny, nz: unit shading normal. vx, vy, vz: unit way to the viewer. nv: cosine between them.
        red, green, blue: albedo. alpha, metallic, f0: of the base, alpha its GGX width. leaf: translucency.
        coat, coat_alpha, coat_f0: strength, GGX width and normal reflectance of the coat. passed: light below it.
        scale, offset: of even light the base reflects f0 * scale + offset at once.
        by_coat, by_base, by_leaf: shares of these lobes among the ways drawn; the rest is diffuse.
        coated, leafy: bits of the lanes with a coat, and of those that let light through.
    """

    nx: Any
    ny: Any
    nz: Any
    vx: Any
    vy: Any
    vz: Any
    nv: Any
    red: Any
    green: Any
    blue: Any
    alpha: Any
    metallic: Any
    f0: Any
    leaf: Any
    coat: Any
    coat_alpha: Any
    coat_f0: Any
    passed: Any
    scale: Any
    offset: Any
    by_coat: Any
    by_base: Any
    by_leaf: Any
    coated: Any
    leafy: Any


@kernel(inline=True)
def reflected_in_all(f0, albedo, metallic, scale, offset):
    """(normal reflectance, factor for further bounces among facets, part of even light reflected), lane by lane."""
    f0 = f0 + metallic * (albedo - f0)
    once = scale + offset
    more = ONE + f0 * (ONE - once) / once
    return f0, more, (f0 * scale + offset) * more


@kernel(inline=True)
def look_at(rows, nx, ny, nz, vx, vy, vz):
    """The Look of the eight that the `rows` of `eights` know, from v."""
    none, one = splat(ZERO), splat(ONE)
    nv = maximum(dot(nx, ny, nz, vx, vy, vz), splat(COSINE_LEAST))
    red, green, blue = load_vector(rows, ALBEDO)
    red, green, blue = red * load(rows, TEXTURE), green * load(rows, TEXTURE + 8), blue * load(rows, TEXTURE + 16)
    rough, metallic, leaf, f0 = load(rows, ROUGHNESS), load(rows, METALLIC), load(rows, LEAF), load(rows, F0)
    coat, coat_rough, coat_f0 = load(rows, COAT), load(rows, COAT_ROUGHNESS), load(rows, COAT_F0)
    scale, offset = reflected_evenly(rough, nv)
    coated, leafy = bits(coat > none), bits(leaf > none)
    by_coat = none
    if coated != 0:
        coat_scale, coat_offset = reflected_evenly(coat_rough, nv)
        by_coat = coat * (coat_f0 * coat_scale + coat_offset)
    passed = one - by_coat
    _, _, in_red = reflected_in_all(f0, red, metallic, scale, offset)
    _, _, in_green = reflected_in_all(f0, green, metallic, scale, offset)
    _, _, in_blue = reflected_in_all(f0, blue, metallic, scale, offset)
    in_red, in_green, in_blue = minimum(in_red, one), minimum(in_green, one), minimum(in_blue, one)
    by_base = passed * (in_red * RED + (in_green * GREEN + in_blue * BLUE))
    matt = select(metallic < one, maximum(passed - by_base, none), none)
    by_base = maximum(by_base, splat(np.float32(0.02)))
    by_leaf = matt * leaf / (ONE + leaf)
    scaled = ONE / (by_coat + by_base + matt)
    return Look(
        nx, ny, nz, vx, vy, vz, nv, red, green, blue,
        maximum(rough * rough, splat(ALPHA_LEAST)), metallic, f0, leaf,
        coat, maximum(coat_rough * coat_rough, splat(ALPHA_LEAST)), coat_f0, passed, scale, offset,
        by_coat * scaled, by_base * scaled, by_leaf * scaled, coated, leafy,
    )  # fmt: skip


@kernel(inline=True)
def facet_density(alpha, nh, vh):
    """Per steradian, of a direction mirrored at facets drawn from a GGX distribution, lane by lane."""
    a2 = alpha * alpha
    d = nh * nh * (a2 - ONE) + ONE
    return a2 * nh / (np.float32(4.0) * PI * d * d * maximum(vh, splat(np.float32(1e-6))))


@kernel(inline=True)
def respond(look, lx, ly, lz, blur):
    """Radiance toward the viewers per illuminance on a plane facing direction l, red, green and blue, and the density
    per steradian with which l is drawn by the lobes; lane by lane what `reflectance.scattered` is.

    l is a unit vector, the same for all or lane by lane; `blur` its angular radius, which widens highlights.
    """
    none, one = splat(ZERO), splat(ONE)
    nl = look.nx * lx + (look.ny * ly + look.nz * lz)
    up = maximum(nl, none)
    hx, hy, hz = look.vx + lx, look.vy + ly, look.vz + lz
    by = ONE / square_root(maximum(dot(hx, hy, hz, hx, hy, hz), splat(np.float32(1e-12))))
    nh = maximum(dot(look.nx, look.ny, look.nz, hx, hy, hz) * by, none)
    vh = maximum(dot(look.vx, look.vy, look.vz, hx, hy, hz) * by, none)
    edge = fifth(vh)
    lobe = highlight(look.alpha + HALF * blur, nh, up, look.nv) * up * look.passed
    matt = INV_PI * up * (ONE - look.metallic) * look.passed
    diffuse = one - look.by_coat - look.by_base - look.by_leaf
    density = diffuse * up * INV_PI + look.by_base * facet_density(look.alpha, nh, vh)
    shine = none
    if look.coated != 0:
        part = (look.coat_f0 + (ONE - look.coat_f0) * edge) * look.coat
        shine = part * highlight(look.coat_alpha + HALF * blur, nh, up, look.nv) * up
        density = density + look.by_coat * facet_density(look.coat_alpha, nh, vh)
    f0, more, part = reflected_in_all(look.f0, look.red, look.metallic, look.scale, look.offset)
    below_r = (ONE - part) * look.red
    red = matt * below_r + (f0 + (ONE - f0) * edge) * more * lobe + shine
    f0, more, part = reflected_in_all(look.f0, look.green, look.metallic, look.scale, look.offset)
    below_g = (ONE - part) * look.green
    green = matt * below_g + (f0 + (ONE - f0) * edge) * more * lobe + shine
    f0, more, part = reflected_in_all(look.f0, look.blue, look.metallic, look.scale, look.offset)
    below_b = (ONE - part) * look.blue
    blue = matt * below_b + (f0 + (ONE - f0) * edge) * more * lobe + shine
    # (facets may send below the horizon, too, where only leaves let light through)
    if look.leafy != 0:
        behind = maximum(-nl, none) * INV_PI
        through = behind * look.leaf * (ONE - look.metallic) * look.passed
        red, green, blue = red + through * below_r, green + through * below_g, blue + through * below_b
        density = density + behind * look.by_leaf
    return red, green, blue, density


@kernel(inline=True)
def draw_way(look, pick, tilt, cosine, sine):
    """A direction by one of the lobes of each: mirrored at a facet of coat or base, or diffuse, before or behind.

    Args:
        look: Look. pick, tilt: uniform numbers. cosine, sine: of an angle uniform in a turn.
    """
    none, one = splat(ZERO), splat(ONE)
    facet, behind = look.by_coat + look.by_base, look.by_coat + look.by_base + look.by_leaf
    picked = splat(pick)
    by_facet, by_leaf = picked < facet, picked < behind
    alpha = select(picked < look.by_coat, look.coat_alpha, look.alpha)
    up = square_root((ONE - tilt) / (ONE + (alpha * alpha - ONE) * tilt))
    up = select(by_facet, up, splat(math.sqrt(ONE - tilt)))
    flat = square_root(maximum(one - up * up, none))
    # tangents (T. Duff et al., JCGT 6(1), 2017)
    nx, ny, nz = look.nx, look.ny, look.nz
    sign = select(nz >= none, one, -one)
    a = -one / (sign + nz)
    b = nx * ny * a
    c, s = flat * cosine, flat * sine
    wx = c * (ONE + sign * nx * nx * a) + s * b + up * nx
    wy = c * sign * b + s * (sign + ny * ny * a) + up * ny
    wz = up * nz - c * sign * nx - s * ny
    along = dot(look.vx, look.vy, look.vz, wx, wy, wz)
    along = along + along
    mx, my, mz = along * wx - look.vx, along * wy - look.vy, along * wz - look.vz
    # behind: as the diffuse way before, mirrored at the surface
    off = dot(wx, wy, wz, nx, ny, nz)
    off = select(by_leaf, off + off, none)
    wx, wy, wz = wx - off * nx, wy - off * ny, wz - off * nz
    return select(by_facet, mx, wx), select(by_facet, my, wy), select(by_facet, mz, wz)
