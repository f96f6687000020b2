"""Four-legged animals from one parametric body: deer, boar, fox, dog, cat, cow, horse, sheep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import paces
from simulator.actors.animal_coats import coat_materials, coat_uv, drawn_coat, row_of
from simulator.actors.animal_heads import Hide, Row, head_mesh
from simulator.actors.animal_tails import tail_lift, tail_segments
from simulator.actors.base import Actor, Pace, lengthened
from simulator.actors.gait import stride_m
from simulator.actors.sculpt import Lump, sculpted
from simulator.actors.shape import F64, finer, mirrored, patch, skin
from simulator.actors.skeleton import Segment, cycle_box, fade, hinge, skinned, turn
from simulator.scenario.distributions import Degrees, Fraction, Metres, OneOf, choice, uniform
from simulator.scene import Mesh, Model

POSES = ("walking", "standing")
DEER = ("roe", "fallow", "red")
BOARS = ("adult", "piglet")
DOGS = ("mongrel", "labrador", "shepherd", "collie", "beagle", "terrier", "dachshund")
SEASONS = ("spring", "summer", "autumn", "winter")
GLANCES = 12  # directions of the head of who watches, all around
WATCH_RAD, MOST_TURN_RAD = 2.4, 1.7  # beyond what necks turn; how far one turns that waits (by choice)


class Animal(Actor):
    """Base of the quadrupeds; each species is a row of the animal catalogue.

    Attributes:
        size: place within the species' withers heights: 0 the smallest, 1 the largest.
        withers_m: height of the withers; 0: by `size`.
        pose: what it does.
        pace_mps: at which it goes, by which it walks, trots or gallops; 0: the usual one.
        season: whose coat and antlers it has; "": that of the scene, or any.
        looks_deg: where it looks before it goes, to the left; who only stands watches what comes.
    """

    class_name: ClassVar[str] = "animal"
    deceleration_mps2: ClassVar[float] = 4.0

    size: Fraction = uniform(0.0, 1.0)
    withers_m: Metres = 0.0
    pose: Annotated[str, OneOf(*POSES)] = "walking"
    pace_mps: Pace = 0.0
    season: Annotated[str, OneOf("", *SEASONS)] = ""
    looks_deg: Degrees = 0.0

    def _build(self, rng: np.random.Generator) -> list[Model]:
        style = str(getattr(self, "style", ""))
        low, high = row_of(self.kind, style)["withers_m"]
        withers = lengthened(low + (high - low) * self.size, self.withers_m)
        pace = (self.pace_mps or self.speed_mps) if self.pose == "walking" else 0.0
        looks, grazes = np.radians(self.looks_deg), self.pose == "grazing"
        return [quadruped(self.kind, style, self.season, withers, pace, rng, looks_rad=looks, grazes=grazes)]


class Grazer(Animal):
    """Base of those that graze, with their heads down; then they watch nothing."""

    pose: Annotated[str, OneOf(*POSES, "grazing")] = "walking"


class Deer(Grazer, kind="deer"):
    """Roe, fallow or red deer; bucks and stags carry antlers, in velvet or not by the season.

    Attributes:
        style: species.
    """

    speed_mps: ClassVar[float] = 4.0
    max_speed_mps: ClassVar[float] = 16.0

    style: Annotated[str, OneOf(*DEER)] = choice(*DEER, weights=(0.65, 0.15, 0.20))


class Boar(Animal, kind="boar"):
    """Wild boar.

    Attributes:
        style: age.
    """

    speed_mps: ClassVar[float] = 2.5
    max_speed_mps: ClassVar[float] = 11.0

    style: Annotated[str, OneOf(*BOARS)] = "adult"


class Fox(Animal, kind="fox"):
    """Red fox."""

    speed_mps: ClassVar[float] = 2.5
    max_speed_mps: ClassVar[float] = 13.0


class Dog(Animal, kind="dog"):
    """Dog.

    Attributes:
        style: breed.
    """

    speed_mps: ClassVar[float] = 1.8
    max_speed_mps: ClassVar[float] = 11.0

    style: Annotated[str, OneOf(*DOGS)] = choice(*DOGS, weights=(0.28, 0.17, 0.13, 0.12, 0.08, 0.12, 0.10))


class Cat(Animal, kind="cat"):
    """House cat."""

    speed_mps: ClassVar[float] = 1.2
    max_speed_mps: ClassVar[float] = 11.0


class Cow(Grazer, kind="cow"):
    """Dairy or beef cow, plain or piebald."""

    speed_mps: ClassVar[float] = 1.0
    max_speed_mps: ClassVar[float] = 6.0


class Horse(Grazer, kind="horse"):
    """Horse."""

    speed_mps: ClassVar[float] = 1.7
    max_speed_mps: ClassVar[float] = 15.0


class Sheep(Grazer, kind="sheep"):
    """Sheep in wool."""

    speed_mps: ClassVar[float] = 1.0
    max_speed_mps: ClassVar[float] = 7.0


def quadruped(
    species: str,
    style: str,
    season: str,
    withers: float,
    pace_mps: float,
    rng: np.random.Generator,
    *,
    looks_rad: float = 0.0,
    grazes: bool = False,
) -> Model:
    """Model of an animal that goes at `pace_mps`, before which it looks to a side, or stands and watches, or grazes."""
    row = row_of(species, style)
    scale = withers / float(np.mean(row["withers_m"]))
    coat = drawn_coat(species, style, season, rng)
    bow = _grazing(row, withers, scale) if grazes else float(rng.uniform(-0.15, 0.30))
    watches = not pace_mps and not grazes
    if watches:  # with the head up
        bow = 0.5 * bow - 0.1
    row = _individual({**row, **coat.row}, species, season, rng)
    segments = _segments(row, withers, scale, rng, species, bow)
    hip = next(segment.pivot[2] for segment in segments if segment.name == "upper_hl")
    stride = stride_m(hip, pace_mps) if pace_mps else 0.0
    hoof = float(row["hoof"]) * scale
    stand = pose = paces.standing(segments, withers, rng)
    if pace_mps:
        pace = paces.pace_of(hip, pace_mps, bool(row["rotary"]), float(row["follows"]))
        lift = tail_lift(species, pace)
        pose = paces.going(segments, withers, hoof, stride, pace, float(rng.uniform()), lift)
    aside, nods = float(rng.uniform(-0.3, 0.3)), bow if not grazes else 0.55 * bow
    stand = paces.watching(stand, np.clip(looks_rad, -MOST_TURN_RAD, MOST_TURN_RAD), nods)
    if watches:
        shares = (np.arange(GLANCES) / GLANCES + 0.5) % 1.0 - 0.5
        pose = paces.watching(pose, 2.0 * WATCH_RAD * shares, nods)
    else:
        pose = replace(pose, turns={**pose.turns, "head": turn(pitch=nods, yaw=aside)})
    materials = coat_materials(coat, rng)
    body = skinned(segments, materials, pose, None if watches else stand, pace_mps)
    facts = [("species", species), ("pose", "walking" if pace_mps else "standing")]
    facts += [("breed", style.replace("_", " "))] if style else []
    model = Model("animal", (body,), attributes=tuple(facts), stride_m=stride, watch_rad=WATCH_RAD if watches else 0.0)
    box = cycle_box(model, phases=1 if watches else 16, margin=0.01)  # of who watches, as it looks ahead
    box[0, 2] = 0.0
    return replace(model, box=box)


def _individual(row: Row, species: str, season: str, rng: np.random.Generator) -> Row:
    """A row of the catalogue with what one animal has of it: white feet, a blaze, ears, antlers, fleece."""
    antlers = row.get("antlers", {})
    male = rng.random() < row.get("males", 0.5)
    state = antlers.get(season or str(rng.choice(SEASONS)), "cast") if male else "cast"
    shorn = rng.random() < {"summer": 0.85, "": 0.3}.get(season, 0.05)
    return {
        **row,
        "white_feet": rng.random(4) < row.get("white_feet", 0.0),
        "blaze": float(rng.uniform(0.3, 1.0)) if rng.random() < row.get("blaze", 0.0) else 0.0,
        "drop": rng.random() < row.get("drop", 0.5),
        "antlers": {**antlers, "state": state},
        "fleece": 0.08 if shorn else 1.0,
    }


def _grazing(row: Row, withers: float, k: float) -> float:
    """How far the neck is lowered so that the muzzle is just above the grass."""
    for bow in np.arange(0.3, 2.2, 0.05):
        if _neck(row, withers, k, float(bow))[1][2] < 0.92 * k * row["head"][0]:
            return float(bow)
    return 1.6


def _furred(segment: Segment, withers: float, across: float, lowered: F64) -> Segment:
    """The segment with the coat laid over it; `lowered`: the way of its vertices from where they are painted."""
    points = segment.mesh.vertices - lowered
    uv = coat_uv(points, withers, across, segment.name.startswith(("upper_", "lower_")))
    if segment.name in ("mane", "tail"):  # strands hang
        hangs = segment.mesh.slots == Hide.MANE
        strands = np.unique(segment.mesh.faces[hangs])
        uv[strands] = points[strands][:, [0, 2]] / (0.6 * withers)
    return replace(segment, mesh=replace(segment.mesh, uv=uv.astype(np.float32)))


def _segments(row: Row, withers: float, k: float, rng: np.random.Generator, species: str, bow: float) -> list[Segment]:
    """Trunk, neck, head, tail and four legs at rest; `k` scales the catalogue's metres, `bow` lowers the neck."""
    length, chest = row["body"][0] * k, row["body"][1] * k
    back = -0.5 * length
    base, tip = _neck(row, withers, k, bow)
    torso = _torso(row, withers, k, species, base, tip, rng)
    neck_root = base - np.array([0.10 * length, 0.0, 0.0])
    across = 1.0 if "patches" in row else 0.0  # patches of both sides differ
    _, rest = _neck(row, withers, k, 0.0)
    along = np.clip((torso.vertices - base) @ (tip - base) / ((tip - base) @ (tip - base)), 0.0, 1.0)
    trunk = Segment("trunk", "", (0.0, 0.0, withers), torso, _torso_blend(torso, row, withers, k, base, tip))
    segments = [
        _furred(trunk, withers, across, along[:, None] * (tip - rest)),
        Segment("neck", "trunk", _vector(neck_root)),
    ]
    head = Segment("head", "neck", _vector(tip), head_mesh(row, rest, k, species, rng).moved(*(tip - rest)))
    segments.append(_furred(head, withers, across, tip - rest))
    if species == "horse":
        mane = Segment("mane", "neck", _vector(base), _mane(row, base, tip, k, rng))
        segments.append(_furred(mane, withers, 0.0, np.zeros(3)))
    if species == "cow":
        segments.append(Segment("udder", "trunk", (0.0, 0.0, withers), _udder(row, withers, k)))
    root = np.array([back - 0.02 * length, 0.0, withers - 0.16 * chest])
    if species in ("cat", "fox"):
        root += [0.06 * length, 0.0, -0.12 * chest]
    bow = float(rng.uniform(0.6, 1.3))
    segments += [_furred(each, withers, across, np.zeros(3)) for each in tail_segments(row, species, root, k, bow)]
    for end in ("h", "f"):
        for side, sign in (("l", 1.0), ("r", -1.0)):
            upper, lower, knee, ankle = _leg(row, withers, k, end == "h", species, (end == "h") + 2 * (sign > 0))
            at = _leg_top(row, withers, k, end, sign)
            name = f"{end}{side}"
            parts = [(mesh if sign > 0 else mirrored(mesh)).moved(*(at * [1, 1, 0])) for mesh in (upper, lower)]
            blends = [_leg_blend(mesh, withers, float(knee[2]), name) for mesh in parts]
            ground = at * [1, 1, 0]
            legs = (
                Segment(f"upper_{name}", "trunk", _vector(at), parts[0], blends[0]),
                Segment(f"lower_{name}", f"upper_{name}", _vector(ground + knee), parts[1], blends[1]),
            )
            segments += [_furred(each, withers, across, np.zeros(3)) for each in legs]
            segments.append(Segment(f"foot_{name}", f"lower_{name}", _vector(ground + ankle)))
    return segments


