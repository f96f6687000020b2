"""A small scene of simple materials, and Mitsuba 3's picture of it, with which our reference has to agree.

`python tests/reference_scene.py` renders the picture anew into `reference_scene.npz`; it needs Mitsuba 3 (PyPI) and
LLVM (`DRJIT_LIBLLVM_PATH` names its library), and imports nothing of ours. Mitsuba brings the rays, the sampling, the
integrator, the rough conductor and the thin pane; only the matt dielectric is stated here once more, as no material of
Mitsuba's is just that: Lambert's law below a GGX lobe of Schlick's Fresnel, each with what the other leaves.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
GOLDEN = Path(__file__).with_suffix(".npz")
WIDTH, HEIGHT, FOCAL_PX = 96, 64, 88.0
EYE, TARGET = np.array([-6.0, -2.5, 2.6]), np.array([0.0, 0.3, 0.7])
TOWARD_SUN = np.array([-0.35, -0.62, 0.70]) / np.linalg.norm([-0.35, -0.62, 0.70])
SUN_LX, SKY_CD_M2, GROUND_CD_M2 = (
    np.array([62e3, 60e3, 55e3]),
    np.array([3e3, 4e3, 6e3]),
    np.array([900.0, 850.0, 700.0]),
)
SAMPLES, DEPTH = 4096, 14


def quad(a: Any, b: Any, c: Any, d: Any) -> tuple[F64, NDArray[np.int32]]:
    """Four corners, counter-clockwise."""
    return np.array([a, b, c, d], np.float64), np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def block(low: Any, high: Any) -> tuple[F64, NDArray[np.int32]]:
    """A box."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float64)
    sides = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    faces = [face for a, b, c, d in sides for face in ([a, b, c], [a, c, d])]
    return np.asarray(low) + corners * (np.asarray(high) - np.asarray(low)), np.array(faces, np.int32)


def ball(radius: float, center: Any) -> tuple[F64, NDArray[np.int32]]:
    """A globe of flat facets."""
    rings, segments = 24, 40
    polar, turn = np.linspace(0, np.pi, rings + 1), np.arange(segments) * 2 * np.pi / segments
    points = np.stack(
        [np.outer(np.sin(polar), np.cos(turn)), np.outer(np.sin(polar), np.sin(turn)),
         np.outer(np.cos(polar), np.ones(segments))], -1
    )  # fmt: skip
    faces = []
    for i in range(rings):
        for j in range(segments):
            k = (j + 1) % segments
            a, b, c, d = i * segments + j, (i + 1) * segments + j, (i + 1) * segments + k, i * segments + k
            faces += [[a, b, c]] * (i < rings - 1) + [[a, c, d]] * (i > 0)
    return points.reshape(-1, 3) * radius + np.asarray(center), np.array(faces, np.int32)


def parts() -> list[tuple[tuple[F64, NDArray[np.int32]], dict[str, Any]]]:
    """Meshes with their materials, in the words of `simulator.scene.Material`."""
    foot = np.array([-1.6, 2.2, 0.0])
    floor = quad([-30, -30, 0], [30, -30, 0], [30, 30, 0], [-30, 30, 0])
    return [
        (floor, {"albedo": (0.45, 0.42, 0.40), "roughness": 1.0}),
        (block([-0.5, -2.2, 0.0], [0.9, -0.8, 1.4]), {"albedo": (0.70, 0.15, 0.10), "roughness": 0.5}),
        (block([2.2, -3.0, 0.0], [2.5, 4.0, 2.6]), {"albedo": (0.60, 0.60, 0.62), "roughness": 0.8}),
        (ball(0.9, [0.6, 1.6, 0.9]), {"albedo": (1.0, 1.0, 1.0), "roughness": 0.2, "metallic": 1.0}),
        # It stands edge-on to the sun: Mitsuba's direct light does not pass panes.
        (
            quad(foot, foot + [0.9, -0.35, 0.0], foot + [0.9, -0.35, 0.0] + 2 * TOWARD_SUN, foot + 2 * TOWARD_SUN),
            {"albedo": (0.0, 0.0, 0.0), "transmission": 1.0},
        ),
    ]


