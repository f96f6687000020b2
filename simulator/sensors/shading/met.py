"""What eight pixels side by side show: faces and materials that their rays met, into the rows of `eights`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    load,
    load_float,
    load_int,
    load_ints,
    record,
    store,
    store_float,
    store_int,
    store_ints,
)
from simulator.numerics.simd import (
    LANES,
    absolute,
    bits,
    equal,
    flip_where_negative,
    greatest,
    least,
    lowest,
    maximum,
    negative,
    select,
    splat,
    splat_int,
    square_root,
    without_lowest,
)
from simulator.sensors.shading.eights import (
    ALBEDO,
    COAT,
    COAT_F0,
    COAT_ROUGHNESS,
    DISTANCE,
    F0,
    FLAT,
    FOOTPRINT,
    FOOTPRINT_LEAST,
    GLOW,
    LEAF,
    LEVEL,
    METALLIC,
    NORMAL,
    PANES,
    PART,
    PLACE,
    PRIMITIVE,
    RETRO,
    RETRO_WIDTH,
    ROUGHNESS,
    SLOT,
    TEXELS,
    TEXTURE,
    TRANSMISSION,
    UV,
    WAY,
    WEIGHTS,
    WHITE,
    dot,
    load_three,
    load_vector,
    store_three,
    store_vector,
)
from simulator.sensors.shading.reflectance import DIELECTRIC_F0
from simulator.sensors.shading.surface import COAT_F0 as LACQUER_F0
from simulator.sensors.shading.surface import (
    COAT_ROUGH,
    GLASS_LEAST,
    OTHER,
    PANE_F0,
    PANE_ROUGH,
    WATER,
    dress_surface,
    retro_of,
)
from simulator.sensors.shading.texels import choose_levels, fetch_texels, level_number, mix_texels
from simulator.sensors.shading.vector import (
    HALF,
    ONE,
    TINY,
    ZERO,
)

ALL = np.int32((1 << LANES) - 1)  # bits of eight pixels


class Met(NamedTuple):
    """`Hits` as pointers."""

    t: Any
    part: Any
    primitive: Any
    u: Any
    v: Any


@kernel(inline=True)
def between(w, u, v, a, b, c):
    """What the vertices have, weighed."""
    return w * a + (u * b + v * c)


@kernel(inline=True)
def turned(normals, turn, x, y, z):
    """A vector times row `turn` of the matrices to which `normals` points."""
    m = np.int64(turn) * 9
    return (
        normals[m] * x + (normals[m + 1] * y + normals[m + 2] * z),
        normals[m + 3] * x + (normals[m + 4] * y + normals[m + 5] * z),
        normals[m + 6] * x + (normals[m + 7] * y + normals[m + 8] * z),
    )


@kernel(inline=True)
def panes_of(tables, matter):
    """1 where the alpha of a material's texture marks panes, else 0."""
    return ONE if matter.texture >= 0 and record(tables.textures, matter.texture).panes != 0 else ZERO


@kernel(inline=True)
def changes(tables, switches, part, matter, weather):
    """Whether weather or a switch that is on change a surface (see `dress`)."""
    glows = matter.glow_r + matter.glow_g + matter.glow_b > ZERO
    burns = (switches[part.object] >> np.uint32(matter.switch)) & np.uint32(1) != 0
    return weather or matter.surface == WATER or (glows and burns)


@kernel(inline=True)
def face_eye(rows, reach, eye, spread):
    """Finish what `meet_eight` began: unit normals on the rays' side, place, footprint; rays go as far as `reach`."""
    dx, dy, dz = load_vector(rows, WAY)
    fx, fy, fz = load_vector(rows, FLAT)
    nx, ny, nz = load_vector(rows, NORMAL)
    tiny = splat(TINY)
    by = ONE / square_root(maximum(dot(fx, fy, fz, fx, fy, fz), tiny))
    along = dot(fx, fy, fz, dx, dy, dz) * by
    by = flip_where_negative(by, -along)
    store_vector(rows, FLAT, fx * by, fy * by, fz * by)
    side = dot(fx, fy, fz, nx, ny, nz) * by
    by = flip_where_negative(ONE / square_root(maximum(dot(nx, ny, nz, nx, ny, nz), tiny)), side)
    store_vector(rows, NORMAL, nx * by, ny * by, nz * by)
    store(rows, DISTANCE, reach)
    store_vector(rows, PLACE, dx * reach + eye[0], dy * reach + eye[1], dz * reach + eye[2])
    # between the short and the long axis of the footprint
    width = load(rows, FOOTPRINT) * reach * spread
    store(rows, FOOTPRINT, width / square_root(maximum(absolute(along), splat(FOOTPRINT_LEAST))))


