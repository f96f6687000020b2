"""The human body: segments of a clothed figure at rest, upright, facing +x, arms hanging, feet on z = 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from simulator.actors.cloth import draped
from simulator.actors.hands import hand_mesh
from simulator.actors.head import head_mesh
from simulator.actors.physique import Dress, Part, Physique
from simulator.actors.shape import F64, finer, mirrored, patch, pipe, round_rings, skin
from simulator.actors.skeleton import Segment, fade, hinge
from simulator.scene.mesh import Mesh, merge


def figure(p: Physique, dress: Dress, rng: np.random.Generator, *, grip: bool = False) -> list[Segment]:
    """Segments of a person at rest, parents first: trunk, head, arms, legs; `grip`: hands closed about bars."""
    w = p.wide
    trunk, leg, foot, arm = _trunk(p, dress, rng), _leg(p, dress, rng), _foot(p), _arm(p, dress, rng, grip)
    neck = (-0.006 * w, 0.0, float(p.z(0.865)))
    segments = [
        Segment("trunk", "", (0.0, 0.0, p.hip_z), trunk, _trunk_blend(p, trunk.vertices)),
        Segment("chest", "trunk", (-0.01 * w, 0.0, float(p.z(0.60)))),
        Segment("head", "chest", neck, head_mesh(p, dress, rng)),
    ]
    knee_z, ankle_z, ball = float(p.z(0.285)), p.ankle_z, p.ball_x
    for side, sign in (("l", 1.0), ("r", -1.0)):
        y = sign * p.hip_y
        here = [(mesh if sign > 0 else mirrored(mesh)).moved(y=y) for mesh in (leg, foot)]
        at = (-0.008 * w, sign * p.shoulder_y, float(p.z(0.796)))
        sleeve = (arm if sign > 0 else mirrored(arm)).moved(y=at[1])
        segments += [
            Segment(f"thigh_{side}", "trunk", (0.0, y, p.hip_z), here[0], _leg_blend(p, dress, here[0].vertices, side)),
            Segment(f"shin_{side}", f"thigh_{side}", (0.0, y, knee_z)),
            Segment(f"foot_{side}", f"shin_{side}", (0.0, y, ankle_z), here[1], _foot_blend(p, here[1].vertices, side)),
            Segment(f"toes_{side}", f"foot_{side}", (ball, y, 0.012 * w)),
            Segment(f"arm_{side}", "chest", at, sleeve, _arm_blend(p, sleeve.vertices, side)),
            Segment(f"fore_{side}", f"arm_{side}", (at[0], at[1], float(p.z(0.635)))),
        ]
    return segments


def _trunk_blend(p: Physique, vertices: ArrayLike) -> dict[str, F64]:
    """Weights of pelvis, chest, head, thighs and shoulders for the trunk and what is worn about it."""
    x, y, z = np.asarray(vertices, np.float64).T
    w = p.wide
    out = hinge((z - p.z(0.60)) / (0.075 * p.height), "trunk", "chest")
    nape = fade(z, p.z(0.842), p.z(0.872))
    out = {name: share * (1 - nape) for name, share in out.items()} | {"head": nape}
    # The crease of the hip rises from the fold below the buttocks to the groin.
    legs = hinge((p.hip_z - 0.045 * w - z + 0.7 * x) / (0.075 * w), "trunk", "thigh")
    low = np.where(z < p.z(0.56), 1.0 - legs["trunk"], 0.0)
    out = {name: share * (1 - low) for name, share in out.items()}
    hem = fade(-z, -p.z(0.31), -p.z(0.23))  # of long skirts: calves push it back
    hangs = 0.75 * fade(-z, -p.z(0.49), -p.z(0.39))  # cloth that legs push and no longer carry along: less far, a sheet
    between = (0.03 + 0.05 * hangs) * w
    for side, share in (("l", fade(y, -between, between)), ("r", fade(-y, -between, between))):
        thigh = np.where(low > 0, legs["thigh"], 0.0) * share
        out[f"~thigh_{side}"] = np.where(low > 0, legs["~thigh"], 0.0) * share + thigh * hangs
        out[f"thigh_{side}"] = thigh * (1 - hangs) * (1 - hem)
        out[f"~shin_{side}"] = thigh * (1 - hangs) * hem
        joint = np.array([-0.008 * w, p.shoulder_y * (1.0 if side == "l" else -1.0), float(p.z(0.796))])
        near = np.linalg.norm(np.stack([x, y, z], 1) - joint, axis=1)
        pulled = 0.8 * fade(-near, -0.080 * w, -0.020 * w) * (z > p.z(0.66))
        out["chest"] = out["chest"] * (1 - pulled)
        out[f"~arm_{side}"] = pulled
    return out


def _leg_blend(p: Physique, dress: Dress, vertices: ArrayLike, side: str) -> dict[str, F64]:
    """Weights of a leg with what it wears; trousers hang over the ankle, bare skin bends there."""
    x, _, z = np.asarray(vertices, np.float64).T
    w = p.wide
    hip = hinge((p.hip_z - 0.045 * w - z + 0.7 * x) / (0.075 * w), "trunk", f"thigh_{side}")
    knee = hinge((p.z(0.285) - z) / (0.060 * w), f"thigh_{side}", f"shin_{side}")
    out = _chain(hip, knee, f"thigh_{side}")
    if dress.legs != "trousers":
        ankle = hinge((p.ankle_z + 0.010 * w - z) / (0.022 * w), f"shin_{side}", f"foot_{side}")
        out = _chain(out, ankle, f"shin_{side}")
    return out


def _foot_blend(p: Physique, vertices: ArrayLike, side: str) -> dict[str, F64]:
    x = np.asarray(vertices, np.float64)[:, 0]
    return hinge((x - p.ball_x) / (0.016 * p.wide), f"foot_{side}", f"toes_{side}")


def _arm_blend(p: Physique, vertices: ArrayLike, side: str) -> dict[str, F64]:
    z = np.asarray(vertices, np.float64)[:, 2]
    w = p.wide
    shoulder = hinge((p.z(0.796) - 0.022 * w - z) / (0.055 * w), "chest", f"arm_{side}")
    return _chain(shoulder, hinge((p.z(0.635) - z) / (0.042 * w), f"arm_{side}", f"fore_{side}"), f"arm_{side}")


def _chain(above: dict[str, F64], below: dict[str, F64], shared: str) -> dict[str, F64]:
    """Weights about two joints of the bone between them, which are so far apart that one of them holds it whole."""
    return above | below | {shared: above[shared] + below[shared] - 1.0}


def _folds(rings: F64, rng: np.random.Generator, depth: float) -> F64:
    """Rings of cloth with soft creases: radial waves that drift along the axis."""
    count, n = rings.shape[:2]
    middle = rings.mean(1, keepdims=True)
    angle = np.arange(n) * (2 * np.pi / n)
    along = np.arange(count)[:, None]
    wave = sum(
        np.sin(k * angle + rng.uniform(0, 6.28) + along * rng.uniform(-1.2, 1.2))
        * np.sin(along * rng.uniform(0.8, 2.2) + rng.uniform(0, 6.28))
        for k in (1, 2, 3)
    )
    ends = np.sin(np.pi * (along + 0.15) / (count - 0.7))[..., None]  # joints keep their radius
    return np.asarray(middle + (rings - middle) * (1 + depth * ends * wave[..., None]))


# Trunk by share of the stature: half width, half depth, middle's x (male; female differences below).
_TRUNK_Z = [0.452, 0.475, 0.50, 0.53, 0.565, 0.60, 0.64, 0.68, 0.715, 0.75, 0.78, 0.803, 0.822, 0.838, 0.853, 0.875]
_TRUNK_W = [0.046, 0.083, 0.0925, 0.0935, 0.089, 0.083, 0.083, 0.0865, 0.092, 0.099, 0.110, 0.1155, 0.099, 0.068,
            0.042, 0.034]  # fmt: skip
_TRUNK_D = [0.044, 0.059, 0.066, 0.067, 0.062, 0.057, 0.057, 0.061, 0.066, 0.066, 0.060, 0.052, 0.044, 0.040, 0.037,
            0.036]  # fmt: skip
_TRUNK_X = [0.0, -0.004, -0.007, -0.006, -0.001, 0.003, 0.005, 0.005, 0.004, 0.000, -0.005, -0.009, -0.011, -0.010,
            -0.006, 0.001]  # fmt: skip
_FEMALE_W = [0.0, 0.003, 0.005, 0.005, 0.001, -0.007, -0.008, -0.006, -0.006, -0.008, -0.010, -0.010, -0.008, -0.007,
             -0.005, -0.005]  # fmt: skip
_FEMALE_D = [0.0, 0.002, 0.003, 0.002, -0.001, -0.004, -0.003, 0.001, 0.010, 0.006, -0.002, -0.004, -0.004, -0.004,
             -0.005, -0.005]  # fmt: skip
# Of small children: narrow shoulders, a round belly before a hollow back.
_YOUNG_W = [0, 2, 2, 2, 5, 7, 5, 2, -2, -7, -10, -11, -9, -3, 2, 2]
_YOUNG_D = [0, 2, 4, 8, 15, 18, 14, 8, 4, 2, 2, 2, 1, 1, 1, 1]
_YOUNG_X = [0, 0, 1, 5, 11, 14, 11, 5, 1, 0, 0, 0, 0, 0, 0, 0]  # all in thousandths
_SIDES = 20  # corners of a ring of the trunk
_HEAVY = [0.2, 0.5, 0.8, 1.0, 1.2, 1.4, 1.3, 1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.2, 0.25, 0.25]


def _trunk_measures(p: Physique) -> tuple[F64, F64, F64]:
    """Half width, half depth and middle's x of the trunk at `_TRUNK_Z`, in parts of `Physique.wide`."""
    z, heavy, young = np.array(_TRUNK_Z), np.array(_HEAVY), 1e-3 * p.youth
    width = np.array(_TRUNK_W) + p.female * np.array(_FEMALE_W) + 0.013 * p.build * heavy
    deep = np.array(_TRUNK_D) + p.female * np.array(_FEMALE_D) + 0.018 * max(p.build, -0.4) * heavy
    x = (
        np.array(_TRUNK_X)
        + 0.010 * max(p.build, 0.0) * heavy * (z < 0.72)
        + p.female * 0.004 * np.exp(-(((z - 0.72) / 0.03) ** 2))
    )
    return width + young * np.array(_YOUNG_W), deep + young * np.array(_YOUNG_D), x + young * np.array(_YOUNG_X)


