"""Heads: skull and face, hair and headgear. The surface has the features; brows, eyes and lips are painted on it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from simulator.actors.hair import HANGING, cap, hair, hairline
from simulator.actors.physique import Dress, Part, Physique
from simulator.actors.shape import F64, ball, curve, patch, round_rings, skin
from simulator.actors.skull import HEAD_T, HEAD_X, LOW_FACE, adult_share, bump, head_rings
from simulator.numerics.rng import generator, offshoot
from simulator.scene import Mesh, Texture
from simulator.scene.material import Rgb
from simulator.scene.mesh import merge
from simulator.scene.noise import spectral_noise, to_srgb8

FACES = ("smooth", "shaved", "stubble", "beard", "old", "child")
# Of the white of an eye under its lids (by choice: some 0.6 in the open), whatever the skin is like.
EYE_WHITE = (0.40, 0.38, 0.36)
_PLAIN = 0.8  # tone of plain skin in which faces are painted, at most what is left of it in the texture

_FRONT_DEG = [0, 5, 10, 15, 20, 26, 33, 42, 54, 70, 90, 112, 135, 158]  # dense at nose, mouth and eyes
_ROWS = [0, 0.03, 0.07, 0.11, 0.15, 0.18, 0.21, 0.245, 0.28, 0.305, 0.335, 0.37, 0.42, 0.46, 0.50, 0.54]
_ROWS += [0.58, 0.63, 0.70, 0.78, 0.86, 0.93, 0.975, 1.0]


def _features(t: F64, y: F64, p: Physique, nose: float) -> F64:
    """How far the face stands out at share `t` of the head's height and `y` to the side, in head heights."""
    side = np.abs(y)
    ridge = curve([0.27, 0.30, 0.335, 0.40, 0.47, 0.54, 0.60], [0.0, 0.62, 1.0, 0.78, 0.42, 0.12, 0.0])(t)
    wide = np.interp(t, [0.30, 0.36, 0.50], [0.075, 0.060, 0.040])
    out = nose * ridge * np.exp(-((y / wide) ** 2))
    out = out - 0.036 * bump(side, 0.14, 0.065) * bump(t, 0.495, 0.045)  # eye sockets
    out = out + (0.020 - 0.012 * p.female) * bump(t, 0.58, 0.03) * bump(y, 0.0, 0.22)
    out = out + 0.024 * bump(t, 0.20, 0.03) * bump(y, 0.0, 0.09)  # lips
    out = out - 0.016 * bump(t, 0.13, 0.025) * bump(y, 0.0, 0.10)
    out = out + 0.026 * bump(t, 0.06, 0.04) * bump(y, 0.0, 0.10)  # chin
    out = out + (0.012 + 0.014 * p.youth) * bump(side, 0.20, 0.07) * bump(t, 0.36, 0.08)  # cheeks
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
    _paint(0.55 * bump(u, 0.20, 0.07) * bump(t, 0.36, 0.06), (1.0, 0.80, 0.78))
    _paint(0.5 * bump(u, 0.135, 0.06) * bump(t, 0.495, 0.04), (0.80, 0.72, 0.70))
    if kind == "old":
        lines = np.abs(np.sin(38 * t + 2.0 * u)) ** 8 * ((t > 0.66) & (t < 0.85) & (u < 0.22))
        fold = bump(u - 0.06 - 0.35 * (0.34 - t), 0.0, 0.012) * ((t > 0.18) & (t < 0.34))
        _paint(np.clip(0.5 * lines + 0.4 * fold, 0, 1), (0.6, 0.52, 0.5))
    if kind in ("stubble", "beard"):
        edge = 0.30 - 0.10 * bump(u, 0.0, 0.10) + 0.22 * np.clip((u - 0.25) / 0.2, 0, 1)
        mouth = 1.0 - bump(u, 0.0, 0.09) * bump(t, 0.20, 0.022)
        area = 1 / (1 + np.exp((t - edge) / 0.012)) * (u < 0.47) * mouth
        area = np.maximum(area, bump(t, 0.262, 0.016) * (u < 0.10))
        strength = (0.85 if kind == "beard" else 0.38) * np.clip(0.9 + 0.2 * hair, 0, 1.1)
        _paint(np.clip(area * strength, 0, 0.95), (0.16, 0.13, 0.11))
    small = kind == "child"
    if small:
        _paint(0.45 * bump(u, 0.22, 0.07) * bump(t, 0.33, 0.07), (1.0, 0.70, 0.66))
    lips = ((u / 0.088) ** 2 + ((t - 0.197) / 0.026) ** 2 < 1) * 1.0
    _paint(lips, (0.82, 0.52, 0.50) if kind in ("smooth", "child") else (0.85, 0.62, 0.60))
    _paint(0.7 * bump(t, 0.199, 0.005) * (u < 0.09), (0.4, 0.25, 0.25))
    _paint(0.8 * bump(u, 0.030, 0.014) * bump(t, 0.292, 0.008), (0.25, 0.18, 0.17))  # nostrils
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
    nose = float(rng.uniform(0.085, 0.115)) * (1 - 0.35 * p.youth)
    face = adult_share(t, p)
    skull = skin(_face(p, t, angle, nose), Part.SKIN)
    around = np.abs(np.angle(np.exp(1j * angle))) / np.pi
    grid = np.stack(np.broadcast_arrays(around[None], 0.02 + 0.96 * face), -1).reshape(-1, 2)
    ends = np.array([[0.9, 0.02], [0.9, 0.98]])
    parts = [replace(skull, uv=np.concatenate([grid, ends]).astype(np.float32))]
    low = 1 - LOW_FACE * p.youth
    hidden = dress.hair in HANGING or dress.hat in ("hood", "scarf", "helmet")
    for sign in () if hidden else (1.0, -1.0):
        ear = (
            float(np.interp(0.45, HEAD_T, HEAD_X)) * h - 0.05 * h,
            sign * 0.325 * h * p.head_broad,
            chin + 0.45 * low * h,
        )
        parts.append(_ear(p, ear, sign))
    if dress.beard:
        parts += _beard(p, nose)
    return merge([*parts, *hair(p, dress, offshoot(rng, "hair")), *_headgear(p, dress)])


