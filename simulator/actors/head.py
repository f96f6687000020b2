"""Heads: skull and face, hair and headgear. The surface has the features; brows, eyes and lips are painted on it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from simulator.actors.physique import Dress, Part, Physique
from simulator.actors.shape import F64, ball, curve, patch, round_rings, skin
from simulator.numerics.rng import generator
from simulator.scene import Mesh, Texture
from simulator.scene.material import Rgb
from simulator.scene.mesh import merge
from simulator.scene.noise import spectral_noise, to_srgb8

STRANDS = 4  # repeats of the hair's texture round the head
WISPS_OUT, WISPS_DOWN = 0.012, 0.045  # of single strands beyond the hair and its edge, in head heights
FACES = ("smooth", "shaved", "stubble", "beard", "old", "child")
# Of the white of an eye under its lids (by choice: some 0.6 in the open), whatever the skin is like.
EYE_WHITE = (0.40, 0.38, 0.36)
_PLAIN = 0.8  # tone of plain skin in which faces are painted, at most what is left of it in the texture

# Head by share of its height from chin to crown: half width, half depth, middle's x, in head heights.
_HEAD_T = [0.0, 0.05, 0.13, 0.25, 0.38, 0.50, 0.62, 0.74, 0.85, 0.94, 1.0]
_HEAD_W = [0.10, 0.17, 0.240, 0.285, 0.312, 0.333, 0.342, 0.335, 0.295, 0.205, 0.06]
_HEAD_D = [0.09, 0.18, 0.28, 0.34, 0.385, 0.415, 0.428, 0.425, 0.385, 0.275, 0.08]
_HEAD_X = [0.18, 0.145, 0.10, 0.055, 0.025, 0.005, -0.01, -0.02, -0.03, -0.035, -0.035]
_BELOW_T = [-0.6, -0.15]  # toward the nape, for hair and hoods
_BELOW_W, _BELOW_D, _BELOW_X = [0.40, 0.24], [0.30, 0.24], [-0.12, -0.03]
_FRONT_DEG = [0, 5, 10, 15, 20, 26, 33, 42, 54, 70, 90, 112, 135, 158]  # dense at nose, mouth and eyes
_ROWS = [0, 0.03, 0.07, 0.11, 0.15, 0.18, 0.21, 0.245, 0.28, 0.305, 0.335, 0.37, 0.42, 0.46, 0.50, 0.54]
_ROWS += [0.58, 0.63, 0.70, 0.78, 0.86, 0.93, 0.975, 1.0]
_POWER = 2.15


def _rings(p: Physique, t: F64, angle: F64, grow: F64 | float = 0.0) -> F64:
    """(R, N, 3) points of the head at shares `t` (R, 1) of its height and angles from the face, grown by metres."""
    h, low, e = p.head, _BELOW_T, 2.0 / _POWER
    width = np.interp(t, [*low, *_HEAD_T], [*_BELOW_W, *_HEAD_W]) * (1 - 0.02 * p.female) * p.head_broad
    width = width + 0.022 * p.youth * _bump(t, 0.22, 0.13)  # round cheeks, a full chin below them
    deep = np.interp(t, [*low, *_HEAD_T], [*_BELOW_D, *_HEAD_D]) * p.head_broad
    middle = np.interp(t, [*low, *_HEAD_T], [*_BELOW_X, *_HEAD_X])
    cos, sin = np.cos(angle), np.sin(angle)
    x = middle * h - 0.004 * p.wide + np.sign(cos) * np.abs(cos) ** e * (deep * h + grow)
    y = np.sign(sin) * np.abs(sin) ** e * (width * h + grow)
    return np.stack(np.broadcast_arrays(x, y, p.height - h + t * h), -1)


_LOW_FACE = 0.15  # how much lower the eyes of a small child lie: at 0.42 of the head, below its middle


def _adult_share(t: F64, p: Physique) -> F64:
    """Share of an adult's head where there is what lies at the share `t` of this one's: a child's face is low."""
    eyes = 0.50 * (1 - _LOW_FACE * p.youth)
    return np.asarray(np.interp(t, [0.0, eyes, 1.0], [0.0, 0.50, 1.0]))


def _bump(value: F64, at: float, width: float) -> F64:
    return np.asarray(np.exp(-(((value - at) / width) ** 2)))


