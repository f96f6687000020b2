"""Four-legged animals from one parametric body: deer, boar, fox, dog, cat, cow, horse, sheep."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import paces
from simulator.actors.base import Actor, Pace, lengthened
from simulator.actors.finishes import as_rgb
from simulator.actors.gait import stride_m
from simulator.actors.sculpt import Lump, sculpted
from simulator.actors.shape import F64, ball, finer, mirrored, pipe, skin
from simulator.actors.skeleton import Segment, cycle_box, fade, hinge, skinned, turn
from simulator.data import load_asset
from simulator.numerics.rng import generator
from simulator.scenario.distributions import Fraction, Metres, OneOf, uniform
from simulator.scene import Material, Mesh, Model, Texture
from simulator.scene.material import Rgb, srgb
from simulator.scene.mesh import merge
from simulator.scene.noise import spectral_noise, to_srgb8

COAT, UNDER, HOOF, EYE, HORN, UDDER, IRIS = range(7)
FUR_M, FUR_WITHERS = 0.45, 1.5  # one repeat of the coat's texture: along the body, and up in withers heights
POSES = ("walking", "standing")


class Animal(Actor):
    """Base of the quadrupeds; each species is a row of the animal catalogue.

    Attributes:
        size: place within the species' withers heights: 0 the smallest, 1 the largest.
        withers_m: height of the withers; 0: by `size`.
        pose: what it does.
        pace_mps: at which it goes, by which it walks, trots or gallops; 0: the usual one.
    """

    class_name: ClassVar[str] = "animal"
    deceleration_mps2: ClassVar[float] = 4.0

    size: Fraction = uniform(0.0, 1.0)
    withers_m: Metres = 0.0
    pose: Annotated[str, OneOf(*POSES)] = "walking"
    pace_mps: Pace = 0.0

    def _build(self, rng: np.random.Generator) -> list[Model]:
        row = load_asset("animals")[self.kind]
        low, high = row["withers_m"]
        withers = lengthened(low + (high - low) * self.size, self.withers_m)
        pace = (self.pace_mps or self.speed_mps) if self.pose == "walking" else 0.0
        return [quadruped(self.kind, withers, withers / ((low + high) / 2), pace, rng)]


class Deer(Animal, kind="deer"):
    """Deer between roe and red deer; stags carry antlers."""

    speed_mps: ClassVar[float] = 4.0
    max_speed_mps: ClassVar[float] = 16.0


class Boar(Animal, kind="boar"):
    """Wild boar."""

    speed_mps: ClassVar[float] = 2.5
    max_speed_mps: ClassVar[float] = 11.0


class Fox(Animal, kind="fox"):
    """Red fox."""

    speed_mps: ClassVar[float] = 2.5
    max_speed_mps: ClassVar[float] = 13.0


class Dog(Animal, kind="dog"):
    """Dog of any middling breed."""

    speed_mps: ClassVar[float] = 1.8
    max_speed_mps: ClassVar[float] = 11.0


class Cat(Animal, kind="cat"):
    """House cat."""

    speed_mps: ClassVar[float] = 1.2
    max_speed_mps: ClassVar[float] = 11.0


class Cow(Animal, kind="cow"):
    """Dairy or beef cow, plain or piebald."""

    speed_mps: ClassVar[float] = 1.0
    max_speed_mps: ClassVar[float] = 6.0


class Horse(Animal, kind="horse"):
    """Horse."""

    speed_mps: ClassVar[float] = 1.7
    max_speed_mps: ClassVar[float] = 15.0


class Sheep(Animal, kind="sheep"):
    """Sheep in wool."""

    speed_mps: ClassVar[float] = 1.0
    max_speed_mps: ClassVar[float] = 7.0


def quadruped(species: str, withers: float, scale: float, pace_mps: float, rng: np.random.Generator) -> Model:
    """Model of an animal that goes at `pace_mps`, or stands."""
    row = load_asset("animals")[species]
    grazes = species in ("cow", "sheep", "horse") and not pace_mps and rng.random() < 0.25
    bow = _grazing(row, withers, scale, species) if grazes else float(rng.uniform(-0.15, 0.30))
    pied = rng.random() < {"cow": 0.7, "dog": 0.35, "cat": 0.35}.get(species, 0.0)
    repeat = 2.2 * withers if pied else FUR_M
    segments = [_furred(segment, withers, repeat) for segment in _segments(row, withers, scale, rng, species, bow)]
    hip = next(segment.pivot[2] for segment in segments if segment.name == "upper_hl")
    stride = stride_m(hip, pace_mps) if pace_mps else 0.0
    hoof = float(row["hoof"]) * scale
    stand = pose = paces.standing(segments, withers, rng)
    if pace_mps:
        pose = paces.going(segments, withers, hoof, stride, pace_mps, float(rng.uniform()))
    look = turn(pitch=bow if not grazes else 0.55 * bow, yaw=float(rng.uniform(-0.3, 0.3)))
    pose, stand = (replace(each, turns={**each.turns, "head": look}) for each in (pose, stand))
    body = skinned(segments, _materials(row, species, pied, rng), pose, stand, pace_mps)
    facts = (("species", species), ("pose", "walking" if pace_mps else "standing"))
    model = Model("animal", (body,), attributes=facts, stride_m=stride)
    box = cycle_box(model)
    box[0, 2] = 0.0
    return replace(model, box=box)


def _grazing(row: dict[str, list[float]], withers: float, k: float, species: str) -> float:
    """How far the neck is lowered so that the muzzle is just above the grass."""
    for bow in np.arange(0.3, 2.2, 0.05):
        if _neck(row, withers, k, species, float(bow))[1][2] < 0.92 * k * row["head"][0]:
            return float(bow)
    return 1.6


def _furred(segment: Segment, withers: float, repeat: float) -> Segment:
    """The segment with the coat laid over it from the side: u along the body, v by the height at rest."""
    mesh = segment.mesh
    x, y, z = mesh.vertices.T
    uv = np.stack([(x + 0.35 * y) / repeat, np.clip(z / (FUR_WITHERS * withers), 0.005, 0.995)], 1)
    return replace(segment, mesh=replace(mesh, uv=uv.astype(np.float32)))


@cache
def coat_texture(legs: float, kind: str = "fur") -> Texture:
    """Coat, dark along the back and light below (countershading).

    `legs`: tone of the feet over the flanks'; `kind`: "fur", "wool", or "tabby" with dark stripes down the flanks.
    """
    wool = kind == "wool"
    rng = generator(0, "coat", str(legs), kind)
    size = 256
    hair = spectral_noise((size, 2 * size), rng, slope=0.8, low_cut=12)[:, ::2]  # lies along the body
    locks = spectral_noise(size, rng, slope=1.6 if wool else 2.4, low_cut=10 if wool else 3)
    height = FUR_WITHERS * (1.0 - (np.arange(size) + 0.5) / size)
    shade = np.interp(
        height,
        [0.0, 0.12, 0.38, 0.55, 0.72, 0.85, 0.97, 1.06, 1.5],
        [legs, legs, 0.5 + 0.5 * legs, 1.15, 1.0, 0.95, 0.78, 0.9, 1.0],
    )
    tone = 0.8 * shade[:, None] * (1.0 + 0.10 * hair + (0.13 if wool else 0.07) * locks)
    if kind == "tabby":
        along = np.arange(size) / size * 2 * np.pi * 17
        warp = 1.6 * spectral_noise(size, rng, slope=2.4, low_cut=3)
        stripe = (
            np.clip(1.6 * np.sin(along + warp) - 0.5, 0, 1)
            * np.interp(height, [0.0, 0.35, 0.95, 1.1], [0.4, 0.8, 1, 0.7])[:, None]
        )
        tone *= 1.0 - 0.45 * stripe * (1.0 + 0.5 * spectral_noise(size, rng, slope=1.6, low_cut=6)).clip(0, 1.4)
    return Texture(f"coat {kind} {legs:g}", to_srgb8(np.repeat(tone[..., None], 3, 2)))


@cache
def pied_texture(coat: Rgb, share: int, number: int) -> Texture:
    """A coat of a colour with white patches over about `share` tenths of it."""
    rng = generator(0, "pied", number)
    size = 256
    field = spectral_noise(size, rng, slope=3.4, low_cut=1) + 0.12 * spectral_noise(size, rng, slope=1.2, low_cut=12)
    height = FUR_WITHERS * (1.0 - (np.arange(size) + 0.5) / size)[:, None]
    field = field + 5.0 * np.clip(0.40 - height, 0, 1)  # legs and bellies are white more often
    white = np.clip((field - np.quantile(field, 1 - share / 10)) / 0.06, 0, 1)[..., None]
    hair = 1.0 + 0.07 * spectral_noise((size, 2 * size), rng, slope=0.8, low_cut=12)[:, ::2, None]
    tone = (np.array(coat) * (1 - white) + np.array([0.66, 0.64, 0.59]) * white) * hair
    return Texture(f"pied coat {number}", to_srgb8(tone))


def _materials(row: dict[str, object], species: str, pied: bool, rng: np.random.Generator) -> tuple[Material, ...]:
    coats = row["coats"]
    assert isinstance(coats, list)
    plain = srgb(str(coats[int(rng.integers(len(coats)))]))
    coat = np.array(plain) * rng.uniform(0.85, 1.15)
    under = np.array(srgb(str(row["under"])))
    if pied:
        plain = srgb("#171514") if max(plain) > 0.4 else plain  # white on white would not show
        spots = pied_texture(plain, int(rng.integers(3, 7)), int(rng.integers(6)))
        patched = Material("pied coat", (1.0, 1.0, 1.0), spots, roughness=0.95, reflectance_905=0.5)
    tabby = species == "cat" and 0.03 < max(plain) < 0.5 and rng.random() < 0.8  # white and black ones are plain
    kind = "wool" if species == "sheep" else "tabby" if tabby else "fur"
    hair = coat_texture(float(row["socks"]), kind)  # type: ignore[arg-type]
    if tabby:
        coat = np.maximum(coat, 0.10)  # stripes show on grey and ginger
    plain_coat = Material("coat", as_rgb(coat / 0.8), hair, roughness=0.95, reflectance_905=0.45)
    mixed = 0.2 if species == "dog" else 0.5
    below = as_rgb((1 - mixed) * coat + mixed * under if species != "sheep" else under)
    belly = Material("underside", below, hair if species != "sheep" else None, roughness=0.95, reflectance_905=0.45)
    return (
        patched if pied else plain_coat,
        patched if pied else belly,
        Material("hoof", (0.02, 0.018, 0.016), roughness=0.7, reflectance_905=0.2),
        # Eyes shine in head lamps: the tapetum throws light back.
        Material("eye", (0.01, 0.01, 0.01), roughness=0.1, clearcoat=1.0, retro_cd_lx_m2=4.0, reflectance_905=0.3),
        Material("horn", (0.30, 0.26, 0.20), roughness=0.6, reflectance_905=0.4),
        Material("udder", (0.52, 0.33, 0.27), roughness=0.6, reflectance_905=0.5),
        Material("iris", (0.40, 0.42, 0.10), roughness=0.1, clearcoat=1.0, retro_cd_lx_m2=4.0, reflectance_905=0.3),
    )


def _segments(
    row: dict[str, list[float]], withers: float, k: float, rng: np.random.Generator, species: str, bow: float
) -> list[Segment]:
    """Trunk, neck, head, tail and four legs at rest; `k` scales the catalogue's metres, `bow` lowers the neck."""
    length, chest = row["body"][0] * k, row["body"][1] * k
    back = -0.5 * length
    base, tip = _neck(row, withers, k, species, bow)
    torso = _torso(row, withers, k, species, base, tip, rng)
    neck_root = base - np.array([0.10 * length, 0.0, 0.0])
    segments = [
        Segment("trunk", "", (0.0, 0.0, withers), torso, _torso_blend(torso, row, withers, k, base, tip)),
        Segment("neck", "trunk", _vector(neck_root)),
    ]
    rise = np.radians(row["neck"][1])
    _, rest = _neck(row, withers, k, species, 0.0)
    head = _head(row, rest, rise, k, species, rng)
    segments.append(Segment("head", "neck", _vector(tip), head.moved(*(tip - rest))))
    if species == "horse":
        crest = np.array([0.0, 0.0, 1.62 * k * row["neck"][2]]), np.array([-0.04 * k, 0.0, 1.25 * k * row["neck"][3]])
        start = base + 0.25 * (tip - base) + crest[0] * 0.8
        mane = _tapered(start, tip + crest[1], 0.045 * k, 0.035 * k, 2.4, 2.2, HOOF)
        segments.append(Segment("mane", "neck", _vector(base), mane))
    if species == "cow":
        segments.append(Segment("udder", "trunk", (0.0, 0.0, withers), _udder(row, withers, k)))
    tail_length, tail_w, tail_deg = row["tail"]
    root = np.array([back - 0.02 * length, 0.0, withers - 0.16 * chest])
    # Tails hang or rise in a bow: those of cats turn up at the tip, those of dogs curl over the back.
    bow = {"cat": -75.0, "dog": -60.0, "fox": -25.0, "deer": 20.0}.get(species, 8.0) * float(rng.uniform(0.6, 1.3))
    fall = np.radians(tail_deg + bow * (np.linspace(0, 1, 9) - 0.3))
    steps = tail_length * k / 8 * np.stack([-np.cos(fall), 0 * fall, -np.sin(fall)], 1)
    points = root + np.concatenate([np.zeros((1, 3)), np.cumsum(steps[:-1], 0)])
    bushy = species in ("fox", "horse")
    if bushy:
        shape = np.array([0.5, 0.75, 0.92, 1.0, 1.0, 1.0, 0.92, 0.7, 0.25])
    elif species == "cow":  # a tuft at the end
        shape = np.array([1.3, 1.1, 0.9, 0.8, 0.7, 0.7, 1.5, 1.9, 0.5])
    else:
        shape = np.array([1.15, 1.05, 1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.4])
    tail = pipe(points, tail_w * k * shape, segments=7, slot=HOOF if species == "horse" else COAT)
    segments.append(Segment("tail", "trunk", _vector(root), tail))
    for end in ("h", "f"):
        upper, lower, knee, ankle = _leg(row, withers, k, end == "h", species)
        for side, sign in (("l", 1.0), ("r", -1.0)):
            at = _leg_top(row, withers, k, end, sign)
            name = f"{end}{side}"
            parts = [(mesh if sign > 0 else mirrored(mesh)).moved(*(at * [1, 1, 0])) for mesh in (upper, lower)]
            blends = [_leg_blend(mesh, withers, float(knee[2]), name) for mesh in parts]
            ground = at * [1, 1, 0]
            segments.append(Segment(f"upper_{name}", "trunk", _vector(at), parts[0], blends[0]))
            segments.append(Segment(f"lower_{name}", f"upper_{name}", _vector(ground + knee), parts[1], blends[1]))
            segments.append(Segment(f"foot_{name}", f"lower_{name}", _vector(ground + ankle)))
    return segments


