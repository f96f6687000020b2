"""Things that lie where they should not: real dimensions, origin on the ground below the middle."""

from __future__ import annotations

from functools import cache

import numpy as np

from simulator.numerics import se3
from simulator.scene import Body, Lamp, Material, Mesh, Model, Switch, Texture
from simulator.scene.material import Beam, Surface, srgb
from simulator.scene.mesh import box, cylinder, grid, loft, merge
from simulator.scene.noise import spectral_noise, to_srgb8

RUBBER = Material("rubber", (0.03, 0.03, 0.03), roughness=0.85, reflectance_905=0.05, porosity=0.0)
STEEL = Material("steel", (0.5, 0.5, 0.52), roughness=0.35, metallic=1.0, reflectance_905=0.45)
WOOD = Material("wood", srgb("#b08d5f"), roughness=0.8, reflectance_905=0.6)
CARDBOARD = Material("cardboard", srgb("#a8815a"), roughness=0.95, reflectance_905=0.6)
PAPER = Material("tape", srgb("#d9cdb0"), roughness=0.6)
WHITE_SHEETING = Material("white sheeting", (0.75, 0.75, 0.75), roughness=0.5, retro_cd_lx_m2=70.0)
RED_SHEETING = Material("red sheeting", srgb("#b3151c"), roughness=0.5, retro_cd_lx_m2=14.0)
CONE_ORANGE = Material("cone plastic", srgb("#ff5a14"), roughness=0.5, reflectance_905=0.6)
AMBER_LENS = Material(
    "amber lens", srgb("#ff9a1f"), roughness=0.2, emission_cd_m2=(6000.0, 2200.0, 60.0), switch=Switch.BEACON
)