def _trunk_rings(
    p: Physique, thickness: float, rng: np.random.Generator, low: float = 0.0, depth: float = 0.0
) -> tuple[F64, F64]:
    """Rings of the trunk grown by `thickness` from share `low` up, and their shares of the stature."""
    z = np.array(_TRUNK_Z)
    width, deep, x = _trunk_measures(p)
    grow = thickness * (z >= low) * np.clip((0.86 - z) / 0.03, 0, 1)
    center = np.stack([x * p.wide, np.zeros_like(x), p.z(z)], 1)
    rings = round_rings(
        center, width * p.wide + grow, deep * p.wide + grow, _SIDES, 2.0 + 0.6 * np.clip((0.83 - z) / 0.1, 0, 1)
    )
    rings, shares = finer(rings, 2), np.interp(np.arange(2 * len(z) - 1) / 2, np.arange(len(z)), z)
    return (_folds(rings, rng, depth) if depth else rings), shares


def _trunk(p: Physique, dress: Dress, rng: np.random.Generator) -> Mesh:
    """Pelvis to neck with the upper garment, and what hangs on it (coat, skirt, bag)."""
    rings, z = _trunk_rings(p, dress.thickness, rng, low=0.49, depth=0.012)
    neck = int(np.searchsorted(z, 0.845))
    band = (z[:neck] + z[1 : neck + 1]) / 2
    waist = 0.555 if dress.hem > 0.54 or dress.legs == "skirt" else max(dress.hem, 0.49)
    cells = np.repeat(np.where(band < waist, Part.BOTTOM, Part.TOP)[:, None], _SIDES, 1)
    if dress.bands:
        cells[((band > 0.60) & (band < 0.65)) | ((band > 0.70) & (band < 0.72))] = Part.INNER
    bare, _ = _trunk_rings(p, 0.0, rng)
    collared = dress.thickness > 0.010 or dress.open_front or dress.collar
    dip = 0.0 if collared else 0.030 if rng.random() < 0.15 + 0.3 * p.female else 0.013
    garment = _neckline(rings[: neck + 1], z[: neck + 1], dip)
    under = int(np.searchsorted(z, z[neck] - 1.5 * dip)) if dip else neck
    parts = [draped(skin(garment, cells), p), _neck(p, bare[under : int(np.searchsorted(z, 0.85)) + 1])]
    if dress.open_front:
        parts += _shirt_front(garment, z[: neck + 1], tie=p.female < 0.5 and dress.thickness < 0.010)
    parts += _lower_garment(p, dress, rng)
    if dress.bib:
        parts += _bib(p, garment, z[: neck + 1])
    if collared:
        parts += _collar(p, dress)
    if dress.bag == "backpack":
        parts += _backpack(p, garment)
    elif dress.bag == "shoulder_bag":
        parts += _shoulder_bag(p, garment)
    return merge(parts)