def _udder(row: dict[str, list[float]], withers: float, k: float) -> Mesh:
    """The bag between the hind legs, with four teats."""
    length, _, _, loin, _ = (v * k for v in row["body"])
    x, z, r = -0.27 * length, withers - 0.98 * loin, 0.15 * loin
    lumps = [
        Lump((x + 0.05 * length, s * 0.4 * r, z), (x - 0.05 * length, s * 0.4 * r, z), (r, 0.95 * r)) for s in (1, -1)
    ]
    for s in (1.0, -1.0):
        for at in (x + 0.05 * length, x - 0.04 * length):
            low = z - 0.9 * r
            lumps.append(Lump((at, s * 0.55 * r, low), (at, s * 0.6 * r, low - 0.42 * r), (0.14 * r, 0.10 * r)))
    return sculpted(lumps, 0.16 * r, 0.10 * r, UDDER)


def _leg_top(row: dict[str, list[float]], withers: float, k: float, end: str, sign: float) -> F64:
    """Where a leg turns against the trunk (x, y, z): near the top of the shoulder blade, or at the hip."""
    length, _, half, _, loin_w = (v * k for v in row["body"])
    x, half, share = (0.37 * length, half, 0.84) if end == "f" else (-0.38 * length, loin_w, 0.80)
    return np.array([x, sign * (half - 0.80 * row["leg"][0] * k), share * withers])