def _cloth(name: str, color: str, stripes: int, seed: int) -> Texture:
    size = 128
    rng = np.random.Generator(np.random.PCG64(seed))
    shade = 1 + 0.06 * spectral_noise(size, rng, slope=1.5)
    image = np.array(srgb(color)) * shade[..., None]
    if stripes:
        dark = (np.arange(size) * stripes // size) % 2 == 1
        image[:, dark] *= np.array([0.55, 0.62, 0.8])
    quilting = np.abs(np.sin(np.arange(size) * np.pi * 4 / size))
    image *= (0.85 + 0.15 * np.minimum(quilting[:, None], quilting[None]))[..., None]
    return Texture(name, to_srgb8(image))


@cache
def fabric(name: str, color: str, stripes: int = 0) -> Material:
    """Quilted cloth, optionally striped."""
    texture = _cloth(name, color, stripes, len(name) + stripes)
    return Material(name, (1.0, 1.0, 1.0), texture, roughness=0.95, reflectance_905=0.6)


def _model(class_name: str, *bodies: tuple[Mesh, Material], **attributes: str) -> Model:
    return Model(
        class_name,
        tuple(Body(mesh, (material,)) for mesh, material in bodies),
        attributes=tuple(attributes.items()),
    )


def _cushion(length: float, width: float, height: float, sag: float, rng: np.random.Generator) -> Mesh:
    """A soft box lying on the ground: rounded edges, its middle sagging and wavy."""
    n = 16
    along, profile = np.linspace(-1, 1, n), []
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    y = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** 0.35
    z = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** 0.45
    wave = rng.uniform(0, 2 * np.pi, 2)
    for a in along:
        end = (1 - a**8) ** 0.25 if abs(a) < 1 else 0.15
        lift = sag * (a**2) + 0.3 * sag * np.sin(3 * a + wave[0])
        ring = np.stack(
            [np.full(24, a * length / 2), y * width / 2 * (0.9 + 0.1 * end), z * height / 2 * max(end, 0.3)],
            1,
        )
        ring[:, 2] += height / 2 + max(lift, 0.0)
        profile.append(ring)
    return loft(np.stack(profile))


def sofa(rng: np.random.Generator) -> Model:
    """Two-seat sofa 1.6..2.0 m wide."""
    width = float(rng.uniform(1.6, 2.0))
    cloth = fabric("sofa cloth", str(rng.choice(["#6b4a36", "#4a5560", "#7c2f2f", "#50604a"])))
    pieces = [
        box((0.85, width, 0.28), (0, 0, 0.24)),
        box((0.22, width, 0.5), (-0.36, 0, 0.6)),
        box((0.85, 0.18, 0.32), (0, width / 2 - 0.09, 0.5)),
        box((0.85, 0.18, 0.32), (0, -width / 2 + 0.09, 0.5)),
    ]
    cushions = [
        _cushion(0.6, width / 2 - 0.2, 0.16, 0.0, rng).moved(0.06, side * (width / 4 - 0.08), 0.36) for side in (-1, 1)
    ]
    feet = [cylinder(0.03, 0.1).moved(x, y * (width / 2 - 0.1)) for x in (-0.35, 0.35) for y in (-1, 1)]
    return _model("debris", (merge(pieces), cloth), (merge(cushions), cloth), (merge(feet), WOOD))


def refrigerator(rng: np.random.Generator) -> Model:
    """Refrigerator lying on its back: 1.4..1.8 x 0.6 x 0.62 m."""
    length = float(rng.uniform(1.4, 1.8))
    white = Material("enamel", (0.75, 0.75, 0.74), roughness=0.25, clearcoat=0.6, reflectance_905=0.8)
    gap = Material("seal", (0.08, 0.08, 0.08))
    door = box((length * 0.66, 0.58, 0.05), (length * 0.16, 0, 0.62))
    freezer = box((length * 0.3, 0.58, 0.05), (-length * 0.34, 0, 0.62))
    handle = merge([box((0.3, 0.02, 0.04), (0.1, 0.22, 0.67)), box((0.18, 0.02, 0.04), (-length * 0.32, 0.22, 0.67))])
    return _model(
        "debris",
        (box((length, 0.6, 0.58), (0, 0, 0.29)), white),
        (box((length * 0.98, 0.57, 0.02), (0, 0, 0.59)), gap),
        (merge([door, freezer]), white),
        (handle, STEEL),
    )


def ladder(rng: np.random.Generator) -> Model:
    """Aluminium ladder 2.5..4 m lying flat."""
    length = float(rng.uniform(2.5, 4.0))
    rails = [box((length, 0.03, 0.07), (0, y, 0.035)) for y in (-0.2, 0.2)]
    rungs = [box((0.03, 0.4, 0.03), (x, 0, 0.035)) for x in np.arange(-length / 2 + 0.15, length / 2, 0.28)]
    return _model("debris", (merge(rails + rungs), STEEL))


def pipes(rng: np.random.Generator) -> Model:
    """A spilled load of 6..10 pipes, 2..3.5 m long."""
    grey = Material(
        "PVC pipe", srgb(str(rng.choice(["#c8641e", "#9aa0a6", "#6d6f70"]))), roughness=0.5, reflectance_905=0.6
    )
    meshes = []
    for _ in range(int(rng.integers(6, 11))):
        length, radius, yaw = rng.uniform(2.0, 3.5), rng.uniform(0.05, 0.09), rng.normal(0, 0.35)
        pose = se3.pose((rng.uniform(-0.6, 0.6), rng.uniform(-0.9, 0.9), radius), 0.0, np.pi / 2, 0.0)
        turn = se3.pose((0, 0, 0), 0, 0, yaw)
        meshes.append(cylinder(radius, length, segments=12).moved(z=-length / 2).transformed(turn @ pose))
    return _model("debris", (merge(meshes), grey))


def crate(rng: np.random.Generator) -> Model:
    """Plastic crate 0.6 x 0.4 x 0.2..0.32 m with an open top."""
    h = float(rng.uniform(0.2, 0.32))
    color = srgb(str(rng.choice(["#2f3133", "#8d9295", "#1d5fa8", "#2b7a3f", "#a8201d"])))
    walls = [
        box((0.6, 0.4, 0.015), (0, 0, 0.008)),
        *(box((0.6, 0.015, h), (0, y, h / 2)) for y in (-0.19, 0.19)),
        *(box((0.015, 0.4, h), (x, 0, h / 2)) for x in (-0.29, 0.29)),
        *(box((0.63, 0.03, 0.03), (0, y, h)) for y in (-0.2, 0.2)),
        *(box((0.03, 0.43, 0.03), (x, 0, h)) for x in (-0.3, 0.3)),
    ]
    return _model("debris", (merge(walls), Material("crate plastic", color, roughness=0.45)))


def carton(rng: np.random.Generator) -> Model:
    """Cardboard box 0.3..0.7 m with open flaps."""
    x, y, z = rng.uniform((0.3, 0.3, 0.25), (0.7, 0.5, 0.5))
    flaps = []
    for side, (fx, fy) in enumerate([(1, 0), (-1, 0), (0, 1), (0, -1)]):
        tilt = rng.uniform(0.2, 1.3)
        size = (x / 2, y, 0.006) if side < 2 else (x, y / 2, 0.006)
        flap = box(size, (fx * size[0] / 2, fy * size[1] / 2, 0.0))
        turn = se3.pose((fx * x / 2, fy * y / 2, z), roll=fy * tilt, pitch=-fx * tilt)
        flaps.append(flap.transformed(turn))
    strip = box((x * 1.002, 0.05, z * 1.002), (0, 0, z / 2))
    return _model("debris", (merge([box((x, y, z), (0, 0, z / 2)), *flaps]), CARDBOARD), (strip, PAPER))


def pallet(_: np.random.Generator) -> Model:
    """Euro pallet EPAL 1: 1.2 x 0.8 x 0.144 m (UIC 435-2)."""
    boards = [
        box((1.2, w, 0.022), (0, y, 0.133))
        for y, w in ((-0.328, 0.145), (-0.165, 0.1), (0, 0.145), (0.165, 0.1), (0.328, 0.145))
    ]
    boards += [box((0.145, 0.8, 0.022), (x, 0, 0.111)) for x in (-0.527, 0, 0.527)]
    boards += [box((0.145, 0.1, 0.078), (x, y, 0.061)) for x in (-0.527, 0, 0.527) for y in (-0.35, 0, 0.35)]
    boards += [box((1.2, 0.1, 0.022), (0, y, 0.011)) for y in (-0.35, 0, 0.35)]
    return _model("debris", (merge(boards), WOOD))


def tyre(rng: np.random.Generator) -> Model:
    """Car tyre lying on its side, 0.6..0.68 m across."""
    outer, width = float(rng.uniform(0.30, 0.34)), float(rng.uniform(0.17, 0.22))
    t = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    radial = outer - 0.06 + 0.06 * np.sign(np.cos(t)) * np.abs(np.cos(t)) ** 0.6
    height = width / 2 + width / 2 * np.sign(np.sin(t)) * np.abs(np.sin(t)) ** 0.6
    angle = np.linspace(0, 2 * np.pi, 33)[:-1]
    rings = np.stack([np.stack([radial * np.cos(a), radial * np.sin(a), height], 1) for a in np.append(angle, 0.0)])
    return _model("debris", (loft(rings, caps=False), RUBBER))


def tread(rng: np.random.Generator) -> Model:
    """Carcass strip of a lorry tyre, 0.8..1.6 m long, curled."""
    length, width = float(rng.uniform(0.8, 1.6)), float(rng.uniform(0.18, 0.26))
    u = np.linspace(-0.5, 0.5, 18)
    curl, twist = rng.uniform(0.15, 0.5), rng.normal(0, 0.5)
    x = u * length
    z = 0.02 + curl * (u**2) * 1.6 + 0.03 * np.abs(np.sin(9 * u + rng.uniform(0, 6)))
    y = 0.15 * np.sin(3 * u + twist)
    edge = rng.uniform(0.75, 1.1, (18, 2))
    top = np.stack(
        [
            np.stack([x, y - width / 2 * edge[:, 0], z], 1),
            np.stack([x, y + width / 2 * edge[:, 1], z + 0.04 * twist], 1),
        ],
        1,
    )
    top[..., 2] -= top[..., 2].min()
    ring = np.concatenate([top, top[:, ::-1] + [0, 0, 0.018]], axis=1)
    return _model("debris", (loft(ring), RUBBER))


def plank(rng: np.random.Generator) -> Model:
    """One to three planks 1.5..3 m long."""
    meshes = []
    for k in range(int(rng.integers(1, 4))):
        size = rng.uniform((1.5, 0.12, 0.025), (3.0, 0.2, 0.05))
        meshes.append(
            box(size, (0, 0, size[2] / 2 + 0.05 * k)).transformed(se3.pose((0, 0.1 * k, 0), yaw=rng.normal(0, 0.3)))
        )
    return _model("debris", (merge(meshes), WOOD))


def suitcase(rng: np.random.Generator) -> Model:
    """Hard-shell suitcase 0.55..0.75 m lying flat."""
    length = float(rng.uniform(0.55, 0.75))
    shell = Material(
        "suitcase shell",
        srgb(str(rng.choice(["#22252b", "#5b1f2a", "#24507a", "#8a8f96"]))),
        roughness=0.3,
        clearcoat=0.4,
    )
    body = _cushion(length, length * 0.66, 0.26, 0.0, rng)
    wheels = [cylinder(0.025, 0.03).moved(-length / 2, y, 0.05) for y in (-0.15, 0.15)]
    return _model("debris", (body, shell), (merge([box((0.02, 0.2, 0.02), (length / 2, 0, 0.15)), *wheels]), RUBBER))


def bumper(rng: np.random.Generator) -> Model:
    """Torn-off car bumper, 1.7 m wide, bent."""
    paint = Material(
        "bumper paint",
        srgb(str(rng.choice(["#d9dadb", "#17181a", "#7d8286", "#7a1418", "#1c3557"]))),
        roughness=0.35,
        clearcoat=0.7,
    )
    u = np.linspace(-1, 1, 20)
    x = 0.25 * (1 - u**2) + rng.normal(0, 0.02, 20)
    rings = []
    for k in range(20):
        h = 0.2 + 0.04 * np.cos(u[k] * 2)
        section = np.array(
            [
                [0.0, 0.02],
                [0.06, 0.05],
                [0.08, h / 2],
                [0.05, h],
                [0.03, h],
                [0.05, h / 2],
                [0.03, 0.06],
                [-0.02, 0.03],
            ]
        )
        rings.append(np.stack([x[k] + section[:, 0], np.full(8, u[k] * 0.85), section[:, 1]], 1))
    return _model("debris", (loft(np.stack(rings)[::-1]), paint))


def rock(rng: np.random.Generator, radius_m: float) -> Model:
    """A broken stone about `radius_m` in radius."""
    directions = rng.standard_normal((16, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    polar, angle = np.linspace(0.05, np.pi - 0.05, 13)[::-1], np.linspace(0, 2 * np.pi, 18, endpoint=False)
    unit = np.stack(
        [
            np.sin(polar)[:, None] * np.cos(angle),
            np.sin(polar)[:, None] * np.sin(angle),
            np.repeat(np.cos(polar)[:, None], 18, 1),
        ],
        -1,
    )
    # a convex stone: the ball cut by random planes
    reach = np.min(rng.uniform(0.5, 0.9, 16) / np.maximum(unit @ directions.T, 1e-3), axis=-1)
    points = unit * np.minimum(reach, 1.0)[..., None] * radius_m * rng.uniform((0.9, 0.75, 0.6), (1.2, 1.0, 0.9))
    points[..., 2] -= points[..., 2].min() + 0.05 * radius_m
    tone = rng.uniform(0.16, 0.34)
    stone = Material("stone", (tone, tone * 0.95, tone * 0.86), roughness=0.95, reflectance_905=min(1.3 * tone, 0.5))
    mesh = loft(points, smooth=False)
    return _model("debris", (mesh, stone))


@cache
def cone(height_m: float = 0.75) -> Model:
    """Traffic cone with two retro-reflective bands and a rubber foot (EN 13422: 0.5 / 0.75 m)."""
    r = 0.2 * height_m

    def ring(low: float, high: float, grow: float = 0.0) -> Mesh:
        a, b = r * (1 - low * 0.86) + grow, r * (1 - high * 0.86) + grow
        return cylinder(a, (high - low) * height_m, segments=20, top_radius=b).moved(z=low * height_m + 0.03)

    foot = box((2.3 * r, 2.3 * r, 0.03), (0, 0, 0.015))
    return _model(
        "traffic_cone",
        (foot, RUBBER),
        (ring(0.0, 0.96), CONE_ORANGE),
        (merge([ring(0.35, 0.52, 0.002), ring(0.66, 0.8, 0.002)]), WHITE_SHEETING),
    )


def toppled_cone(height_m: float = 0.75) -> Model:
    """A cone that lies along x on the edge of its foot and on its tip; its box lies with it, so it stays upright."""
    standing = cone(height_m)
    foot, tip = 0.23 * height_m, 0.035 * height_m  # half the foot's width and the tip's radius, as `cone` has them
    lean = np.pi / 2 + np.arctan2(foot - tip, height_m - 0.03)
    lying = [body.mesh.transformed(se3.pose(np.zeros(3), pitch=lean)) for body in standing.bodies]
    low, high = merge(lying).bounds
    bodies = [
        Body(mesh.moved(x=-(low[0] + high[0]) / 2, z=-low[2]), body.materials)
        for mesh, body in zip(lying, standing.bodies)
    ]
    return Model(standing.class_name, tuple(bodies), attributes=(("pose", "toppled"),))


def _stripes(name: str, count: int) -> Texture:
    size = 128
    x, y = np.meshgrid(np.arange(size), np.arange(size))
    red = ((x + y) * count // size) % 2 == 0
    image = np.where(red[..., None], np.array(srgb("#c01018")), np.array([0.8, 0.8, 0.8]))
    return Texture(name, to_srgb8(image))


@cache
def _barrier_sheeting() -> Material:
    return Material(
        "barrier sheeting",
        (1.0, 1.0, 1.0),
        _stripes("red-white stripes", 2),
        roughness=0.5,
        retro_cd_lx_m2=40.0,
    )


@cache
def barrier(width_m: float = 2.0) -> Model:
    """Road-works barrier board on two feet with an amber beacon, facing -x (toward arriving traffic)."""
    board = merge(
        [
            box((0.03, width_m, 0.25), (0, 0, 0.95), uv_m=0.5),
            box((0.03, width_m, 0.12), (0, 0, 0.35), uv_m=0.5),
        ]
    )
    posts = merge([box((0.05, 0.05, 1.1), (0, y * (width_m / 2 - 0.2), 0.55)) for y in (-1, 1)])
    feet = merge([box((0.8, 0.28, 0.12), (0, y * (width_m / 2 - 0.2), 0.06)) for y in (-1, 1)])
    beacon = cylinder(0.09, 0.07, segments=16).transformed(se3.pose((-0.04, 0, 1.25), pitch=np.pi / 2))
    lamp = Lamp((-0.1, 0, 1.25), (-1, 0, 0), 60.0, (1.9, 0.83, 0.03), Beam.SIGNAL, Switch.BEACON)
    model = _model("barrier", (board, _barrier_sheeting()), (posts, STEEL), (feet, RUBBER), (beacon, AMBER_LENS))
    return Model(model.class_name, model.bodies, lamps=(lamp,))


@cache
def warning_triangle() -> Model:
    """Warning triangle ECE R27: sides 0.5 m, red retro-reflective band, facing -x."""
    side, band = 0.5, 0.05
    corners = np.array([[0, 0.5 * side], [0, -0.5 * side], [side * 0.866, 0.0]])  # (z, y)
    bars = []
    for k in range(3):
        a, b = corners[k], corners[(k + 1) % 3]
        inward = corners.mean(0)
        quad = np.array([a, b, b + (inward - b) * band * 4, a + (inward - a) * band * 4])
        front = np.stack([np.zeros(4), quad[:, 1], quad[:, 0] + 0.05], 1)
        bars.append(loft(np.stack([front, front + [0.012, 0, 0]]), smooth=False))
    legs = merge(
        [box((0.35, 0.02, 0.015), (0.0, y, 0.01)) for y in (-0.2, 0.2)] + [box((0.02, 0.42, 0.05), (0, 0, 0.03))]
    )
    return _model("warning_triangle", (merge(bars), RED_SHEETING), (legs, STEEL))


def broken_asphalt(rng: np.random.Generator) -> Material:
    """Loose stones and dust of the base course at the bottom of a pothole."""
    size = 256
    noise = spectral_noise(size, rng, slope=1.2, low_cut=3)
    tone = np.clip(0.085 + 0.05 * noise, 0.012, 0.3)
    image = tone[..., None] * np.array([1.0, 0.95, 0.88])
    return Material(
        "broken asphalt",
        (1.0, 1.0, 1.0),
        Texture("broken asphalt", to_srgb8(image)),
        roughness=1.0,
        reflectance_905=0.12,
        surface=Surface.SOIL,
    )


def sand_heap(rng: np.random.Generator, length_m: float, width_m: float, height_m: float) -> Mesh:
    """A heap of loose material with its angle of repose smoothed by noise."""
    n = 24
    x, y = np.linspace(-1, 1, n), np.linspace(-1, 1, n)
    r = np.hypot(*np.meshgrid(x, y, indexing="ij"))
    bump = np.interp(spectral_noise(32, rng, slope=2.5)[:n, :n], (-2, 2), (-0.15, 0.15))
    z = height_m * np.clip(1 - r * (1 + bump), -0.05, 1) - 0.01
    return grid(x * length_m / 2, y * width_m / 2, z)