@kernel(inline=True)
def coat_panes(rows):
    """Give panes their coat; what else is coated is lacquered, over what is dry."""
    panes = load(rows, PANES) * load(rows, TEXTURE + 24) > splat(HALF)
    store(rows, COAT, select(panes, splat(ONE), load(rows, COAT)))
    store(rows, COAT_ROUGHNESS, select(panes, splat(PANE_ROUGH), splat(COAT_ROUGH)))
    store(rows, COAT_F0, select(panes, splat(PANE_F0), splat(LACQUER_F0)))
    store(rows, F0, splat(DIELECTRIC_F0))


@kernel
def dress(rows, k, p, tables, switches, earth):
    """Let switches and weather change lane k (see `dress_surface`); POINT_DTYPE record p knows its instance."""
    p.distance = load_float(rows, DISTANCE + k)
    p.x, p.y, p.z = load_three(rows, PLACE + k)
    p.nx, p.ny, p.nz = load_three(rows, NORMAL + k)
    r, g, b = load_three(rows, ALBEDO + k)
    tr, tg, tb = load_three(rows, TEXTURE + k)
    p.red, p.green, p.blue = r * tr, g * tg, b * tb
    p.glow_r, p.glow_g, p.glow_b = ZERO, ZERO, ZERO
    p.roughness, p.metallic = load_float(rows, ROUGHNESS + k), load_float(rows, METALLIC + k)
    p.f0 = load_float(rows, F0 + k)
    p.coat, p.coat_roughness = load_float(rows, COAT + k), load_float(rows, COAT_ROUGHNESS + k)
    p.coat_f0, p.translucency = load_float(rows, COAT_F0 + k), load_float(rows, LEAF + k)
    p.retro = load_float(rows, RETRO + k)
    matter = record(tables.materials, tables.slots[load_int(rows, SLOT + k)])
    panes = load_float(rows, PANES + k) > HALF
    u, v, alpha = load_float(rows, UV + k), load_float(rows, UV + 8 + k), load_float(rows, TEXTURE + 24 + k)
    dress_surface(p, record(tables.instances, p.instance), matter, panes, alpha, u, v, switches, earth)
    store_three(rows, NORMAL + k, p.nx, p.ny, p.nz)
    store_three(rows, ALBEDO + k, p.red, p.green, p.blue)
    store_three(rows, TEXTURE + k, ONE, ONE, ONE)
    store_three(rows, GLOW + k, p.glow_r, p.glow_g, p.glow_b)
    store_float(rows, ROUGHNESS + k, p.roughness)
    store_float(rows, METALLIC + k, p.metallic)
    store_float(rows, F0 + k, p.f0)
    store_float(rows, COAT + k, p.coat)
    store_float(rows, COAT_ROUGHNESS + k, p.coat_roughness)
    store_float(rows, COAT_F0 + k, p.coat_f0)
    store_float(rows, LEAF + k, p.translucency)
    store_float(rows, RETRO + k, p.retro)


@kernel(inline=True)
def throw_back(rows, solid, tables):
    """Write what lanes `solid` (bits) throw back to lamps; returns whether any does."""
    some = False
    while solid != 0:
        k = lowest(solid)
        solid = without_lowest(solid)
        retro, width = retro_of(record(tables.materials, tables.slots[load_int(rows, SLOT + k)]))
        store_float(rows, RETRO + k, retro)
        store_float(rows, RETRO_WIDTH + k, width)
        some = some or retro > ZERO
    return some


@kernel(inline=True)
def alike(numbers, first):
    """Whether eight int32 from a place on are equal."""
    return bits(equal(load_ints(numbers, first), splat_int(load_int(numbers, first)))) == ALL