def _leg_blend(mesh: Mesh, withers: float, knee_z: float, name: str) -> dict[str, F64]:
    z = mesh.vertices[:, 2].astype(np.float64)
    knee = hinge((knee_z - z) / (0.045 * withers), f"upper_{name}", f"lower_{name}")
    foot = hinge((0.09 * withers - z) / (0.030 * withers), f"lower_{name}", f"foot_{name}")
    return knee | foot | {f"lower_{name}": knee[f"lower_{name}"] + foot[f"lower_{name}"] - 1.0}


def _torso_blend(
    mesh: Mesh, row: dict[str, list[float]], withers: float, k: float, base: F64, tip: F64
) -> dict[str, F64]:
    """Weights of the trunk, of the neck, and of the legs, whose muscles pull the skin of shoulders and haunches."""
    points = mesh.vertices.astype(np.float64)
    x, y, z = points.T
    length = row["body"][0] * k
    way = (tip - base) / np.linalg.norm(tip - base)
    along = (points - base) @ way / np.linalg.norm(tip - base)
    neck = fade(along, -0.1, 0.6) * fade(x, 0.36 * length, 0.50 * length)
    out = {"trunk": 1.0 - neck, "neck": neck}
    for end, reach_m in (("f", 0.15 * length), ("h", 0.17 * length)):
        for side, sign in (("l", 1.0), ("r", -1.0)):
            top = _leg_top(row, withers, k, end, sign)
            near = fade(-np.abs(x - top[0]), -1.6 * reach_m, -0.3 * reach_m) * fade(
                sign * y, 0.1 * abs(top[1]), 0.8 * abs(top[1])
            )
            share = 0.85 * near * fade(-z, -0.92 * top[2], -0.62 * top[2]) * (1.0 - neck)
            out[f"upper_{end}{side}"] = share
            out["trunk"] = out["trunk"] - share
    return out