def _features(t: F64, y: F64, p: Physique, nose: float) -> F64:
    """How far the face stands out at share `t` of the head's height and `y` to the side, in head heights."""
    side = np.abs(y)
    ridge = curve([0.27, 0.30, 0.335, 0.40, 0.47, 0.54, 0.60], [0.0, 0.62, 1.0, 0.78, 0.42, 0.12, 0.0])(t)
    wide = np.interp(t, [0.30, 0.36, 0.50], [0.075, 0.060, 0.040])
    out = nose * ridge * np.exp(-((y / wide) ** 2))
    out = out - 0.036 * _bump(side, 0.14, 0.065) * _bump(t, 0.495, 0.045)  # eye sockets
    out = out + (0.020 - 0.012 * p.female) * _bump(t, 0.58, 0.03) * _bump(y, 0.0, 0.22)
    out = out + 0.024 * _bump(t, 0.20, 0.03) * _bump(y, 0.0, 0.09)  # lips
    out = out - 0.016 * _bump(t, 0.13, 0.025) * _bump(y, 0.0, 0.10)
    out = out + 0.026 * _bump(t, 0.06, 0.04) * _bump(y, 0.0, 0.10)  # chin
    out = out + (0.012 + 0.014 * p.youth) * _bump(side, 0.20, 0.07) * _bump(t, 0.36, 0.08)  # cheeks
    return np.asarray(out)


def plain_skin(skin: Rgb) -> float:
    """Tone of the texture of a face where nothing is painted; the darker the skin, the more so are eyes brighter.

    Texture coordinates (0, 0) lie there. `skin`: diffuse reflectance, linear RGB.
    """
    return min(_PLAIN, *(own / white for own, white in zip(skin, EYE_WHITE, strict=True)))


@cache
def face_texture(kind: str, skin: Rgb) -> Texture:
    """Brows, eyes, lips and beard of one of FACES; u: from the middle of the face (0) to the nape (1), v: up.

    `skin`: diffuse reflectance, linear RGB, which is that of a material where the texture has the tone `plain_skin`.
    """
    size = 256
    rng = generator(0, "face", kind)
    t = (1.0 - (np.arange(size) + 0.5) / size)[:, None] / 0.96 - 0.02
    u = ((np.arange(size) + 0.5) / size)[None] * np.ones((size, 1))
    tone = np.full((size, size, 3), _PLAIN) * (1.0 + 0.03 * spectral_noise(size, rng, slope=1.5, low_cut=4)[..., None])

    def _paint(mask: ArrayLike, color: tuple[float, float, float]) -> None:
        share = np.asarray(mask, np.float64)[..., None]
        tone[:] = tone * (1 - share) + tone * np.array(color) * share

    hair = spectral_noise(size, rng, slope=0.3, low_cut=20)
    _paint(0.55 * _bump(u, 0.20, 0.07) * _bump(t, 0.36, 0.06), (1.0, 0.80, 0.78))
    _paint(0.5 * _bump(u, 0.135, 0.06) * _bump(t, 0.495, 0.04), (0.80, 0.72, 0.70))
    if kind == "old":
        lines = np.abs(np.sin(38 * t + 2.0 * u)) ** 8 * ((t > 0.66) & (t < 0.85) & (u < 0.22))
        fold = _bump(u - 0.06 - 0.35 * (0.34 - t), 0.0, 0.012) * ((t > 0.18) & (t < 0.34))
        _paint(np.clip(0.5 * lines + 0.4 * fold, 0, 1), (0.6, 0.52, 0.5))
    if kind in ("stubble", "beard"):
        edge = 0.30 - 0.10 * _bump(u, 0.0, 0.10) + 0.22 * np.clip((u - 0.25) / 0.2, 0, 1)
        mouth = 1.0 - _bump(u, 0.0, 0.09) * _bump(t, 0.20, 0.022)
        area = 1 / (1 + np.exp((t - edge) / 0.012)) * (u < 0.47) * mouth
        area = np.maximum(area, _bump(t, 0.262, 0.016) * (u < 0.10))
        strength = (0.85 if kind == "beard" else 0.38) * np.clip(0.9 + 0.2 * hair, 0, 1.1)
        _paint(np.clip(area * strength, 0, 0.95), (0.16, 0.13, 0.11))
    small = kind == "child"
    if small:
        _paint(0.45 * _bump(u, 0.22, 0.07) * _bump(t, 0.33, 0.07), (1.0, 0.70, 0.66))
    lips = ((u / 0.088) ** 2 + ((t - 0.197) / 0.026) ** 2 < 1) * 1.0
    _paint(lips, (0.82, 0.52, 0.50) if kind in ("smooth", "child") else (0.85, 0.62, 0.60))
    _paint(0.7 * _bump(t, 0.199, 0.005) * (u < 0.09), (0.4, 0.25, 0.25))
    _paint(0.8 * _bump(u, 0.030, 0.014) * _bump(t, 0.292, 0.008), (0.25, 0.18, 0.17))  # nostrils
    brow = (np.abs(t - 0.578 + 1.6 * (u - 0.14) ** 2) < 0.015) & (u > 0.055) & (u < 0.225)
    _paint(brow * np.clip(0.75 + 0.2 * hair, 0.3, 0.95) * (0.6 if small else 1.0), (0.16, 0.13, 0.12))
    wide, high, iris = (0.053, 0.030, 0.026) if small else (0.047, 0.018, 0.020)
    almond = ((u - 0.135) / wide) ** 2 + ((t - 0.497) / high) ** 2
    tone[almond < 1] = _PLAIN * np.array(EYE_WHITE) / np.array(skin)
    tone[(((u - 0.133) / iris) ** 2 + ((t - 0.498) / high) ** 2 < 1) & (almond < 1)] = (0.09, 0.06, 0.05)
    _paint(((almond > 0.8) & (almond < 1.7) & (t > 0.497)) * 0.85, (0.18, 0.14, 0.13))
    tone[-4:] = _PLAIN
    return Texture(f"face {kind}", to_srgb8(np.clip(tone * (plain_skin(skin) / _PLAIN), 0.0, 1.0)))