_BIB_TOP = 0.735  # share of the stature


def _bib(p: Physique, rings: F64, z: F64) -> list[Mesh]:
    """Bib of dungarees on the rings of a garment, and the straps from it over the shoulders to the back."""
    out = [_panel(rings, z, Part.BOTTOM, 0.004, (0.535, _BIB_TOP), ((0.53, _BIB_TOP), (0.95, 0.72)))]
    w = p.wide
    for sign in (1.0, -1.0):
        line = np.array([[0.08, 0.045, 0.725], [0.06, 0.050, 0.775], [0.02, 0.052, 0.83], [-0.03, 0.050, 0.836],
                         [-0.07, 0.035, 0.76], [-0.07, 0.018, 0.66], [-0.07, 0.010, 0.575]])  # fmt: skip
        points = np.stack([line[:, 0] * w, sign * line[:, 1] * w, p.z(line[:, 2])], 1)
        facing = np.array([[1, 0, 0], [1, 0, 0.3], [0.3, 0, 1], [-0.2, 0, 1], [-1, 0, 0.2], [-1, 0, 0], [-1, 0, 0]])
        out.append(_strap(points, facing, 0.026 * w, rings, Part.BOTTOM))
    return out


_COLLARBONE = 0.76  # share of the stature below which a neckline draws nothing down