def _vector(v: F64) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))


def _neck(row: dict[str, list[float]], withers: float, k: float, species: str, bow: float) -> tuple[F64, F64]:
    """Where the neck begins in the chest and where it carries the head (x, y, z); `bow`: how far it is lowered."""
    length, deg, low, _ = row["neck"]
    front, chest = 0.5 * k * row["body"][0], k * row["body"][1]
    rise = np.radians(deg) - bow
    base = np.array([front - 0.14 * k * row["body"][0], 0.0, withers - 0.36 * chest])
    reach = k * (length + 0.10 * row["body"][0] + 0.4 * low)
    tip = base + reach * np.array([np.cos(rise), 0.0, np.sin(rise)]) + [0.0, 0.0, 0.10 * chest]
    return base, tip


def _torso(
    row: dict[str, list[float]], withers: float, k: float, species: str, base: F64, tip: F64, rng: np.random.Generator
) -> Mesh:
    """Barrel, rump, shoulders, haunches and neck as one smooth surface."""
    length, chest, chest_w, loin, loin_w = (v * k for v in row["body"])
    sag = {"horse": 0.03, "cow": 0.01, "boar": -0.06, "deer": 0.02, "cat": -0.07}.get(species, 0.0) * chest
    up, low_neck, high_neck = withers, row["neck"][2] * k, row["neck"][3] * k

    def _at(x: float, down: float, y: float = 0.0) -> tuple[float, float, float]:
        return (x * length, y, up - down)

    rib, belly = 0.485 * chest, 0.49 * loin
    lumps = [
        Lump(_at(0.26, 0.52 * chest), _at(0.02, 0.50 * chest), (rib, 0.97 * rib), chest_w / rib),
        Lump(_at(0.02, 0.50 * chest), _at(-0.22, 0.50 * loin + sag), (0.97 * rib, belly), loin_w / belly),
        Lump(_at(-0.22, 0.50 * loin + sag), _at(-0.41, 0.47 * loin), (belly, 0.42 * loin), 0.96 * loin_w / belly),
        Lump(_at(0.40, 0.62 * chest), _at(0.30, 0.70 * chest), (0.24 * chest, 0.26 * chest), 0.8),  # brisket
        Lump(_at(0.30, 0.16 * chest), _at(0.16, 0.15 * chest), (0.15 * chest, 0.13 * chest), 0.7),  # withers
    ]
    thick = {"horse": 1.55, "cow": 1.35, "deer": 1.30, "cat": 1.05}.get(species, 1.22)
    middle = base + 0.5 * (tip - base) + [0.0, 0.0, 0.04 * chest if species == "horse" else 0.0]
    radii = (1.18 * low_neck, 0.5 * (low_neck + high_neck), 1.02 * high_neck)
    for a, b, r0, r1 in ((base, middle, radii[0], radii[1]), (middle, tip, radii[1], radii[2])):
        lumps.append(Lump(_vector(a), _vector(b), (thick * r0, thick * r1), 1.0 / thick))
    for side in (1.0, -1.0):
        shoulder = _at(0.27, 0.34 * chest, side * 0.62 * chest_w), _at(0.37, 0.92 * chest, side * 0.70 * chest_w)
        haunch = _at(-0.34, 0.36 * loin, side * 0.52 * loin_w), _at(-0.31, 0.98 * loin, side * 0.66 * loin_w)
        lumps.append(Lump(*shoulder, (0.22 * chest, 0.13 * chest), 0.62))
        lumps.append(Lump(*haunch, (0.34 * loin, 0.20 * loin), 0.60))
    if species == "cow":  # a broad rump between hooks and pins, flat thighs, tail head, dewlap
        for side in (1.0, -1.0):
            hip = _at(-0.26, 0.10 * loin, side * 0.80 * loin_w), _at(-0.48, 0.20 * loin, side * 0.42 * loin_w)
            lumps.append(Lump(*hip, (0.075 * loin, 0.075 * loin)))
            rump = _at(-0.26, 0.36 * loin, side * 0.40 * loin_w), _at(-0.44, 0.40 * loin, side * 0.38 * loin_w)
            lumps.append(Lump(*rump, (0.30 * loin, 0.26 * loin)))
            thigh = _at(-0.42, 0.42 * loin, side * 0.52 * loin_w), _at(-0.38, 1.08 * loin, side * 0.58 * loin_w)
            lumps.append(Lump(*thigh, (0.24 * loin, 0.16 * loin), 0.75))
        lumps.append(Lump(_at(-0.36, 0.06 * loin), _at(-0.50, 0.11 * loin), (0.06 * loin, 0.055 * loin)))
        lumps.append(
            Lump(_at(0.42, 0.80 * chest), _vector(middle - [0, 0, 0.30 * chest]), (0.12 * chest, 0.10 * chest), 0.35)
        )
    if species == "sheep":
        lumps.append(Lump(_at(-0.24, 0.92 * loin), _at(-0.30, 0.94 * loin), (0.16 * loin, 0.17 * loin), 0.9))  # udder

    def _wool(points: F64) -> F64:
        out = np.zeros(len(points))
        for _ in range(7):
            way = rng.standard_normal(3)
            way *= 2 * np.pi / (0.14 * withers * rng.uniform(0.9, 1.6)) / np.linalg.norm(way)
            out += np.sin(points @ way + rng.uniform(0, 6.3))
        return np.asarray(0.0055 * k * out + 0.02 * k)

    mesh = sculpted(lumps, withers / 27, 0.045 * withers, COAT, _wool if species == "sheep" else None)
    center = mesh.vertices[mesh.faces].mean(1)
    below = center[:, 2] < withers - np.interp(center[:, 0] / length, [-0.4, 0.3], [0.86 * loin, 0.88 * chest])
    slots = np.where(below & (species not in ("sheep", "boar", "cow")), UNDER, COAT)
    return replace(mesh, slots=slots.astype(np.int32))