def head_mesh(p: Physique, dress: Dress, rng: np.random.Generator) -> Mesh:
    """Head with face, ears, hair or hat."""
    h, chin = p.head, p.height - p.head
    half = np.radians(_FRONT_DEG)
    angle = np.concatenate([half, [np.pi], -half[:0:-1]])
    t = np.array(_ROWS)[:, None]
    points = _rings(p, t, angle)
    front = np.clip(np.cos(angle) * 1.6, 0.0, 1.0)
    nose = float(rng.uniform(0.085, 0.115)) * (1 - 0.35 * p.youth)
    face = _adult_share(t, p)
    points[..., 0] += h * front * _features(face, points[..., 1] / (h * p.head_broad), p, nose)
    skull = skin(points, Part.SKIN)
    around = np.abs(np.angle(np.exp(1j * angle))) / np.pi
    grid = np.stack(np.broadcast_arrays(around[None], 0.02 + 0.96 * face), -1).reshape(-1, 2)
    ends = np.array([[0.9, 0.02], [0.9, 0.98]])
    parts = [replace(skull, uv=np.concatenate([grid, ends]).astype(np.float32))]
    low = 1 - _LOW_FACE * p.youth
    for sign in (1.0, -1.0):
        ear = (
            float(np.interp(0.45, _HEAD_T, _HEAD_X)) * h - 0.05 * h,
            sign * 0.325 * h * p.head_broad,
            chin + 0.45 * low * h,
        )
        parts.append(ball((0.062 * h, 0.030 * h, 0.125 * h), ear, Part.SKIN, rings=4, segments=8))
    return merge([*parts, *_hair(p, dress, rng), *_headgear(p, dress)])