def _neckline(rings: F64, z: F64, dip: float) -> F64:
    """Rings of a garment slid down the body's front, so that its edge lies `dip` of the stature lower there."""
    count = rings.shape[1]
    front = np.clip(np.cos(np.arange(count) * (2 * np.pi / count)), 0.0, 1.0) ** 1.5
    pull = np.clip((z - _COLLARBONE) / (z[-1] - _COLLARBONE), 0.0, 1.0) ** 2
    at = np.interp(z[:, None] - dip * pull[:, None] * front, z, np.arange(len(z)))
    low = np.minimum(at.astype(int), len(z) - 2)
    part, column = (at - low)[..., None], np.arange(count)
    return np.asarray(rings[low, column] * (1 - part) + rings[low + 1, column] * part)


def _collar(p: Physique, dress: Dress) -> list[Mesh]:
    """The collar of a coat, of a shirt, or of both: high at the nape, fallen open at the throat."""
    coat = dress.thickness > 0.010
    shirt = _collar_of(p, dress, worn=False) if dress.open_front or not coat else []
    return shirt + (_collar_of(p, dress, worn=True) if coat else [])


def _collar_of(p: Physique, dress: Dress, *, worn: bool) -> list[Mesh]:
    """The collar of a coat (`worn`) or of a shirt; that of an open coat ends beside the throat."""
    w, thick = p.wide, dress.thickness
    if worn:  # its lower edge lies free above the shoulders, all round
        shares, wide, deep, grow = (0.831, 0.846, 0.860), (0.089, 0.059, 0.042), (0.053, 0.048, 0.043), (1.0, 0.7, 0.3)
    else:  # a band that comes out of the neckline
        shares, wide, deep, grow = (0.835, 0.848, 0.859), (0.046, 0.043, 0.041), (0.046, 0.044, 0.043), (0.0, 0.0, 0.0)
    rings = round_rings(
        np.stack([np.array([-0.010, -0.007, -0.003]) * w, np.zeros(3), p.z(np.array(shares))], 1),
        (np.array(wide) - np.array([0.007, 0.005, 0.004]) * p.female) * w + np.array(grow) * thick,
        (np.array(deep) - 0.003 * p.female) * w + np.array(grow) * thick,
        16,
    )
    throat = np.clip(np.cos(np.arange(16) * (2 * np.pi / 16)), 0.0, 1.0) ** 2
    rings[..., 2] -= np.array([[0.0], [0.4], [1.0]]) * throat * (0.020 if worn else 0.012) * p.height
    slot = Part.TOP if worn else Part.INNER
    if worn and dress.open_front:
        beside = rings[:, 2:-1]
        return [patch(beside, slot, flip=True), patch(beside * [0.96, 0.96, 1.0], slot)]
    return [skin(rings, slot, caps=False), skin(rings[::-1] * [0.96, 0.96, 1.0], slot, caps=False)]