@kernel(inline=True)
def one_face(met, first):
    """Whether eight pixels from number `first` on show the same face, or none of them any."""
    return alike(met.part, first) and alike(met.primitive, first)


@kernel(inline=True)
def take_hits(rows, first, count, hits):
    """Copy what `count` rays from number `first` on hit; lanes beyond them hit nothing."""
    if count == LANES:
        store(rows, DISTANCE, load(hits.t, first))
        store_ints(rows, PART, load_ints(hits.part, first))
        store_ints(rows, PRIMITIVE, load_ints(hits.primitive, first))
        store(rows, WEIGHTS, load(hits.u, first))
        store(rows, WEIGHTS + 8, load(hits.v, first))
        return
    store_ints(rows, PART, splat_int(np.int32(-1)))
    for k in range(count):
        store_float(rows, DISTANCE + k, load_float(hits.t, first + k))
        store_int(rows, PART + k, load_int(hits.part, first + k))
        store_int(rows, PRIMITIVE + k, load_int(hits.primitive, first + k))
        store_float(rows, WEIGHTS + k, load_float(hits.u, first + k))
        store_float(rows, WEIGHTS + 8 + k, load_float(hits.v, first + k))


@kernel(inline=True)
def meet_eight(rows, tables, switches, normals, weather):
    """Write what eight rays met that hit what `take_hits` wrote: faces, each for all lanes that met it, and materials.

    Normals are not yet of length 1 nor on the rays' side (see `face_eye`).

    Args:
        rows: receives it. tables: Tables as pointers.
        switches, normals: pointers to those of Posed. weather: whether all surfaces are changed by it.

    Returns:
        Bits of those that show a surface, that have a texture, that are to be dressed, and that show glass.
    """
    solid, textured, changing, glass = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    parts, faces, u, v = load_ints(rows, PART), load_ints(rows, PRIMITIVE), load(rows, WEIGHTS), load(rows, WEIGHTS + 8)
    w, none = ONE - u - v, splat(ZERO)
    # Gathered in registers: written lane by lane under a mask they would take several times as long.
    fx = fy = fz = nx = ny = nz = tu = tv = footprint = none
    red = green = blue = rough = metallic = coat = leaf = panes = clear = none
    slots = splat_int(np.int32(0))
    waiting = ALL & ~bits(negative(parts))
    while waiting != 0:
        k = lowest(waiting)
        number, primitive = load_int(rows, PART + k), load_int(rows, PRIMITIVE + k)
        same = equal(parts, splat_int(number)) & equal(faces, splat_int(primitive))
        lanes = bits(same)
        waiting &= ~lanes
        part = record(tables.instances, number)
        face = record(tables.faces, part.first_face + primitive)
        slot = part.first_slot + face.slot
        matter = record(tables.materials, tables.slots[slot])
        if matter.transmission > GLASS_LEAST:
            glass |= lanes
            clear = select(same, splat(matter.transmission), clear)
        else:
            solid |= lanes
            textured |= lanes if matter.texture >= 0 else np.int32(0)
            changing |= lanes if changes(tables, switches, part, matter, weather) else np.int32(0)
        x, y, z = turned(normals, number, face.nx, face.ny, face.nz)
        gx, gy, gz = splat(x), splat(y), splat(z)
        fx, fy, fz = select(same, gx, fx), select(same, gy, fy), select(same, gz, fz)
        if part.smooth != 0 or matter.texture >= 0 or matter.surface != OTHER:
            a, b, c = record(tables.vertices, face.a), record(tables.vertices, face.b), record(tables.vertices, face.c)
            tu = select(same, between(w, u, v, a.u, b.u, c.u), tu)
            tv = select(same, between(w, u, v, a.v, b.v, c.v), tv)
            footprint = select(same, splat(face.density / max(part.scale, TINY)), footprint)
            if part.smooth != 0:
                x, y, z = (
                    between(w, u, v, a.nx, b.nx, c.nx),
                    between(w, u, v, a.ny, b.ny, c.ny),
                    between(w, u, v, a.nz, b.nz, c.nz),
                )
                gx, gy, gz = turned(normals, number, x, y, z)
        nx, ny, nz = select(same, gx, nx), select(same, gy, ny), select(same, gz, nz)
        slots = select(same, splat_int(slot), slots)
        red, green = select(same, splat(matter.red), red), select(same, splat(matter.green), green)
        blue, rough = select(same, splat(matter.blue), blue), select(same, splat(matter.roughness), rough)
        metallic, coat = select(same, splat(matter.metallic), metallic), select(same, splat(matter.clearcoat), coat)
        leaf, panes = (
            select(same, splat(matter.translucency), leaf),
            select(same, splat(panes_of(tables, matter)), panes),
        )
    store_vector(rows, FLAT, fx, fy, fz)
    store_vector(rows, NORMAL, nx, ny, nz)
    store(rows, UV, tu)
    store(rows, UV + 8, tv)
    store(rows, FOOTPRINT, footprint)
    store_ints(rows, SLOT, slots)
    store_vector(rows, ALBEDO, red, green, blue)
    store_vector(rows, GLOW, none, none, none)
    store(rows, ROUGHNESS, rough)
    store(rows, METALLIC, metallic)
    store(rows, COAT, coat)
    store(rows, LEAF, leaf)
    store(rows, PANES, panes)
    store(rows, TRANSMISSION, clear)
    return solid, textured, changing, glass


