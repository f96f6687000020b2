"""Hair: shells over the skull with hairline, free ears and nape, from cropped to afros, braids and what age leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.actors.physique import Dress, Part, Physique
from simulator.actors.shape import F64, ball, curve, patch, round_rings, skin
from simulator.actors.skull import head_rings
from simulator.scene.mesh import Mesh

STRANDS = 4  # repeats of the hair's texture round the head
WISPS_OUT = 0.012  # of single strands beyond the hair, in head heights
COILED = ("afro", "curls")  # whose texture has curls, and not strands
TIED = ("bun", "ponytail")
HANGING = ("bob", "long", "braids")  # over the ears

# Columns of a shell, degrees from the face: dense at temple, sideburn and ear.
_DEG = [0, 15, 28, 40, 52, 62, 70, 77, 83, 90, 98, 107, 115, 126, 145, 163]
_ANGLE = np.radians(np.array([*_DEG, 180, *(-d for d in _DEG[:0:-1])], np.float64))


@dataclass(frozen=True, slots=True)
class Cut:
    """Measures of a haircut in head heights; heights are shares of the head's, from the chin.

    Attributes:
        front: edge above the face. recess: how much higher it is at the temples.
        sides: edge beside the face; None: sideburns and free ears.
        back: edge at the nape.
        flank, crown: thickness beside the head and on top.
        locks: depth of locks over the thickness. bumps: of curls.
        wisps: how far single strands hang below the edge.
        part_deg: where the hair parts, from the face to the left; None: nowhere.
        bare: whether the top of the head is.
    """

    front: float
    recess: float = 0.015
    sides: float | None = None
    back: float = 0.18
    flank: float = 0.025
    crown: float = 0.06
    locks: float = 0.14
    bumps: float = 0.0
    wisps: float = 0.035
    part_deg: float | None = None
    bare: bool = False


def _drawn(style: str, p: Physique, rng: np.random.Generator) -> Cut:
    """A cut of one of the styles of `Dress.hair`; all measures by choice, within what heads on photographs show."""
    front, thick, length, low, turn, falls = rng.random(6)
    line = 0.79 + 0.06 * front
    recess = (0.01 + 0.05 * turn * (1 - p.female)) * (1 - p.youth)
    short = Cut(line, recess, None, 0.16 + 0.06 * low, 0.018 + 0.018 * thick, 0.04 + 0.07 * length)
    if style == "crop":
        return replace(short, flank=0.012, crown=0.018 + 0.012 * thick, locks=0.0, wisps=0.012)
    if style == "curls":
        return replace(short, flank=0.04 + 0.03 * thick, crown=0.08 + 0.06 * length, bumps=0.25, wisps=0.02)
    if style == "afro":
        tall = 0.13 + 0.12 * thick
        return replace(short, flank=tall, crown=1.2 * tall, bumps=0.07, locks=0.04, wisps=0.02, recess=0.01)
    if style == "horseshoe":
        return replace(short, flank=0.015 + 0.02 * thick, crown=0.02, bare=True)
    if style in TIED:
        return replace(short, flank=0.016, crown=0.035, locks=0.04, recess=0.01, back=0.22)
    if style == "short":
        parted = falls < 0.5
        fringe = p.youth > 0 and falls > 0.6  # of boys
        return replace(
            short,
            front=0.66 + 0.05 * front if fringe else line,
            part_deg=(40.0 if turn < 0.5 else -40.0) if parted else None,
        )
    if style == "bob":
        end = 0.16 * low - 0.06
        cut = replace(short, sides=end, back=end - 0.04 * length, flank=0.045, crown=0.06, locks=0.10)
    else:
        young = 1 - 0.6 * p.youth  # no further than a child's shoulders
        beside = 0.05 - 0.30 * low * young
        cut = replace(short, sides=beside, back=beside - (0.08 + 0.35 * length) * young, flank=0.030 + 0.020 * thick)
        cut = replace(cut, crown=0.055, locks=0.16)
    if style == "braids":
        return replace(cut, flank=0.030, crown=0.035, locks=0.03, part_deg=0.0)
    if falls < 0.3:
        return replace(cut, front=0.64 + 0.03 * front)  # a fringe
    return replace(cut, part_deg=0.0 if falls < 0.65 else 28.0 if turn < 0.5 else -28.0)


def _edge(cut: Cut) -> F64:
    """(N,) lower edge of the hair at `_ANGLE`, shares of the head."""
    f, up = cut.front, cut.front + cut.recess
    if cut.sides is None:
        at = {0: f, 20: f, 38: up, 52: up - 0.06, 63: 0.67, 72: 0.57, 77: 0.46, 83: 0.45, 88: 0.585, 97: 0.62}
        at |= {107: 0.59, 115: 0.45, 126: 0.32, 145: cut.back + 0.03, 180: cut.back}
    else:
        near = min(f, 0.70)
        at = {0: f, 20: f, 38: up, 52: min(up - 0.05, 0.76), 60: near - 0.04, 66: 0.5 * near + 0.5 * cut.sides}
        at |= {74: cut.sides, 100: cut.sides, 135: cut.back, 180: cut.back}
    return np.asarray(curve(list(at), list(at.values()))(np.abs(np.degrees(_ANGLE))))


def _shell(p: Physique, cut: Cut, slot: Part, rows: int, waves: F64) -> Mesh:
    """Hair from its edge to the crown, or single strands over it; `waves` (rows, N) are unevenness of -1 to 1."""
    h, wisps = p.head, slot == Part.WISPS
    low = _edge(cut) - (cut.wisps if wisps else 0.0)
    s = np.linspace(0.0, 1.0, rows)[:, None]
    degrees = np.abs(np.degrees(_ANGLE))
    top = np.interp(degrees, [62, 88, 180], [0.0, 0.74, 0.85]) if cut.bare else np.ones_like(low)
    top = np.maximum(top, low + 0.005)
    t = low + (top - low) * s**0.8
    up = np.clip((t - 0.55) / 0.35, 0.0, 1.0)
    thick = cut.flank + (cut.crown - cut.flank) * up * up * (3 - 2 * up)
    free = np.maximum(np.clip((0.40 - low) / 0.25, 0, 1) * (cut.sides is not None), (low < 0.72) * (degrees < 55))
    root = np.clip(
        0.12 + s / (0.14 + 1.5 * max(cut.flank - 0.05, 0.0)), 0.0, 1.0
    )  # it grows out of the skin, where its end is not free
    thick = thick * (root + (1 - root) * free) * (1 + waves)
    if cut.bare:
        thick = thick * np.clip((1.02 - s) / 0.3, 0.0, 1.0)
    if cut.part_deg is not None:
        beside = np.degrees(_ANGLE) - cut.part_deg
        thick = (
            thick
            * (1 - 0.6 * np.exp(-((beside / 9.0) ** 2)) * (s < 0.9))
            * (1 - 0.25 * np.sin(np.radians(cut.part_deg)) * np.sin(_ANGLE) * up)
        )
    if cut.sides is not None:  # it hangs from where the head is widest
        thick = thick + np.interp(t, [-0.6, -0.3, -0.15, 0.12, 0.40], [0.04, 0.13, 0.14, 0.07, 0.0])
    thick = (thick + WISPS_OUT * wisps) * h
    turned = 0.5 * np.pi * np.clip((t - 0.62) / 0.36, 0.0, 1.0)  # outward beside the head, up on top of it
    rings = head_rings(p, t, _ANGLE, thick * np.cos(turned))
    rings[..., 2] += thick * np.sin(turned)
    cells = np.full((rows - 1, len(low)), int(slot))
    cells[:, top < low + 0.01] = -1  # nothing grows there
    mesh = skin(rings, cells, caps=not cut.bare)
    uv = _strands(mesh, p)
    if wisps:  # from the edge, 0, to the crown
        uv[:, 1] = np.concatenate([np.repeat(s[:, 0], len(low)), [0.0, 1.0][: 2 * (not cut.bare)]]) * 0.98 + 0.01
    return replace(mesh, uv=uv.astype(np.float32))


def _strands(mesh: Mesh, p: Physique, x0: float = -0.01) -> F64:
    """(V, 2) texture coordinates of strands that fall about a vertical line at `x0`; the seam is before it."""
    x, y, z = mesh.vertices.T.astype(np.float64)
    return np.stack([np.arctan2(y, x0 - x) * (0.5 * STRANDS / np.pi), z / p.head], 1)


def _parting(p: Physique, cut: Cut, shell: Mesh, rows: int) -> Mesh:
    """The line of skin where the hair parts, from its edge to the crown."""
    assert cut.part_deg is not None
    column = int(np.abs(np.degrees(_ANGLE) - cut.part_deg).argmin())
    line = shell.vertices[: rows * len(_ANGLE)].reshape(rows, -1, 3)[:-1, column].astype(np.float64)
    center = np.array([0.0, 0.0, p.height - 0.45 * p.head])
    out = (line - center) / np.linalg.norm(line - center, axis=1, keepdims=True)
    across = np.cross(np.gradient(line, axis=0), out)
    across *= 0.010 * p.head / np.linalg.norm(across, axis=1, keepdims=True)
    lifted = line + (WISPS_OUT + 0.006) * p.head * out
    return patch(np.stack([lifted - across, lifted + across], 1), Part.SKIN)


def hair(p: Physique, dress: Dress, rng: np.random.Generator) -> list[Mesh]:
    """The hair of a person: what the headgear leaves of it."""
    h = p.head
    if dress.hair == "bald" or dress.hat in ("hood", "scarf"):
        return []
    cut = _drawn(dress.hair, p, rng)
    rows = 9 if cut.sides is None else 11
    phases, bumps = rng.uniform(0, 6.28, 4), rng.uniform(-1, 1, (rows, len(_ANGLE)))
    s, waves = np.linspace(0, 1, rows)[:, None], cut.bumps * bumps
    turns = ((3, 0.5, 2.0), (5, 0.6, -3.0), (8, 0.5, 2.5), (11, 0.35, -2.0))
    for phase, (k, amount, turn) in zip(phases.tolist(), turns, strict=True):
        waves = waves + cut.locks * amount * np.sin(k * _ANGLE + phase + turn * s) * (1 - s**3)
    if dress.hat:  # pressed flat under it
        flat = replace(cut, front=max(cut.front, 0.84), flank=min(cut.flank, 0.02), crown=0.012, part_deg=None)
        return [_shell(p, flat, Part.HAIR, rows, 0.0 * waves)]
    shell = _shell(p, cut, Part.HAIR, rows, waves)
    parts = [shell, _shell(p, cut, Part.WISPS, rows, waves)]
    if cut.part_deg is not None:
        parts.append(_parting(p, cut, shell, rows))
    back, chin = -0.43 * h, p.height - h
    if dress.hair == "bun":
        knot = ball((0.13 * h, 0.15 * h, 0.14 * h), (back, 0, chin + 0.74 * h), Part.HAIR)
        parts.append(replace(knot, uv=_strands(knot, p, back).astype(np.float32)))
    elif dress.hair == "ponytail":
        tail = [(back, 0.74, 0.04), (back - 0.05 * h, 0.70, 0.080), (back - 0.06 * h, 0.42, 0.085)]
        tail += [(back - 0.03 * h, 0.12, 0.070), (back + 0.02 * h, -0.12, 0.02)]
        x, z, r = (np.array(column) for column in zip(*tail, strict=True))
        rings = round_rings(np.stack([x, 0 * x, chin + z * h], 1)[::-1], r[::-1] * h, 0.8 * r[::-1] * h, 8)
        hangs = skin(rings, Part.HAIR)
        parts.append(replace(hangs, uv=_strands(hangs, p, back - 0.14 * h).astype(np.float32)))
    return parts


def cap(p: Physique, low: F64, grow: float, slot: int, rows: int = 7, *, crown: float = 1.0) -> Mesh:
    """Shell over the head from the (N,) lower edge `low` (shares of the head) to the crown.

    `grow`: thickness in metres; `crown`: thickness on top over that at the edge.
    """
    angle: F64 = np.arange(len(low), dtype=np.float64) * (2 * np.pi / len(low))
    s = np.linspace(0, 1, rows)[:, None]
    t = low + (1.0 - low) * s**0.8
    thick: F64 = np.asarray(grow * (1 + (crown - 1) * np.clip(1.6 * s, 0, 1)) * np.ones_like(t), np.float64)
    rings = head_rings(p, t, angle, thick)
    rings[..., 2] += thick * s**2 * 0.8
    mesh = skin(rings, slot, caps=True)
    return replace(mesh, uv=_strands(mesh, p).astype(np.float32))


def hairline(front: float, side: float, back: float, segments: int = 24) -> F64:
    """Lower edge of a hat by angle from the face, (segments,) shares of the head."""
    angle = np.abs((np.arange(segments) * (2 * np.pi / segments) + np.pi) % (2 * np.pi) - np.pi)
    return np.asarray(
        curve(
            [0, 0.55, 1.0, 1.35, 1.75, 2.3, np.pi],
            [front, front - 0.02, front - 0.10, max(side, 0.50), side, back, back],
        )(angle)
    )