def _tapered(
    start: F64, end: F64, low: float, high: float, low_depth: float, high_depth: float, slot: int, segments: int = 12
) -> Mesh:
    """Round-ended ridge between two points in the plane y = 0 (a mane)."""
    axis = (end - start) / np.linalg.norm(end - start)
    up = np.cross(axis, [0.0, 1.0, 0.0])
    length = float(np.linalg.norm(end - start))
    s = np.array([-0.5 * low / length, 0.0, 0.35, 0.7, 1.0, 1.0 + 0.6 * high / length])
    width = np.interp(s, [0, 1], [low, high]) * np.array([0.45, 1, 0.93, 0.92, 1, 0.6])
    depth = width * np.interp(s, [0, 1], [low_depth, high_depth])
    angle = np.arange(segments) * (2 * np.pi / segments)
    center = start + axis * (s * length)[:, None]
    rings = center[:, None] + width[:, None, None] * np.cos(angle)[None, :, None] * np.array([0.0, 1.0, 0.0])
    return skin(finer(rings + depth[:, None, None] * np.sin(angle)[None, :, None] * up), slot)


def _head(row: dict[str, list[float]], tip: F64, rise: float, k: float, species: str, rng: np.random.Generator) -> Mesh:
    """Skull and muzzle, ears, eyes, antlers or horns."""
    length, half, depth, muzzle = row["head"]
    length, half, depth = length * k, half * k, depth * k
    drop = {"horse": 0.85, "deer": 0.45, "cow": 0.55, "sheep": 0.55, "boar": 0.30}.get(species, 0.22)
    axis = np.array([np.cos(drop), 0.0, -np.sin(drop)])
    up = np.array([np.sin(drop), 0.0, np.cos(drop)])
    start = tip - 0.18 * length * axis + 0.05 * depth * up
    s = np.array([0.0, 0.06, 0.2, 0.38, 0.55, 0.75, 0.92, 1.0])
    width = half * np.array([0.45, 0.8, 1.0, 0.98, 0.55 + 0.4 * muzzle, 0.15 + 0.85 * muzzle, muzzle, 0.55 * muzzle])
    high = depth / 2 * np.array([0.45, 0.85, 1.0, 0.98, 0.80, 0.66, 0.58, 0.36])
    sink = -depth * np.array([0.0, 0.0, 0.0, 0.02, 0.10, 0.16, 0.18, 0.19])
    rings = _around(start, axis, up, s * length, width, high, sink)
    if species == "cat":  # a round skull with a short muzzle
        s = np.array([0.0, 0.06, 0.22, 0.42, 0.60, 0.74, 0.90, 1.0])
        width = half * np.array([0.45, 0.72, 0.98, 1.05, 0.98, 0.74, 0.52, 0.30])
        high = depth / 2 * np.array([0.45, 0.72, 0.98, 1.05, 0.98, 0.70, 0.46, 0.26])
        sink = -depth * np.array([0.0, 0.0, 0.0, 0.0, 0.02, 0.11, 0.16, 0.17])
        rings = _around(start, axis, up, s * length, width, high, sink)
    slots = np.array([COAT, COAT, COAT, COAT, COAT, COAT, HOOF])
    if species == "sheep":
        slots[:6] = UNDER
    if species == "cat":
        slots[5:] = UNDER
    parts = [skin(finer(rings, 2), np.repeat(slots, 2))]
    ear_length, ear_half, spread = row["ears"]
    if species == "dog" and rng.random() < 0.5:  # drop ears
        ear_length, ear_half, spread = 1.25 * ear_length, 1.2 * ear_half, 140.0
    fan = np.radians(spread)
    for sign in (1.0, -1.0):
        back = 0.36 if species == "cat" else 0.13
        root = start + axis * back * length + up * 0.36 * depth + np.array([0, sign * 0.68 * half, 0])
        way = np.array([-0.25, sign * np.sin(fan), np.cos(fan)])
        way /= np.linalg.norm(way)
        points = root + way * (ear_length * k * np.array([0.0, 0.25, 0.5, 0.78, 1.0]))[:, None]
        pricked = species in ("cat", "fox") or (species == "dog" and spread < 90)
        shape = ear_half * k * np.array([1.1, 0.95, 0.72, 0.42, 0.06] if pricked else [0.5, 1.0, 0.95, 0.7, 0.1])
        ear = pipe(points, shape, segments=8, slot=COAT if species != "sheep" else UNDER)
        flat = (
            np.array([0.45, 0.0, 0.0]) * (ear.vertices - root) * [1.0, 0.0, 0.0]
        )  # ears are shells, open to the front
        parts.append(replace(ear, vertices=(ear.vertices - flat).astype(np.float32)))
        if species == "cat":  # they look ahead
            eye = start + axis * 0.70 * length + up * 0.13 * depth + np.array([0, sign * 0.46 * half, 0])
            parts.append(ball(np.array([0.17, 0.19, 0.19]) * half, eye, IRIS, rings=4, segments=8))
            parts.append(ball(np.array([0.17, 0.08, 0.15]) * half, eye + 0.05 * half * axis, EYE, rings=3, segments=6))
        else:
            eye = start + axis * 0.36 * length + up * 0.22 * depth + np.array([0, sign * 0.86 * half, 0])
            parts.append(ball(np.array([0.5, 0.35, 0.5]) * 0.26 * half, eye, EYE, rings=3, segments=6))
    if species == "cat":
        nose = start + axis * 0.985 * length - up * 0.10 * depth
        parts.append(ball(np.array([0.10, 0.15, 0.10]) * half, nose, UDDER, rings=3, segments=6))
    if species == "deer" and rng.random() < row["antlers"]:  # type: ignore[operator]
        parts += _antlers(start + axis * 0.16 * length + up * 0.45 * depth, half, float(rng.uniform(0.30, 0.55)) * k)
    if species == "cow" and rng.random() < 0.4:
        for sign in (1.0, -1.0):
            root = start + axis * 0.08 * length + up * 0.45 * depth
            points = root + k * np.array([[0, sign * 0.09, 0], [0.0, sign * 0.19, 0.03], [0.05, sign * 0.25, 0.12]])
            parts.append(pipe(points, k * np.array([0.032, 0.024, 0.006]), segments=6, slot=HORN))
    if species == "boar":
        for sign in (1.0, -1.0):
            root = start + axis * 0.80 * length + up * (-0.26 * depth) + np.array([0, sign * 0.36 * half, 0])
            points = root + np.array([[0, 0, 0], [0.02, sign * 0.015, 0.03], [0.015, sign * 0.03, 0.07]]) * k
            parts.append(pipe(points, k * np.array([0.010, 0.008, 0.003]), segments=5, slot=HORN))
    return merge(parts)