def _face(p: Physique, t: F64, angle: F64, nose: float, grow: F64 | float = 0.0) -> F64:
    """(R, N, 3) points of the head with its features, as those of `head_rings`."""
    points = head_rings(p, t, angle, grow)
    front = np.clip(np.cos(angle) * 1.6, 0.0, 1.0)
    shown = _features(adult_share(t, p), points[..., 1] / (p.head * p.head_broad), p, nose)
    points[..., 0] += p.head * front * shown
    return points


def _ear(p: Physique, center: tuple[float, float, float], sign: float) -> Mesh:
    """An ear whose upper end leans back and whose rear edge stands out from the head."""
    mesh = ball((0.072 * p.head, 0.026 * p.head, 0.130 * p.head), center, Part.SKIN, rings=4, segments=8)
    local = mesh.vertices - np.array(center, np.float32)
    local[:, 0] -= 0.22 * local[:, 2]
    local[:, 1] += sign * (0.018 * p.head - 0.42 * local[:, 0])
    return replace(mesh, vertices=local + np.array(center, np.float32))


def _beard(p: Physique, nose: float) -> list[Mesh]:
    """A beard from one sideburn along the jaw to the other, and a moustache: thin shells that leave the mouth free."""
    parts = []
    jaw = ([0, 10, 18, 30, 55, 74, 86], [0.155, 0.155, 0.26, 0.28, 0.33, 0.46, 0.47])
    under = ([0, 40, 60, 86], [-0.06, -0.04, 0.04, 0.26])
    lip = ([0, 8, 19], [0.272, 0.268, 0.23]), ([0, 19], [0.232, 0.205])
    for (high, low), reach, columns, thick in (((jaw, under), 86.0, 17, 0.035), (lip, 19.0, 7, 0.018)):
        degrees = np.linspace(-reach, reach, columns)
        top, bottom = np.interp(np.abs(degrees), *high), np.interp(np.abs(degrees), *low)
        s = np.linspace(0.0, 1.0, 5)[:, None]
        full = np.sqrt(np.clip(4 * s * (1 - s), 0.0, 1.0)) * np.interp(np.abs(degrees), [0.6 * reach, reach], [1, 0.4])
        rings = _face(p, bottom + (top - bottom) * s, np.radians(degrees), nose, p.head * (0.003 + thick * full))
        shell = patch(rings, Part.HAIR, flip=True)
        uv = np.stack([rings[..., 1], rings[..., 2]], -1).reshape(-1, 2) / (0.6 * p.head)
        parts.append(replace(shell, uv=uv.astype(np.float32), smooth=True))
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
        cuff = cap(p, hairline(0.68, 0.56, 0.36), 0.040 * h, Part.HAT, crown=0.6)
        return [cuff, cap(p, hairline(0.80, 0.70, 0.54), 0.036 * h, Part.HAT, crown=2.2)]
    if dress.hat in ("hood", "scarf"):
        grow, edge = (0.10 * h, 0.90) if dress.hat == "hood" else (0.045 * h, 0.80)
        return [cap(p, hairline(edge, 0.05, -0.35), grow, Part.TOP if dress.hat == "hood" else Part.HAT, rows=8)]
    if dress.hat == "helmet":
        return [_full_face(p)]
    if dress.hat in ("cycle_helmet", "hard_hat"):
        low, grow = {
            "cycle_helmet": (hairline(0.70, 0.64, 0.42), 0.11 * h),
            "hard_hat": (hairline(0.74, 0.70, 0.64), 0.10 * h),
        }[dress.hat]
        shell = cap(p, low, grow, Part.HAT, rows=7)
        return [shell, *_peak(p)] if dress.hat == "hard_hat" else [shell]
    shell = cap(p, hairline(0.68, 0.62, 0.55), 0.05 * h, Part.HAT, crown=1.4)
    return [shell, *(_brim(p) if dress.hat == "sun_hat" else _peak(p))]


def _brim(p: Physique) -> list[Mesh]:
    """The brim of a sun hat, seen from above and from below: it falls a little, more before and behind."""
    angle: F64 = np.arange(24, dtype=np.float64) * (2 * np.pi / 24)
    low = np.array([hairline(0.69, 0.64, 0.57), hairline(0.63, 0.55, 0.50)])
    rings = head_rings(p, low, angle, np.array([[0.05], [0.36]]) * p.head)
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
