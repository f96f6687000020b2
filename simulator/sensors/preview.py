"""A quick OpenGL look at a Scene through pyrender, off screen (EGL). No dataset depends on it.

It draws with other code and another method (a rasteriser) than our cameras, so tests also use it to check them.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import OddRoadError
from simulator.numerics import se3
from simulator.scene import Atmosphere, Scene, Snapshot, Texture
from simulator.scene.material import Material
from simulator.sensors.optics import CameraModel

F64 = NDArray[np.float64]

NEAR_M, FAR_M = 0.2, 2000.0
OPTICAL_SE3_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])  # OpenGL cameras look along -z with y up


class NoGraphics(OddRoadError):
    """This machine cannot make an OpenGL context off screen."""


@dataclass(frozen=True, slots=True, eq=False)
class PreviewFrame:
    """What the rasteriser drew.

    Attributes:
        rgb: (H, W, 3) uint8.
        depth: (H, W) float32 metres along the optical axis, inf where nothing is.
        instance: (H, W) int32 row of the scene's instances, -1 for none.
        object: (H, W) int32 object ids, 0 for none.
    """

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    instance: NDArray[np.int32]
    object: NDArray[np.int32]


class Preview:
    """A scene loaded for drawing; close it (or use it in a `with` block) to free the OpenGL context.

    Raises NoGraphics where there is no EGL.
    """

    def __init__(self, scene: Scene, atmosphere: Atmosphere | None = None) -> None:
        os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
        self.scene = scene
        self._renderer: Any = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyrender is older than numpy 2
            try:
                import pyrender
            except Exception as error:
                raise NoGraphics(f"the OpenGL preview cannot start: {error}") from error
            self._gl = pyrender
            self._scene = pyrender.Scene(bg_color=[0.55, 0.68, 0.85], ambient_light=[0.35, 0.37, 0.42])
            self._nodes = [self._node(row) for row in range(len(scene.instance_mesh))]
            self._light(atmosphere)

    def __enter__(self) -> Preview:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the OpenGL context."""
        if self._renderer is not None:
            self._renderer.delete()
            self._renderer = None

    def render(
        self, snapshot: Snapshot, camera: CameraModel, world_SE3_camera: F64, hidden: tuple[int, ...] = ()
    ) -> PreviewFrame:
        """Draw the scene at `snapshot`; lens distortion is left out.

        Args:
            snapshot: state to draw.
            camera: geometry.
            world_SE3_camera: (4, 4) pose of the optical frame.
            hidden: object ids that are not drawn, such as the ego.
        """
        gl = self._gl
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            poses = self.scene.local_SE3_instance(snapshot)
            skins = self.scene.skins
            bent = np.split(self.scene.bent(snapshot), skins.first_vertex[1:-1])
            for row, vertices in zip(skins.instance.tolist(), bent):
                self._nodes[row].mesh = self._mesh(row, vertices)
            for node, pose, owner in zip(self._nodes, poses, self.scene.instance_object.tolist()):
                self._scene.set_pose(node, pose)
                node.mesh.is_visible = owner not in hidden or owner == 0
            local = world_SE3_camera.copy()
            local[:3, 3] -= self.scene.origin
            # OpenGL puts pixel centres at halves, we put them at whole numbers
            matrix = camera.K
            lens = gl.IntrinsicsCamera(
                matrix[0, 0], matrix[1, 1], matrix[0, 2] + 0.5, matrix[1, 2] + 0.5, znear=NEAR_M, zfar=FAR_M
            )
            eye = self._scene.add(lens, pose=local @ OPTICAL_SE3_OPENGL)
            try:
                renderer = self._context(camera)
                colors = {
                    node: [row + 1 & 255, (row + 1) >> 8 & 255, (row + 1) >> 16] for row, node in enumerate(self._nodes)
                }
                flat = gl.RenderFlags.SKIP_CULL_FACES
                ids, depth = renderer.render(self._scene, flat | gl.RenderFlags.SEG, seg_node_map=colors)
                rgb, _ = renderer.render(self._scene, flat)
            finally:
                self._scene.remove_node(eye)
        code = ids.astype(np.int32) @ np.array([1, 256, 65536], np.int32)
        instance = (code - 1).astype(np.int32)
        owners = np.where(instance >= 0, self.scene.instance_object[np.maximum(instance, 0)], 0).astype(np.int32)
        depth = np.where(instance >= 0, depth, np.float32(np.inf)).astype(np.float32)
        return PreviewFrame(np.ascontiguousarray(rgb), depth, instance, owners)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _context(self, camera: CameraModel) -> Any:
        if self._renderer is None:
            try:
                self._renderer = self._gl.OffscreenRenderer(camera.width, camera.height)
            except Exception as error:
                raise NoGraphics(f"the OpenGL preview found no EGL device: {error}") from error
        self._renderer.viewport_width, self._renderer.viewport_height = camera.width, camera.height
        return self._renderer

    def _node(self, row: int) -> Any:
        """One instance as a node."""
        node = self._gl.Node(mesh=self._mesh(row, self.scene.meshes[self.scene.instance_mesh[row]].vertices))
        self._scene.add_node(node)
        return node

    def _mesh(self, row: int, vertices: NDArray[np.float32]) -> Any:
        """Mesh of an instance with these vertices, with a primitive for each material slot."""
        scene = self.scene
        mesh = scene.meshes[scene.instance_mesh[row]]
        first = scene.material_offset[row]
        corners = vertices[mesh.faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
        primitives = []
        for slot in np.unique(mesh.slots):
            chosen = mesh.slots == slot
            material = scene.materials[scene.instance_materials[first + slot]]
            primitives.append(
                self._gl.Primitive(
                    positions=np.ascontiguousarray(corners[chosen].reshape(-1, 3)),
                    normals=np.ascontiguousarray(np.repeat(normals[chosen], 3, 0), np.float32),
                    material=self._material(material),
                    mode=self._gl.GLTF.TRIANGLES,
                )
            )
        return self._gl.Mesh(primitives)

    def _material(self, material: Material) -> Any:
        color = np.array(material.albedo, np.float64)
        if material.texture is not None:
            color *= _mean_color(material.texture)
        return self._gl.MetallicRoughnessMaterial(
            baseColorFactor=[*color.clip(0, 1), 1.0],
            metallicFactor=material.metallic,
            roughnessFactor=min(max(material.roughness, 0.2), 1.0),
            doubleSided=True,
        )

    def _light(self, atmosphere: Atmosphere | None) -> None:
        """A sun, above the horizon even when the real one is not."""
        toward = np.array([0.4, 0.5, 0.75]) if atmosphere is None else np.array(atmosphere.sun_direction)
        toward[2] = max(toward[2], 0.3)
        toward /= np.linalg.norm(toward)
        side = np.cross([0.0, 0.0, 1.0], toward)
        side /= np.linalg.norm(side)
        rotation = np.stack([side, np.cross(toward, side), toward], 1)
        self._scene.add(self._gl.DirectionalLight(color=np.ones(3), intensity=3.0), pose=se3.from_rotation(rotation))


@lru_cache(maxsize=4096)
def _mean_color(texture: Texture) -> F64:
    """(3,) mean linear colour of what is no hole."""
    texels = texture.rgba.reshape(-1, 4).astype(np.float64) / 255
    return np.asarray(np.average(texels[:, :3] ** 2.2, axis=0, weights=texels[:, 3] + 1e-6))


def render(
    scene: Scene, snapshot: Snapshot, camera: CameraModel, world_SE3_camera: F64, hidden: tuple[int, ...] = ()
) -> PreviewFrame:
    """Draw a scene once; see `Preview.render`."""
    with Preview(scene) as preview:
        return preview.render(snapshot, camera, world_SE3_camera, hidden)