def _shirt_front(rings: F64, z: F64, *, tie: bool) -> list[Mesh]:
    """What an open jacket shows: a strip of shirt that widens toward the collar, with a tie if asked."""
    shirt = ((0.50, 0.62, 0.74, 0.84), (0.16, 0.13, 0.34, 0.62))
    parts = [_panel(rings, z, Part.INNER, 0.003, (0.50, 1.0), shirt)]
    if tie:
        parts.append(
            _panel(rings, z, Part.HAT, 0.007, (0.58, 1.0), ((0.58, 0.60, 0.80, 0.84), (0.01, 0.10, 0.07, 0.09)))
        )
    return parts


def _panel(
    rings: F64,
    z: F64,
    slot: Part,
    lift: float,
    span: tuple[float, float],
    wide: tuple[tuple[float, ...], tuple[float, ...]],
) -> Mesh:
    """A panel `lift` metres above the front of a garment's rings in a `span` of their shares `z` of the stature.

    `wide`: shares, and half the panel's width there in rad from the front.
    """
    rows = np.flatnonzero((z >= span[0]) & (z <= span[1]))
    around = np.interp(z[rows], *wide)[:, None] * np.linspace(-1.0, 1.0, 7)
    at = around / (2 * np.pi) * _SIDES
    first, part = np.floor(at).astype(int), (at % 1.0)[..., None]
    ring = rings[rows][:, :, None]
    points = np.take_along_axis(ring, (first % _SIDES)[..., None, None], 1)[:, :, 0] * (1 - part)
    points += np.take_along_axis(ring, ((first + 1) % _SIDES)[..., None, None], 1)[:, :, 0] * part
    points = points + lift * np.stack([np.cos(around), np.sin(around), 0 * around], -1)
    return replace(patch(points, slot, flip=True), smooth=True)


def _neck(p: Physique, root: F64) -> Mesh:
    """Bare skin from the rings where it leaves the garment up into the skull: one surface, bent with the head."""
    chin, w = p.height - p.head, p.wide
    thick = (0.033 - 0.005 * p.female + 0.003 * p.build + 0.004 * p.youth) * w
    z = np.array([chin - 0.004 * w, chin + 0.10 * p.head, chin + 0.24 * p.head])
    center = np.stack([np.array([-0.004, -0.005, -0.007]) * w, 0 * z, z], 1)
    above = round_rings(center, thick * np.array([1.03, 1.0, 1.0]), thick * np.array([1.12, 1.08, 1.08]), _SIDES)
    return skin(finer(np.concatenate([root, above]), 2), Part.SKIN)


JACKET_M = 0.010  # thickness from which on a garment is a jacket


def _skirt_flare(p: Physique, dress: Dress) -> float:
    """How much wider a skirt is at its hem than at the waist, metres."""
    return 0.045 * p.wide * (0.56 - dress.skirt_hem) / 0.28


def _lower_garment(p: Physique, dress: Dress, rng: np.random.Generator) -> list[Mesh]:
    """Skirt, and the hem of jacket or coat: open shells round the hips."""
    w, out = p.wide, []

    def _tailored(low: float, top: float, flare: float, slot: int) -> Mesh:
        z = np.linspace(low, top, 8)
        grow = dress.thickness + flare * (top - z) / max(top - low, 0.05)
        if slot == Part.BOTTOM:  # a waistband over the blouse
            grow += 0.007
        else:  # it comes out of what is above without a ledge
            grow += np.interp(z, [top - 0.03, top], [0.003, -0.004])
        if slot == Part.TOP and dress.legs == "skirt":  # it hangs over the skirt
            grow += np.interp(z, [dress.skirt_hem, 0.585], [_skirt_flare(p, dress) + 0.012, 0.012])
        width, deep, x = (np.interp(z, _TRUNK_Z, of) for of in _trunk_measures(p))
        below = z < 0.53
        hips = 0.093 + 0.008 * p.build
        if slot == Part.TOP and dress.legs != "skirt" and dress.hem > 0.45:  # it hangs over what the thighs wear
            hips = 0.099 + 0.006 * dress.loose + 0.0075 * max(p.build, 0.0) + 0.005 * p.female + 0.004 * p.youth
        width[below], deep[below] = np.maximum(width[below], hips), np.maximum(deep[below], 0.066 + 0.010 * p.build)
        rings = round_rings(np.stack([x * w, 0 * x, p.z(z)], 1), width * w + grow, deep * w + grow, 24, 2.3)
        rings = _folds(rings, rng, 0.02 if slot == Part.TOP else 0.05)
        inner = skin(rings[::-1] * [0.985, 0.985, 1.0], slot, caps=False)
        return draped(merge([skin(rings, slot, caps=False), inner]), p)

    if dress.legs == "skirt":
        out.append(_tailored(dress.skirt_hem, 0.585, _skirt_flare(p, dress), Part.BOTTOM))
    tucked = dress.legs == "skirt" and dress.hem > 0.45 and dress.thickness < JACKET_M  # a blouse
    if dress.hem < 0.54 and not tucked:
        out.append(_tailored(dress.hem, 0.59, 0.3 * dress.thickness if dress.hem > 0.45 else 0.066, Part.TOP))
    return out