def pose() -> F64:
    """(4, 4) world_SE3_camera of the optical frame (x right, y down, z forward)."""
    forward = (TARGET - EYE) / np.linalg.norm(TARGET - EYE)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    matrix = np.eye(4)
    matrix[:3] = np.stack([right, np.cross(forward, right), forward, EYE], 1)
    return matrix


def even_light(roughness: float, cosine: float, steps: int = 400) -> tuple[float, float]:
    """Parts f0 * [0] + [1] of even light that a GGX lobe reflects, by half vectors drawn from the distribution."""
    a2 = roughness**4
    u, turn = np.meshgrid((np.arange(steps) + 0.5) / steps, 2 * np.pi * (np.arange(steps) + 0.5) / steps)
    nh = np.sqrt((1 - u) / (1 + (a2 - 1) * u))
    vh = np.sqrt(1 - nh**2) * np.cos(turn) * math.sqrt(1 - cosine**2) + nh * cosine
    nl = 2 * vh * nh - cosine
    shadow = np.maximum(nl, 0) * math.sqrt(cosine**2 * (1 - a2) + a2) + cosine * np.sqrt(nl**2 * (1 - a2) + a2)
    share = np.where((nl > 0) & (vh > 0), 2 * nl * vh / (shadow * nh), 0.0)
    edge = np.clip(1 - vh, 0, 1) ** 5
    return float((share * (1 - edge)).mean()), float((share * edge).mean())