@kernel(inline=True)
def colour_eight(rows, textured, one, tables):
    """Write the textures' colours and alpha; `textured`: bits of those that have one; `one`: all have the same."""
    if textured == 0:
        for channel in range(4):
            store(rows, TEXTURE + 8 * channel, splat(ONE))
        return
    slot, footprint = load_int(rows, SLOT), load(rows, FOOTPRINT)
    image = record(tables.textures, record(tables.materials, tables.slots[slot]).texture)
    if one and level_number(image, least(footprint)) == level_number(image, greatest(footprint)):
        level = record(tables.levels, level_number(image, least(footprint)))
        store(rows, LEVEL, splat(np.float32(level.width)))
        store(rows, LEVEL + 8, splat(np.float32(level.height)))
        store_ints(rows, LEVEL + 16, splat_int(-level.offset))
    else:
        choose_levels(rows, textured, tables)
    colour_from_levels(rows, textured, tables)


@kernel(inline=True)
def colour_from_levels(rows, textured, tables):
    """Write the textures' colours and alpha from their `LEVEL`; `textured`: bits of those that have one."""
    untextured = ALL & ~textured
    fetch_texels(rows, tables.texels)
    while untextured != 0:
        k = lowest(untextured)
        untextured = without_lowest(untextured)
        for corner in range(4):
            store_int(rows, TEXELS + 8 * corner + k, WHITE)
    mix_texels(rows)


@kernel(inline=True)
def same_faces(rows, hits, first):
    """Whether the eight rays from number `first` on hit those faces that the rows know."""
    parts = equal(load_ints(hits.part, first), load_ints(rows, PART))
    return bits(parts & equal(load_ints(hits.primitive, first), load_ints(rows, PRIMITIVE))) == ALL


@kernel(inline=True)
def place_again(rows, reach, eye, textured, tables):
    """Write place and texture coordinates of eight that show the same faces as those before, of `textured` lanes."""
    dx, dy, dz = load_vector(rows, WAY)
    store(rows, DISTANCE, reach)
    store_vector(rows, PLACE, dx * reach + eye[0], dy * reach + eye[1], dz * reach + eye[2])
    parts, faces, u, v = load_ints(rows, PART), load_ints(rows, PRIMITIVE), load(rows, WEIGHTS), load(rows, WEIGHTS + 8)
    w, tu, tv = ONE - u - v, load(rows, UV), load(rows, UV + 8)
    while textured != 0:
        k = lowest(textured)
        number, primitive = load_int(rows, PART + k), load_int(rows, PRIMITIVE + k)
        same = equal(parts, splat_int(number)) & equal(faces, splat_int(primitive))
        textured &= ~bits(same)
        face = record(tables.faces, record(tables.instances, number).first_face + primitive)
        a, b, c = record(tables.vertices, face.a), record(tables.vertices, face.b), record(tables.vertices, face.c)
        tu = select(same, between(w, u, v, a.u, b.u, c.u), tu)
        tv = select(same, between(w, u, v, a.v, b.v, c.v), tv)
    store(rows, UV, tu)
    store(rows, UV + 8, tv)