def _udder(row: Row, withers: float, k: float) -> Mesh:
    """The bag between the hind legs, with four teats."""
    length, _, _, loin, _ = (v * k for v in row["body"])
    x, z, r = -0.27 * length, withers - 0.97 * loin, 0.18 * loin
    lumps = [
        Lump((x + 0.05 * length, s * 0.4 * r, z), (x - 0.05 * length, s * 0.4 * r, z), (r, 0.95 * r)) for s in (1, -1)
    ]
    for s in (1.0, -1.0):
        for at in (x + 0.05 * length, x - 0.04 * length):
            low = z - 0.9 * r
            lumps.append(Lump((at, s * 0.55 * r, low), (at, s * 0.6 * r, low - 0.42 * r), (0.14 * r, 0.10 * r)))
    return sculpted(lumps, 0.16 * r, 0.10 * r, Hide.SKIN)


def _leg_top(row: Row, withers: float, k: float, end: str, sign: float) -> F64:
    """Where a leg turns against the trunk (x, y, z): near the top of the shoulder blade, or at the hip."""
    length, _, half, _, loin_w = (v * k for v in row["body"])
    x, half, share = (0.37 * length, half, 0.84) if end == "f" else (-0.38 * length, loin_w, 0.80)
    return np.array([x, sign * (half - 0.80 * row["leg"][0] * k), share * withers])