def _around(start: F64, axis: F64, up: F64, along: F64, width: F64, high: F64, sink: F64) -> F64:
    """(R, 14, 3) rings of a head at places along its axis, half `width` and `high`, moved up by `sink`."""
    angle = np.arange(14) * (2 * np.pi / 14)
    center = start + axis * along[:, None] + up * sink[:, None]
    rings = center[:, None] + width[:, None, None] * np.cos(angle)[None, :, None] * np.array([0.0, 1.0, 0.0])
    return np.asarray(rings + high[:, None, None] * np.sin(angle)[None, :, None] * up)


def _antlers(root: F64, half: float, size: float) -> list[Mesh]:
    """Two beams with three tines each."""
    parts = []
    for sign in (1.0, -1.0):
        beam = np.array(
            [
                [0, 0.45 * half, 0],
                [-0.10, 0.45 * half + 0.25 * size, 0.35 * size],
                [-0.12, 0.45 * half + 0.42 * size, 0.75 * size],
                [0.0, 0.45 * half + 0.40 * size, 1.05 * size],
            ]
        )
        beam[:, 0] *= size / 0.5
        beam[:, 1] *= sign
        parts.append(pipe(root + beam, 0.020 * size / 0.5 * np.array([1.0, 0.85, 0.7, 0.25]), segments=6, slot=HORN))
        for at, way in ((0.12, (0.9, 0.1, 0.5)), (0.5, (0.8, 0.2, 0.6)), (0.8, (-0.4, 0.3, 0.9))):
            start = root + np.array([np.interp(at, [0, 0.35, 0.7, 1.0], beam[:, j]) for j in range(3)])
            tine = np.array([way[0], sign * way[1], way[2]]) * size * 0.34
            parts.append(
                pipe(
                    np.stack([start, start + 0.6 * tine, start + tine]),
                    0.013 * size / 0.5 * np.array([1.0, 0.8, 0.2]),
                    segments=5,
                    slot=HORN,
                )
            )
    return parts