def _cap(
    p: Physique,
    low: F64,
    grow: float,
    slot: int,
    rows: int = 7,
    *,
    crown: float = 1.0,
    rough: float = 0.0,
    phases: F64 | None = None,
) -> Mesh:
    """Shell over the head from the (N,) lower edge `low` (shares of the head) to the crown.

    `crown`: thickness on top over that at the edge; `rough`: depth of locks over the thickness, whose waves have four
    `phases`. Texture coordinates of wisps go from the edge, 0, to the crown.
    """
    angle: F64 = np.arange(len(low), dtype=np.float64) * (2 * np.pi / len(low))
    s = np.linspace(0, 1, rows)[:, None]
    t = low + (1.0 - low) * s**0.8
    thick: F64 = np.asarray(grow * (1 + (crown - 1) * np.clip(1.6 * s, 0, 1)) * np.ones_like(t), np.float64)
    if phases is not None:
        locks = np.zeros_like(t)
        waves = ((3, 0.5, 2.0), (5, 0.6, -3.0), (8, 0.5, 2.5), (11, 0.35, -2.0))
        for phase, (k, amount, turn) in zip(phases.tolist(), waves, strict=True):
            locks += np.sin(k * angle + phase + turn * s) * amount
        thick = np.asarray(thick * (1 + rough * locks * (1 - s**3)))
    if slot == Part.WISPS:
        thick += WISPS_OUT * p.head
    rings = _rings(p, t, angle, thick)
    rings[..., 2] += thick * s**2 * 0.8
    mesh = skin(rings, slot, caps=True)
    x, y, z = mesh.vertices.T  # strands fall from the crown; the seam is at the face
    along = z / p.head
    if slot == Part.WISPS:
        along = np.concatenate([np.repeat(s[:, 0], len(low)), [0.0, 1.0]]) * 0.98 + 0.01
    uv = np.stack([np.arctan2(y, -x - 0.01) * (0.5 * STRANDS / np.pi), along], 1)
    return replace(mesh, uv=uv.astype(np.float32))


def _hairline(front: float, side: float, back: float, segments: int = 24) -> F64:
    """Lower edge of the hair by angle from the face, (segments,) shares of the head."""
    angle = np.abs((np.arange(segments) * (2 * np.pi / segments) + np.pi) % (2 * np.pi) - np.pi)
    return np.asarray(
        curve(
            [0, 0.55, 1.0, 1.35, 1.75, 2.3, np.pi],
            [front, front - 0.02, front - 0.10, max(side, 0.50), side, back, back],
        )(angle)
    )


def _hair(p: Physique, dress: Dress, rng: np.random.Generator) -> list[Mesh]:
    h = p.head
    if dress.hair == "bald" or dress.hat in ("hood", "scarf"):
        return []
    if dress.hat == "beanie":  # what shows below it
        side, back, thick = (0.0, -0.3, 0.03) if dress.hair == "long" else (0.46, 0.18, 0.015)
        return [_cap(p, _hairline(0.95, side, back), thick * h, Part.HAIR)]
    grow = float(rng.uniform(0.020, 0.045)) * h
    crown = float(rng.uniform(1.3, 2.6))
    front = float(rng.uniform(0.80, 0.87)) + 0.04 * (dress.hair == "short" and rng.random() < 0.3)
    uneven = rng.normal(0, 0.016, 24)
    if dress.hair == "long":
        length = float(rng.uniform(-0.62, -0.15)) * (1 - 0.6 * p.youth)  # no further than a child's shoulders
        line = _hairline(front, float(rng.uniform(-0.35, 0.05)), length) + uneven
        grow, crown, rows, rough = 1.6 * grow, crown / 1.4, 11, 0.22
    else:
        line, rows, rough = _hairline(front, 0.56, 0.20) + uneven, 9, 0.16
    phases = rng.uniform(0, 6.28, 4)
    if dress.hat:  # pressed flat under it
        return [_cap(p, line, 0.012 * h, Part.HAIR, rows)]
    parts = [
        _cap(p, line - lower, grow, part, rows, crown=crown, rough=rough, phases=phases)
        for part, lower in ((Part.HAIR, 0.0), (Part.WISPS, WISPS_DOWN))
    ]
    if dress.hair == "long":
        return parts
    back = -0.43 * h
    if dress.hair == "bun":
        parts.append(ball((0.14 * h, 0.15 * h, 0.14 * h), (back, 0, p.height - p.head + 0.72 * h), Part.HAIR))
    elif dress.hair == "ponytail":
        tail = [(back, 0.72, 0.05), (back - 0.14 * h, 0.66, 0.085), (back - 0.17 * h, 0.40, 0.085)]
        tail += [(back - 0.19 * h, 0.12, 0.065), (back - 0.20 * h, -0.12, 0.02)]
        x, z, r = (np.array(column) for column in zip(*tail, strict=True))
        rings = round_rings(np.stack([x, 0 * x, p.height - h + z * h], 1)[::-1], r[::-1] * h, r[::-1] * h, 8)
        parts.append(skin(rings, Part.HAIR))
    return parts