def _backpack(p: Physique, garment: F64) -> list[Mesh]:
    """A day pack on the back with two straps over the rings of a `garment`; a child's takes up its whole back."""
    w, z0, z1 = p.wide, float(p.z(0.60 - 0.07 * p.youth)), float(p.z(0.815 + 0.02 * p.youth))
    z = np.linspace(z0, z1, 5)
    center = np.stack([np.full(5, -0.115 * w), np.zeros(5), z], 1)
    body = skin(
        round_rings(
            center,
            np.array([0.066, 0.078, 0.080, 0.078, 0.050]) * w * (1 + 0.35 * p.youth),
            np.array([0.045, 0.056, 0.058, 0.052, 0.026]) * w * (1 + 0.30 * p.youth),
            16,
            4.5,
        ),
        Part.BAG,
    )
    low = center[[0, 0, 1, 2, 2]] + np.array([[-0.052 * w, 0, s] for s in (0.012, 0.03, 0.0, -0.01, 0.0)])
    pocket = skin(
        round_rings(low, np.array([0.03, 0.058, 0.062, 0.058, 0.03]) * w, np.full(5, 0.022 * w), 12, 4.0), Part.BAG
    )
    zip_line = pipe(
        np.array(
            [[-0.172 * w, y * w, z1 - h * w] for y, h in ((-0.05, 0.13), (-0.045, 0.05), (0.045, 0.05), (0.05, 0.13))]
        ),
        0.004,
        segments=4,
        slot=Part.METAL,
    )
    straps = []
    for sign in (1.0, -1.0):
        line = np.array(
            [
                [-0.07, 0.060, 0.80],
                [-0.03, 0.066, 0.836],
                [0.030, 0.066, 0.815],
                [0.066, 0.064, 0.75],
                [0.040, 0.086, 0.66],
                [-0.05, 0.085, 0.63],
            ]
        )
        points = np.stack([line[:, 0] * w * 1.08, sign * line[:, 1] * w, p.z(line[:, 2])], 1)
        out = np.array([[-0.3, 0, 1], [0, 0, 1], [1, 0, 0.6], [1, 0, 0], [0.4, sign, 0], [-0.3, sign, 0]])
        straps.append(_strap(points, out, 0.03 * w, garment))
    return [body, pocket, zip_line, *straps]


_STRAP_M = 0.004  # how far straps lie above what is under them


def _strap(points: F64, outward: F64, width: float, garment: F64, slot: Part = Part.BAG) -> Mesh:
    """A band along `points` (N, 3), its face toward `outward`, that lies on the rings of a `garment`."""
    along = np.gradient(points, axis=0)
    side = np.cross(outward, along)
    side *= width / 2 / np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    edges = finer(np.stack([points - side, points, points + side], 1), 3)
    around = np.concatenate([garment, garment[:, :1]], 1)
    surface = finer(np.swapaxes(finer(around, 2), 0, 1), 3)
    normal = np.cross(np.gradient(surface, axis=0), np.gradient(surface, axis=1))
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    places = surface.reshape(-1, 3)
    nearest = np.linalg.norm(edges[:, :, None] - places, axis=-1).argmin(-1)
    place, out = places[nearest], normal.reshape(-1, 3)[nearest]
    lift = _STRAP_M - ((edges - place) * out).sum(-1, keepdims=True)
    return patch(np.swapaxes(edges + lift * out, 0, 1), slot, flip=True)