def _leg(
    row: dict[str, list[float]], withers: float, k: float, hind: bool, species: str
) -> tuple[Mesh, Mesh, F64, F64]:
    """Upper and lower leg in the plane y = 0 about x = 0, the joint between them (knee or hock), and the fetlock."""
    top_w, knee_w, foot_w = (v * k for v in row["leg"])
    hoof = float(row["hoof"]) * k  # type: ignore[arg-type]
    slot = COAT if species != "sheep" else UNDER
    top, knee_z = (0.74 if hind else 0.70) * withers, (0.31 if not hind else 0.34) * withers
    # A hock bends backward, a knee stands nearly straight.
    knee = np.array([-0.075 * withers if hind else -0.005 * withers, 0.0, knee_z])
    ankle = np.array([-0.055 * withers if hind else 0.0, 0.0, 0.09 * withers])
    share = np.array([-0.10, 0.0, 0.22, 0.45, 0.68, 0.88, 1.05, 1.14])
    upper_z = knee_z + share * (top - knee_z)
    middle = (0.015 if hind else -0.01) * withers
    x = knee[0] + (middle - knee[0]) * np.clip(share * 1.5, 0.0, 1.0) ** 0.8
    wide = np.array(
        [
            knee_w * 0.6,
            knee_w * 0.95,
            knee_w * 1.15,
            top_w * 0.62,
            top_w * 0.74,
            top_w * 0.72,
            top_w * 0.55,
            top_w * 0.3,
        ]
    )
    deep = top_w * (
        np.array([0, 0, 0, 1.10, 1.45, 1.40, 1.0, 0.5]) if hind else np.array([0, 0, 0, 0.80, 1.00, 1.05, 0.8, 0.4])
    )
    deep[:3] = knee_w * 0.7, knee_w * 1.15, knee_w * (1.75 if hind else 1.4)
    wool = np.array([slot] * 3 + [COAT] * 4)  # thighs of sheep are in wool
    upper = _column(upper_z, x, wide, deep, wool)
    paws = species in ("dog", "cat", "fox")  # flatter and broader than hooves
    foot_z, foot_wide = ((0.22, 0.44), (1.35, 1.40, 1.10)) if paws else ((0.35, 0.80), (1.25, 1.20, 0.98))
    shank_z = [0.09 * withers, 0.5 * (0.09 * withers + knee_z), knee_z, knee_z + 0.05 * withers]
    lower_z = np.array([0.0, foot_z[0] * hoof, foot_z[1] * hoof, *shank_z])
    lower_x = np.array(
        [
            ankle[0] + 0.42 * hoof,
            ankle[0] + 0.36 * hoof,
            ankle[0] + 0.22 * hoof,
            ankle[0],
            (ankle[0] + knee[0]) / 2,
            knee[0],
            knee[0],
        ]
    )
    width = np.array([*(foot_w * np.array(foot_wide)), foot_w, foot_w * 0.92, knee_w, knee_w * 0.6])
    depth = np.array([0.62 * hoof, 0.56 * hoof, 0.40 * hoof, foot_w * 1.25, foot_w * 1.05, knee_w * 1.15, knee_w * 0.8])
    lower = _column(lower_z, lower_x, width, depth, np.array([slot if paws else HOOF] * 2 + [slot] * 4))
    return upper, lower, knee, ankle


def _column(z: F64, x: F64, width: F64, depth: F64, slots: int | F64) -> Mesh:
    angle = np.arange(10) * (2 * np.pi / 10)
    rings = np.stack(
        [x[:, None] + depth[:, None] * np.cos(angle), width[:, None] * np.sin(angle), np.repeat(z[:, None], 10, 1)], -1
    )
    return skin(finer(rings, 2), slots if isinstance(slots, int) else np.repeat(slots, 2))