# Full-face helmet by share of the head's height from the chin: half width, half depth, middle's x, in head heights.
# With a head of 23 cm it is 0.35 m long, 0.26 m wide and 0.27 m high, as helmets of size M are.
_HELMET_T = [-0.06, 0.04, 0.17, 0.32, 0.52, 0.72, 0.90, 1.03, 1.12]
_HELMET_W = [0.37, 0.46, 0.53, 0.56, 0.565, 0.54, 0.44, 0.28, 0.05]
_HELMET_D = [0.50, 0.62, 0.70, 0.735, 0.735, 0.68, 0.54, 0.33, 0.05]
_HELMET_X = [0.10, 0.11, 0.09, 0.04, 0.0, -0.03, -0.04, -0.05, -0.05]
_VISOR = ((3, 5), (4, 4))  # bands of the table, and how many 15 degree sectors on either side of the face


def _full_face(p: Physique) -> Mesh:
    h, count = p.head, 24
    t, x = np.array(_HELMET_T) * h, np.array(_HELMET_X) * h
    center = np.stack([x, 0 * x, p.height - h + t], 1)
    slots = np.full((len(t) - 1, count), int(Part.HAT))
    for band, sides in _VISOR:
        slots[band, :sides] = slots[band, -sides:] = Part.VISOR
    slots[1, :1] = slots[1, -1:] = Part.VISOR  # vent of the chin bar
    return skin(round_rings(center, np.array(_HELMET_W) * h, np.array(_HELMET_D) * h, count), slots)


def _headgear(p: Physique, dress: Dress) -> list[Mesh]:
    h = p.head
    if dress.hat == "":
        return []
    if dress.hat == "beanie":
        cuff = _cap(p, _hairline(0.68, 0.56, 0.36), 0.040 * h, Part.HAT, crown=0.6)
        return [cuff, _cap(p, _hairline(0.80, 0.70, 0.54), 0.036 * h, Part.HAT, crown=2.2)]
    if dress.hat in ("hood", "scarf"):
        grow, edge = (0.10 * h, 0.90) if dress.hat == "hood" else (0.045 * h, 0.80)
        return [_cap(p, _hairline(edge, 0.05, -0.35), grow, Part.TOP if dress.hat == "hood" else Part.HAT, rows=8)]
    if dress.hat == "helmet":
        return [_full_face(p)]
    if dress.hat in ("cycle_helmet", "hard_hat"):
        low, grow = {
            "cycle_helmet": (_hairline(0.70, 0.64, 0.42), 0.11 * h),
            "hard_hat": (_hairline(0.74, 0.70, 0.64), 0.10 * h),
        }[dress.hat]
        shell = _cap(p, low, grow, Part.HAT, rows=7)
        return [shell, *_peak(p)] if dress.hat == "hard_hat" else [shell]
    shell = _cap(p, _hairline(0.68, 0.62, 0.55), 0.05 * h, Part.HAT, crown=1.4)
    return [shell, *(_brim(p) if dress.hat == "sun_hat" else _peak(p))]


def _brim(p: Physique) -> list[Mesh]:
    """The brim of a sun hat, seen from above and from below: it falls a little, more before and behind."""
    angle: F64 = np.arange(24, dtype=np.float64) * (2 * np.pi / 24)
    low = np.array([_hairline(0.69, 0.64, 0.57), _hairline(0.63, 0.55, 0.50)])
    rings = _rings(p, low, angle, np.array([[0.05], [0.36]]) * p.head)
    return [patch(rings, Part.HAT, close=True), patch(rings - [0, 0, 0.004], Part.HAT, close=True, flip=True)]


def _peak(p: Physique) -> list[Mesh]:
    """The peak of a cap or hard hat, seen from above and from below."""
    h, chin = p.head, p.height - p.head
    peak = np.array(
        [
            [[0.36 * h, y * h, chin + 0.69 * h] for y in (-0.28, -0.1, 0.1, 0.28)],
            [[0.62 * h, y * 0.8 * h, chin + 0.64 * h] for y in (-0.28, -0.1, 0.1, 0.28)],
        ]
    )
    return [patch(peak, Part.HAT), patch(peak - [0, 0, 0.006], Part.HAT, flip=True)]