def _shoulder_bag(p: Physique, garment: F64) -> list[Mesh]:
    """A bag at the left hip on a strap over the right shoulder, across the rings of a `garment`."""
    w = p.wide
    z = np.linspace(float(p.z(0.46)), float(p.z(0.56)), 4)
    center = np.stack([np.full(4, -0.01 * w), np.full(4, 0.135 * w), z], 1)
    body = skin(
        round_rings(
            center, np.array([0.026, 0.036, 0.036, 0.024]) * w, np.array([0.080, 0.092, 0.090, 0.080]) * w, 12, 3.5
        ),
        Part.BAG,
    )
    line = np.array(
        [
            [0.03, 0.118, 0.56],
            [0.082, 0.055, 0.66],
            [0.076, -0.015, 0.75],
            [0.02, -0.060, 0.832],
            [-0.055, -0.02, 0.78],
            [-0.07, 0.06, 0.66],
            [-0.03, 0.118, 0.56],
        ]
    )
    out = np.array(
        [[0.6, 0.6, 0], [1, 0.2, 0], [1, -0.1, 0.2], [0, -0.2, 1], [-1, 0, 0.2], [-1, 0.3, 0], [-0.6, 0.6, 0]]
    )
    points = np.stack([line[:, 0] * w * 1.05, line[:, 1] * w, p.z(line[:, 2])], 1)
    return [body, _strap(points, out, 0.022 * w, garment)]


def limb(
    z: ArrayLike,
    x: ArrayLike,
    half_width: ArrayLike,
    half_depth: ArrayLike,
    slots: ArrayLike | int,
    *,
    segments: int = 10,
    folds: float = 0.0,
    rng: np.random.Generator | None = None,
    fine: int = 1,
    round_low: bool = True,
    round_high: bool = True,
) -> Mesh:
    """Vertical limb through rings from low to high z (`fine` times as many), with rounded ends that fill the joints."""
    z, x, a, b = (np.asarray(v, np.float64) for v in np.broadcast_arrays(z, x, half_width, half_depth))
    cells = np.repeat(np.broadcast_to(np.asarray(slots), (len(z) - 1,)), fine)
    rings = finer(round_rings(np.stack([x, 0 * x, z], 1), a, b, segments), fine)
    if folds and rng is not None:
        rings = _folds(rings, rng, folds)

    def _dome(ring: F64, radius: float, sign: float) -> F64:
        middle = ring.mean(0)
        return np.stack(
            [middle + (ring - middle) * c + [0, 0, sign * radius * s] for c, s in ((0.87, 0.5), (0.5, 0.87))]
        )

    if round_low:
        rings, cells = (
            np.concatenate([_dome(rings[0], float(b[0]), -1.0)[::-1], rings]),
            np.concatenate([[cells[0]] * 2, cells]),
        )
    if round_high:
        rings, cells = (
            np.concatenate([rings, _dome(rings[-1], float(b[-1]), 1.0)]),
            np.concatenate([cells, [cells[-1]] * 2]),
        )
    return skin(rings, cells)


def _leg(p: Physique, dress: Dress, rng: np.random.Generator) -> Mesh:
    """From ankle to hip, with trousers, shorts or bare."""
    w, loose = p.wide, dress.loose
    share = np.array([0.034, 0.06, 0.11, 0.16, 0.21, 0.25, 0.285, 0.33, 0.38, 0.43, 0.475, 0.505])
    bare = np.array([0.0210, 0.0205, 0.0235, 0.030, 0.0335, 0.0325, 0.033, 0.0375, 0.0425, 0.0465, 0.048, 0.045])
    bare = bare + 0.005 * p.female * np.array([0, 0, 0, 0, 0, 0, 0, 0.3, 0.7, 1, 1, 0.8])
    bare = bare + p.build * np.array([3, 3, 3, 3, 3, 3, 3, 4.2, 5.4, 6.6, 7.2, 7.2]) * 1e-3
    bare = bare + p.youth * np.array([3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4]) * 1e-3
    x = np.array([-4, -6, -9, -12, -10, -4, 3, 4, 3, 0, -3, -3]) * 1e-3
    grow = np.zeros(12)
    slots = np.full(11, int(Part.SKIN))
    if dress.legs == "trousers":
        grow = 0.003 + 0.006 * loose + loose * np.array([12, 10, 8, 4, 4, 6, 7, 5, 3, 1, 0, 0]) * 1e-3
        x[:7] *= 1 - 0.6 * loose
        slots[:] = Part.BOTTOM
    elif dress.legs == "shorts":  # the hem stands out from the leg
        hem = 0.322
        at = np.searchsorted(share, hem)
        edge = [(hem - 0.001, 0.0), (hem, 0.007 + 0.004 * loose)]
        bare, x = (np.insert(v, [at, at], np.interp(hem, share, v)) for v in (bare, x))
        share, grow = np.insert(share, [at, at], [z for z, _ in edge]), np.insert(grow, [at, at], [g for _, g in edge])
        grow[at + 2 :] = np.array([9, 8, 7, 6, 5]) * 1e-3
        slots = np.where(np.arange(len(share) - 1) >= at, int(Part.BOTTOM), int(Part.SKIN))
        slots[0] = Part.SHOES
    else:
        slots[0] = Part.SHOES
    thigh = fade(share, 0.25, 0.34)
    wide, deep = (bare * (1 - 0.03 * thigh) + grow) * w, (bare * (1.05 + 0.01 * thigh) + grow) * w
    folds = 0.035 if dress.legs == "trousers" else 0.0
    leg = limb(p.z(share), x * w, wide, deep, slots, segments=14, folds=folds, rng=rng, fine=2)
    return draped(leg, p) if dress.legs != "skirt" else leg