def _leg_blend(mesh: Mesh, withers: float, knee_z: float, name: str) -> dict[str, F64]:
    z = mesh.vertices[:, 2].astype(np.float64)
    knee = hinge((knee_z - z) / (0.045 * withers), f"upper_{name}", f"lower_{name}")
    foot = hinge((0.09 * withers - z) / (0.030 * withers), f"lower_{name}", f"foot_{name}")
    return knee | foot | {f"lower_{name}": knee[f"lower_{name}"] + foot[f"lower_{name}"] - 1.0}


def _torso_blend(mesh: Mesh, row: Row, withers: float, k: float, base: F64, tip: F64) -> dict[str, F64]:
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


def _neck(row: Row, withers: float, k: float, bow: float) -> tuple[F64, F64]:
    """Where the neck begins in the chest and where it carries the head (x, y, z); `bow`: how far it is lowered."""
    length, deg, low, _ = row["neck"]
    front, chest = 0.5 * k * row["body"][0], k * row["body"][1]
    rise = np.radians(deg) - bow
    base = np.array([front - 0.14 * k * row["body"][0], 0.0, withers - 0.36 * chest])
    reach = k * (length + 0.10 * row["body"][0] + 0.4 * low)
    # A lowered neck is stretched, and the shoulders that carry it slide forward and down with its root.
    down = float(np.clip((bow - 0.5) / 0.8, 0.0, 1.0)) * min(length / 0.5, 1.0)
    reach *= 1.0 + 0.30 * down
    base += np.array([0.04 * k * row["body"][0], 0.0, -0.14 * chest]) * down
    tip = base + reach * np.array([np.cos(rise), 0.0, np.sin(rise)]) + [0.0, 0.0, 0.10 * chest]
    return base, tip