def render() -> NDArray[np.float32]:
    """(H, W, 3) cd/m2 by Mitsuba."""
    import drjit as dr
    import mitsuba as mi

    mi.set_variant("llvm_ad_rgb")

    class Matt(mi.BSDF):  # type: ignore[misc, name-defined]
        """Lambert below GGX; see the module."""

        def __init__(self, props: Any) -> None:
            mi.BSDF.__init__(self, props)
            self.albedo, self.rough = mi.Color3f(props["albedo"]), float(props["roughness"])
            cosines = np.maximum(np.arange(65) / 64, 0.004)
            table = np.array([even_light(self.rough, float(c)) for c in cosines])
            self.part = mi.Float((0.04 * table[:, 0] + table[:, 1]).astype(np.float32))
            self.once = mi.Float(table.sum(1).astype(np.float32))
            self.m_flags = mi.BSDFFlags.DiffuseReflection | mi.BSDFFlags.FrontSide | mi.BSDFFlags.BackSide
            self.m_components = [self.m_flags]

        def at(self, table: Any, cosine: Any) -> Any:
            place = dr.clip(cosine, 0, 1) * 64
            low = dr.minimum(mi.UInt32(place), 63)
            share = place - mi.Float(low)
            return dr.gather(mi.Float, table, low) * (1 - share) + dr.gather(mi.Float, table, low + 1) * share

        def value(self, si: Any, wo: Any) -> Any:
            side = dr.sign(si.wi.z)
            nv, nl = si.wi.z * side, wo.z * side
            half = dr.normalize(si.wi + wo)
            nh, vh = dr.abs(half.z), dr.maximum(dr.dot(half, si.wi), 0)
            a2 = self.rough**4
            d = nh * nh * (a2 - 1) + 1
            lobe = a2 / (dr.pi * d * d) * 0.5
            lobe /= nl * dr.sqrt(nv * nv * (1 - a2) + a2) + nv * dr.sqrt(nl * nl * (1 - a2) + a2)
            once = self.at(self.once, nv)
            more = 1 + 0.04 * (1 - once) / once
            fresnel = 0.04 + 0.96 * (1 - vh) ** 5
            matt = (1 - self.at(self.part, nv) * more) / dr.pi
            return dr.select((nv > 0) & (nl > 0), (self.albedo * matt + fresnel * more * lobe) * nl, 0)

        def sample(self, ctx: Any, si: Any, sample1: Any, sample2: Any, active: Any) -> Any:
            side = dr.sign(si.wi.z)
            wo = mi.warp.square_to_cosine_hemisphere(sample2)
            wo.z *= side
            bs = dr.zeros(mi.BSDFSample3f)
            bs.wo, bs.pdf, bs.eta = wo, dr.abs(wo.z) / dr.pi, 1.0
            bs.sampled_type, bs.sampled_component = mi.UInt32(+mi.BSDFFlags.DiffuseReflection), 0
            return bs, dr.select(active & (bs.pdf > 0), self.value(si, wo) / bs.pdf, 0)

        def eval(self, ctx: Any, si: Any, wo: Any, active: Any) -> Any:
            return dr.select(active, self.value(si, wo), 0)

        def pdf(self, ctx: Any, si: Any, wo: Any, active: Any) -> Any:
            return dr.select(active & (wo.z * si.wi.z > 0), dr.abs(wo.z) / dr.pi, 0)

        def eval_pdf(self, ctx: Any, si: Any, wo: Any, active: Any) -> Any:
            return self.eval(ctx, si, wo, active), self.pdf(ctx, si, wo, active)

        def to_string(self) -> str:
            return "Matt"

    mi.register_bsdf("matt_dielectric", Matt)
    environment = np.zeros((1024, 16, 3), np.float32)
    environment[:512], environment[512:] = SKY_CD_M2, GROUND_CD_M2
    upright = mi.ScalarTransform4f().rotate([1, 0, 0], 90)  # Mitsuba's environments have y up
    scene: dict[str, Any] = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": DEPTH, "rr_depth": 5},
        "sky": {"type": "envmap", "bitmap": mi.Bitmap(environment), "to_world": upright},
        "sun": {
            "type": "directional",
            "direction": (-TOWARD_SUN).tolist(),
            "irradiance": {"type": "rgb", "value": SUN_LX.tolist()},
        },
        "sensor": {
            "type": "perspective",
            "fov": math.degrees(2 * math.atan(WIDTH / 2 / FOCAL_PX)),
            "to_world": mi.ScalarTransform4f().look_at(EYE.tolist(), TARGET.tolist(), [0, 0, 1]),
            "film": {"type": "hdrfilm", "width": WIDTH, "height": HEIGHT, "rfilter": {"type": "box"}},
            "sampler": {"type": "independent", "sample_count": SAMPLES},
        },
    }
    for k, ((vertices, faces), material) in enumerate(parts()):
        if material.get("transmission"):
            bsdf: dict[str, Any] = {"type": "thindielectric", "int_ior": 1.52}
        elif material.get("metallic"):
            metal = {"type": "roughconductor", "material": "none", "distribution": "ggx"}
            bsdf = {"type": "twosided", "bsdf": {**metal, "alpha": material["roughness"] ** 2}}
        else:
            color = mi.ScalarColor3f(material["albedo"])
            bsdf = {"type": "matt_dielectric", "albedo": color, "roughness": material["roughness"]}
        properties = mi.Properties()
        properties["bsdf"] = mi.load_dict(bsdf)
        mesh = mi.Mesh(f"part{k}", len(vertices), len(faces), props=properties)
        arrays = mi.traverse(mesh)
        arrays["vertex_positions"] = mi.Float(vertices.astype(np.float32).ravel())
        arrays["faces"] = mi.UInt32(faces.astype(np.uint32).ravel())
        arrays.update()
        scene[f"part{k}"] = mesh
    picture = np.zeros((HEIGHT, WIDTH, 3))
    loaded = mi.load_dict(scene)
    for seed in range(16):
        picture += np.array(mi.render(loaded, spp=SAMPLES // 16, seed=seed))
    return (picture / 16).astype(np.float32)


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, radiance=render().astype(np.float32))