def _foot(p: Physique) -> Mesh:
    """A shoe: flat sole on z = 0 with an edge of its own, heel behind the ankle, toes that rise a little."""
    w = p.foot_scale
    x = np.array([-0.046, -0.042, -0.030, -0.012, 0.010, 0.034, 0.058, 0.080, 0.096, 0.104]) * w
    half = np.array([0.010, 0.0190, 0.0225, 0.0230, 0.0238, 0.0268, 0.0292, 0.0270, 0.0200, 0.0090]) * w
    top = np.array([0.028, 0.046, 0.054, 0.056, 0.052, 0.043, 0.035, 0.030, 0.025, 0.018]) * w
    spring = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.001, 0.004, 0.006]) * w
    thick = 0.013 * w
    y = np.array([0.90, 1.02, 1.0, 0.93, 0.66, 0.24])
    up = np.array([0.0, 0.0, 0.0, 0.40, 0.80, 1.0])
    y, up = np.concatenate([y, -y[::-1]]), np.concatenate([up, up[::-1]])
    sole = np.array([0.0, 0.25, 1.0, 1.0, 1.0, 1.0])
    edge = np.concatenate([sole, sole[::-1]]) * thick
    rings = np.stack(
        [np.stack([np.full(12, x[i]), half[i] * y, edge + up * (top[i] - thick) + spring[i]], 1) for i in range(len(x))]
    )
    cells = np.full((len(x) - 1, 12), int(Part.SHOES))
    cells[:, [0, 1, 9, 10, 11]] = Part.SOLES
    return skin(rings, cells)


def _arm(p: Physique, dress: Dress, rng: np.random.Generator, grip: bool) -> Mesh:
    """From the shoulder to the hand, palm to the body."""
    w, sleeve = p.wide, dress.sleeve > 0.9
    share = np.array([0.488, 0.51, 0.55, 0.60, 0.635, 0.68, 0.73, 0.768, 0.792])
    bare = np.array([140, 155, 208, 238, 225, 248, 266, 262, 205]) * 1e-4
    bare = bare - p.female * np.array([20, 20, 20, 20, 27, 35, 35, 35, 35]) * 1e-4
    bare = bare + p.build * np.array([2, 2, 2, 2, 3, 4, 4, 4, 4]) * 1e-3
    bare = bare + p.youth * np.array([1, 1, 1, 1, 1.5, 2, 2, 2, 2]) * 1e-3
    x = np.array([4, 2, -2, -6, -8, -8, -8, -8, -8]) * 1e-3
    grow = np.array([0.8, 0.8, 0.8, 0.8, 0.9, 1, 1, 1, 1]) * dress.thickness + 0.0045
    slots = np.full(8, int(Part.TOP))
    if not sleeve:  # it ends above the elbow
        hem = 0.700
        at = np.searchsorted(share, hem)
        bare, x = (np.insert(v, [at, at], np.interp(hem, share, v)) for v in (bare, x))
        share = np.insert(share, [at, at], [hem - 0.001, hem])
        grow = np.where(np.arange(len(share)) > at, dress.thickness + 0.007, 0.0)
        slots = np.where(np.arange(len(share) - 1) >= at, int(Part.TOP), int(Part.SKIN))
    upper = fade(share, 0.60, 0.68)
    wide, deep = bare * w * (0.92 + 0.08 * upper) + grow, bare * w * 1.05 + grow
    folds = 0.035 if sleeve else 0.0
    arm = limb(p.z(share), x * w, wide, deep, slots, segments=12, fine=2, folds=folds, rng=rng)
    hand = {"": Part.SKIN, "leather": Part.SHOES, "knitted": Part.HAT}[dress.gloves]
    return merge([draped(arm, p), hand_mesh(p, grip=grip, slot=hand)])