def _torso(row: Row, withers: float, k: float, species: str, base: F64, tip: F64, rng: np.random.Generator) -> Mesh:
    """Barrel, rump, shoulders, haunches and neck as one smooth surface."""
    length, chest, chest_w, loin, loin_w = (v * k for v in row["body"])
    sag = {"horse": 0.03, "cow": 0.01, "boar": -0.06, "deer": 0.02, "cat": -0.07}.get(species, 0.0) * chest
    up, low_neck, high_neck = withers, row["neck"][2] * k, row["neck"][3] * k

    def _at(x: float, down: float, y: float = 0.0) -> tuple[float, float, float]:
        return (x * length, y, up - down)

    high = (0.24 if species == "boar" else 0.16) * chest
    rib, belly = 0.485 * chest, 0.49 * loin
    drop = {"cow": 0.035, "sheep": 0.02}.get(species, 0.0) * chest  # of the paunch
    lumps = [
        Lump(_at(0.26, 0.52 * chest), _at(0.02, 0.50 * chest), (rib, 0.97 * rib), chest_w / rib),
        Lump(_at(0.02, 0.50 * chest + drop), _at(-0.22, 0.50 * loin + sag), (0.97 * rib + drop, belly), loin_w / belly),
        Lump(_at(-0.22, 0.50 * loin + sag), _at(-0.41, 0.47 * loin), (belly, 0.42 * loin), 0.96 * loin_w / belly),
        Lump(_at(0.40, 0.62 * chest), _at(0.30, 0.70 * chest), (0.24 * chest, 0.26 * chest), 0.8),  # brisket
        Lump(_at(0.30, high), _at(0.16, high - 0.01 * chest), (0.15 * chest, 0.13 * chest), 0.7),  # withers
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
    if species == "cow":
        lumps += _bones_of_cattle(_at, middle, chest, loin, loin_w)
    if species == "fox":
        lumps += _ruff_of_foxes(_at, base, tip, chest, chest_w, loin, loin_w)
    if species == "dog":
        lumps += _muscles_of_dogs(_at, chest, chest_w, loin, loin_w)
    if species == "sheep":
        lumps += _bulk_of_sheep(_at, base, tip, chest, chest_w, loin, loin_w)

    waves = rng.standard_normal((24, 3))
    waves *= (2 * np.pi / (withers * rng.uniform(0.075, 0.16, 24)) / np.linalg.norm(waves, axis=1))[:, None]
    starts = rng.uniform(0.0, 2 * np.pi, 24)

    def _wool(points: F64) -> F64:
        """Locks: where waves from all sides meet; some 6 cm of fleece, of which shears leave little."""
        locks = np.abs(np.sin(points @ waves.T + starts)).sum(1)
        return np.asarray(k * float(row["fleece"]) * (0.0040 * locks - 0.008) - 0.010 * k)

    def _feathers(points: F64) -> F64:
        """Long hair in tufts, longest below the neck, the chest and the thighs."""
        tufts = np.abs(np.sin(points @ (waves * [0.7, 0.7, 0.4]).T + starts)).mean(1)
        low = fade(-points[:, 2], -0.85 * withers, -0.5 * withers)
        return np.asarray(float(row["hair_m"]) * k * (0.5 + low) * (2.4 * tufts - 0.6))

    def _bristles(points: F64) -> F64:
        """Coarse hair in tufts that fall down the sides, and a ridge of it along the back."""
        across = np.asarray(0.0022 * k * np.abs(np.sin(points @ (waves * [1.0, 0.6, 0.25]).T + starts)).sum(1))
        crest = np.exp(-((points[:, 1] / (0.10 * chest)) ** 2)) * np.clip(points[:, 2] / up - 0.72, 0.0, 0.2) / 0.2
        along = fade(-points[:, 0], -0.46 * length, -0.30 * length) * fade(points[:, 0], -0.40 * length, 0.10 * length)
        return np.asarray(row["bristles"] * (across - 0.030 * k + 0.050 * k * crest * along))

    def _muscles(points: F64) -> F64:
        """Swellings and hollows a few hands wide."""
        return np.asarray(0.0010 * k * np.sin(0.42 * points @ waves.T + starts).sum(1))

    lean = species in ("cow", "horse", "deer", "dog")  # bones and muscles show under short hair
    blend = (0.026 if lean else 0.036) * withers
    relief = {"sheep": _wool, "boar": _bristles, "cow": _muscles, "horse": _muscles}.get(species)
    relief = _feathers if row.get("hair_m") else relief
    step = max(withers, 0.8 * length) / {"boar": 32, "sheep": 26}.get(species, 28)  # long ones in as many triangles
    return sculpted(lumps, step, blend, Hide.COAT, relief)


def _bones_of_cattle(
    at: Callable[[float, float, float], tuple[float, float, float]], neck: F64, chest: float, loin: float, half: float
) -> list[Lump]:
    """What shows of a cow's bones: flat loin, hooks and pins with the rump between, flat thighs, tail head, dewlap."""
    lumps = []
    for side in (1.0, -1.0):
        shelf = at(-0.04, 0.10 * loin, side * 0.42 * half), at(-0.24, 0.085 * loin, side * 0.60 * half)
        lumps.append(Lump(*shelf, (0.055 * loin, 0.055 * loin)))
        hook = at(-0.27, 0.11 * loin, side * 0.86 * half), at(-0.285, 0.14 * loin, side * 0.90 * half)
        lumps.append(Lump(*hook, (0.062 * loin, 0.07 * loin)))
        pin = at(-0.47, 0.17 * loin, side * 0.36 * half), at(-0.50, 0.22 * loin, side * 0.38 * half)
        lumps.append(Lump(*pin, (0.06 * loin, 0.065 * loin)))
        rump = at(-0.28, 0.30 * loin, side * 0.46 * half), at(-0.44, 0.34 * loin, side * 0.36 * half)
        lumps.append(Lump(*rump, (0.24 * loin, 0.20 * loin)))
        stifle = at(-0.30, 0.40 * loin, side * 0.62 * half), at(-0.23, 0.92 * loin, side * 0.74 * half)
        lumps.append(Lump(*stifle, (0.17 * loin, 0.12 * loin), 0.7))
        thigh = at(-0.43, 0.42 * loin, side * 0.50 * half), at(-0.40, 1.12 * loin, side * 0.56 * half)
        lumps.append(Lump(*thigh, (0.20 * loin, 0.13 * loin), 0.75))
        blade = at(0.20, 0.10 * chest, side * 0.40 * half), at(0.36, 0.62 * chest, side * 0.86 * half)
        lumps.append(Lump(*blade, (0.09 * chest, 0.12 * chest), 0.7))
    lumps.append(Lump(at(-0.36, 0.06 * loin, 0.0), at(-0.51, 0.11 * loin, 0.0), (0.055 * loin, 0.05 * loin)))
    low = neck - [0.0, 0.0, 0.34 * chest]
    lumps.append(Lump(at(0.42, 0.82 * chest, 0.0), _vector(low), (0.13 * chest, 0.08 * chest), 0.28))
    return lumps


def _muscles_of_dogs(
    at: Callable[[float, float, float], tuple[float, float, float]], chest: float, half: float, loin: float, thin: float
) -> list[Lump]:
    """What shows of a dog's frame: blades and upper arms, a deep keel, thighs and buttocks."""
    lumps = [Lump(at(0.34, 0.80 * chest, 0.0), at(0.10, 0.90 * chest, 0.0), (0.13 * chest, 0.11 * chest), 0.8)]
    for side in (1.0, -1.0):
        blade = at(0.20, 0.16 * chest, side * 0.50 * half), at(0.36, 0.66 * chest, side * 0.98 * half)
        lumps.append(Lump(*blade, (0.13 * chest, 0.15 * chest), 0.6))
        arm = at(0.36, 0.66 * chest, side * 0.94 * half), at(0.30, 0.96 * chest, side * 0.84 * half)
        lumps.append(Lump(*arm, (0.14 * chest, 0.08 * chest), 0.7))
        thigh = at(-0.38, 0.40 * loin, side * 0.80 * thin), at(-0.32, 1.10 * loin, side * 0.98 * thin)
        lumps.append(Lump(*thigh, (0.46 * loin, 0.20 * loin), 0.5))
        buttock = at(-0.46, 0.50 * loin, side * 0.62 * thin), at(-0.44, 1.25 * loin, side * 0.82 * thin)
        lumps.append(Lump(*buttock, (0.22 * loin, 0.15 * loin), 0.6))
    return lumps


def _ruff_of_foxes(
    at: Callable[[float, float, float], tuple[float, float, float]],
    base: F64,
    tip: F64,
    chest: float,
    half: float,
    loin: float,
    thin: float,
) -> list[Lump]:
    """The long hair of a fox's breast and neck, its keel, and its thighs."""
    front = base + 0.35 * (tip - base)
    lumps = [
        Lump(at(0.43, 0.52 * chest, 0.0), _vector(front - [0.0, 0.0, 0.10 * chest]), (0.30 * chest, 0.27 * chest), 0.8),
        Lump(at(0.36, 0.78 * chest, 0.0), at(0.08, 0.84 * chest, 0.0), (0.19 * chest, 0.15 * chest), 0.8),
    ]
    for side in (1.0, -1.0):
        blade = at(0.22, 0.14 * chest, side * 0.45 * half), at(0.37, 0.66 * chest, side * 0.92 * half)
        lumps.append(Lump(*blade, (0.13 * chest, 0.16 * chest), 0.65))
        thigh = at(-0.38, 0.40 * loin, side * 0.78 * thin), at(-0.31, 1.20 * loin, side * 0.98 * thin)
        lumps.append(Lump(*thigh, (0.46 * loin, 0.24 * loin), 0.55))
    return lumps


def _bulk_of_sheep(
    at: Callable[[float, float, float], tuple[float, float, float]],
    base: F64,
    tip: F64,
    chest: float,
    half: float,
    loin: float,
    thin: float,
) -> list[Lump]:
    """What makes a sheep blocky: a level back, a square rump, full thighs and a short, thick neck."""
    back = at(0.22, 0.24 * chest, 0.0), at(-0.40, 0.26 * loin, 0.0)
    neck = _vector(base - [0.0, 0.0, 0.06 * chest]), _vector(base + 0.75 * (tip - base) - [0.0, 0.0, 0.05 * chest])
    lumps = [
        Lump(*back, (0.24 * chest, 0.25 * loin), 0.72 * half / (0.24 * chest)),
        Lump(*neck, (0.34 * chest, 0.21 * chest), 0.8),
        Lump(at(0.36, 0.70 * chest, 0.0), at(0.20, 0.80 * chest, 0.0), (0.26 * chest, 0.24 * chest), 0.85),
    ]
    for side in (1.0, -1.0):
        thigh = at(-0.38, 0.46 * loin, side * 0.56 * thin), at(-0.36, 0.92 * loin, side * 0.60 * thin)
        lumps.append(Lump(*thigh, (0.36 * loin, 0.22 * loin), 0.72))
        arm = at(0.26, 0.40 * chest, side * 0.55 * half), at(0.34, 0.84 * chest, side * 0.62 * half)
        lumps.append(Lump(*arm, (0.30 * chest, 0.16 * chest), 0.65))
    return lumps


def _mane(row: Row, base: F64, tip: F64, k: float, rng: np.random.Generator) -> Mesh:
    """Hair that stands up along the crest of the neck and falls to one side of it, in locks of uneven length."""
    way = tip - base
    up = np.cross(way / np.linalg.norm(way), [0.0, 1.0, 0.0])
    count, side = 22, float(rng.choice([-1.0, 1.0]))
    along = np.linspace(0.16, 1.10, count)
    high, low = 1.55 * k * row["neck"][3], 1.80 * k * row["neck"][2]  # half depth of the neck at the head, the chest
    deep = np.interp(along, [0.0, 0.5, 1.0, 1.1], [low, 0.5 * (low + high), high, 0.85 * high])
    wide = deep / 1.5
    fall = rng.uniform(1.15, 1.75, count) * np.interp(along, [0.16, 0.4, 1.0, 1.1], [0.35, 1.0, 1.0, 0.6])
    rows = []
    for share, lift in ((-0.16, 1.0), (0.0, 1.16), (0.35, 1.18), (0.7, 1.18), (1.0, 1.14)):
        angle = share * fall if share > 0 else np.full(count, share)
        y, z = wide * lift * np.sin(angle) * side, deep * lift * np.cos(angle)
        slack = 0.03 * k * max(share, 0.0) * side  # hair hangs off the skin
        rows.append(base + along[:, None] * way + z[:, None] * up + (y + slack)[:, None] * np.array([0.0, 1.0, 0.0]))
    return patch(np.stack(rows), int(Hide.MANE), flip=side > 0)


def _leg(row: Row, withers: float, k: float, hind: bool, species: str, which: int) -> tuple[Mesh, Mesh, F64, F64]:
    """Upper and lower leg in the plane y = 0 about x = 0, the joint between them (knee or hock), and the fetlock.

    `which`: of `row["white_feet"]`.
    """
    top_w, knee_w, foot_w = (v * k for v in row["leg"])
    hoof = float(row["hoof"]) * k
    slot = Hide.COAT if species != "sheep" else Hide.UNDER
    top, knee_z = (0.74 if hind else 0.70) * withers, (0.31 if not hind else 0.34) * withers
    # A hock bends backward, a knee stands nearly straight.
    paws = species in ("dog", "cat", "fox")  # flatter and broader than hooves; hocks farther back
    knee = np.array([-(0.105 if paws else 0.075) * withers if hind else -0.005 * withers, 0.0, knee_z])
    ankle = np.array([-(0.085 if paws else 0.055) * withers if hind else 0.0, 0.0, 0.09 * withers])
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
    wool = np.array([slot] * 3 + [Hide.COAT] * 4)  # thighs of sheep are in wool
    upper = _column(upper_z, x, wide, deep, wool)
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
    slots = np.array([slot if paws else Hide.HOOF] * 2 + [slot] * 4)
    if row["white_feet"][which]:
        slots[2:4] = Hide.WHITE
    lower = _column(lower_z, lower_x, width, depth, slots)
    return upper, lower, knee, ankle


def _column(z: F64, x: F64, width: F64, depth: F64, slots: int | F64) -> Mesh:
    angle = np.arange(10) * (2 * np.pi / 10)
    rings = np.stack(
        [x[:, None] + depth[:, None] * np.cos(angle), width[:, None] * np.sin(angle), np.repeat(z[:, None], 10, 1)], -1
    )
    return skin(finer(rings, 2), slots if isinstance(slots, int) else np.repeat(slots, 2))
