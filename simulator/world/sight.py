"""Line of sight: which drivers have what in view, by rays from their eyes against the triangles of the scene.

A driver sees a body when at least `SEEN_SHARE` of its silhouette is free: of 4 x 4 points of the upright plane through
the middle of its box, across the line of sight, each by one ray that everything may stop but the two themselves (so
from behind an upright edge it comes into view when an eighth of its width is out). The air ends the view at the
meteorological optical range.

What is approximated: the own body hides nothing (no roof pillars); drivers watch the half plane before their eyes;
panes of vehicles and leaves hide what is behind them; what is thin or flat hides nothing, wheels and limbs neither; at
night all is lit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator import raycast
from simulator.dynamics.courses import Tracks, resample
from simulator.dynamics.prescribed import project_on_path
from simulator.numerics import se3
from simulator.scene import Model, Scene, Snapshot
from simulator.scene.classes import class_id

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Our choice, for no standard has one: the lowest of nuScenes' four bins of visibility ends at 0.4, and what KITTI
# calls largely occluded is still labelled.
SEEN_SHARE = 0.25
# Heights of eyes: cars 1.08 m, lorries 2.33 m (AASHTO Green Book 2018, 3.2.6.1), cyclists 1.4 m (AASHTO 2012, 5.2.4).
CAR_EYE_M, HEAVY_EYE_M, RIDER_EYE_M = 1.08, 2.33, 1.4
HEAVY_WIDTH_M = 2.2  # lorries and buses are wider
# Eyes are that far behind the front (AASHTO Green Book 2018, 9.5.3), or in the middle of what is short.
BEHIND_FRONT_M = 2.4
MARGIN_M = 0.02  # around bodies, so that their own surfaces do not hide them
# Too thin or too flat to hide anything.
CLEAR = ("bicycle", "kerb", "pedestrian", "pole", "rider", "road_marking", "sidewalk", "traffic_light", "traffic_sign")
_GRID = np.array([(across, up) for across in (-0.75, -0.25, 0.25, 0.75) for up in (-0.75, -0.25, 0.25, 0.75)])


class Sight:
    """Who sees what in a scene: A movers, some of them drivers, and B bodies, of which the movers are the first.

    Attributes:
        bodies: B.
    """

    def __init__(
        self, scene: Scene, rest: Snapshot, movers: Sequence[int], standing: Sequence[int], range_m: float = np.inf
    ) -> None:
        """Gather what may hide something.

        Args:
            scene: the scene.
            rest: where everything is at the start.
            movers: object ids of the agents, in their order.
            standing: ids of the objects that are looked for besides; they stay where they rest.
            range_m: how far one sees in this air.
        """
        self.bodies, self._range_m, self._origin = len(movers) + len(standing), range_m, scene.origin
        ids = [*movers, *standing]
        family_of: dict[int, list[Model]] = defaultdict(list)
        for thing in scene.objects:
            if thing.model is not None:
                family_of[thing.parent or thing.id].append(thing.model)
        families = [family_of[row] for row in ids]
        boxes = np.array([_box(family) for family in families]).reshape(-1, 2, 3)
        self._middle, self._half = boxes.mean(1), (boxes[:, 1] - boxes[:, 0]) / 2
        self._eyes = np.array([_eye(family, box) for family, box in zip(families[: len(movers)], boxes)]).reshape(-1, 3)
        objects = scene.local_SE3_object(rest)
        self._standing = objects[list(standing)]

        mover_of = np.full(len(scene.objects), -1)
        mover_of[list(movers)] = np.arange(len(movers))
        mover = mover_of[scene.instance_object]
        pose = objects[scene.instance_object] @ scene.instance_pose
        self._rays, moving = raycast.Scene(), []
        for row in np.flatnonzero(_hides(scene)).tolist():
            mesh, moves = scene.meshes[scene.instance_mesh[row]], bool(mover[row] >= 0)
            part = self._rays.add(mesh.vertices, mesh.faces, pose[row], moving=moves, instanced=True)
            if moves:
                moving.append((part, row))
        self._parts, rows = np.array(moving, np.int64).reshape(-1, 2).T
        self._mover, self._mover_SE3_part = mover[rows], scene.instance_pose[rows]

    def sees(self, position: Array, rpy: Array, wanted: Bools) -> Bools:
        """(A, B) whether a mover has a body in view, where `wanted` (A, B); the movers at (A, 3), turned by (A, 3)."""
        seen = np.zeros(wanted.shape, np.bool_)
        movers = se3.pose(position - self._origin, *rpy.T)
        poses = np.concatenate([movers, self._standing])
        eyes, middles = _placed(movers, self._eyes), _placed(poses, self._middle)
        to = middles[None] - eyes[:, None]
        ahead = np.einsum("abi,ai->ab", to, movers[:, :3, 0]) > 0.0
        who, what = np.nonzero(wanted & ahead & (np.linalg.norm(to, axis=2) <= self._range_m))
        if not len(who):
            return seen
        if len(self._parts):
            self._rays.move(self._parts, movers[self._mover] @ self._mover_SE3_part)
        self._rays.commit()
        eye = eyes[who]
        rays = self._silhouettes(eye, poses[what], middles[what], self._half[what]) - eye[:, None]
        _, start = self._crossing(eye, rays, poses, who)
        stop, _ = self._crossing(eye, rays, poses, what)
        start, stop = np.maximum(start, 0.0), np.minimum(stop, 1.0)  # infinite where missed
        start[start == np.inf] = 0.0
        origins = eye[:, None] + start[..., None] * rays
        hidden = self._rays.any_hit(origins.reshape(-1, 3), rays.reshape(-1, 3), (stop - start).reshape(-1))
        free = 1.0 - hidden.reshape(stop.shape).mean(1)
        seen[who, what] = free >= SEEN_SHARE
        return seen

    def first_sight(self, tracks: Tracks, body: int) -> dict[str, float]:
        """How a body came into view of the first mover, the ego; nothing if it did not.

        Returns:
            `first_seen_s`: when, since the start of the drive; 0: it was in view from the start. `first_seen_m`: how
            far its near end was then ahead of the ego's front, along the ego's path. `ttc_at_first_sight_s`: that gap
            over the speed at which it closed (Hayward 1972; what moves across is reached in that time); left out
            where it did not close.
        """
        seconds = float(tracks.seen_s[0, body])
        if not np.isfinite(seconds):
            return {}
        now, ego = int(np.searchsorted(tracks.times_ns * 1e-9, seconds - 1e-9)), tracks.agents[0]
        movers = tracks.position.shape[1]
        speed, pose = 0.0, self._standing[body - movers] if body >= movers else np.eye(4)
        if body < movers:
            pose = se3.pose(tracks.position[now, body] - self._origin, *tracks.rpy[now, body])
            speed = float(tracks.speed[now, body])
        path, half = resample(ego.points), self._half[body]
        x, y, _ = _placed(pose[None], self._middle[None, body])[0] + self._origin
        xy = np.ascontiguousarray(path[:, :2])
        s, _, along = project_on_path(xy, x, y)
        turn = np.arctan2(pose[1, 0], pose[0, 0]) - along
        reach = abs(np.cos(turn)) * half[0] + abs(np.sin(turn)) * half[1]
        gap = s - reach - ego.start_m - tracks.travel[now, 0] - ego.front_m
        closing = tracks.speed[now, 0] - speed * np.cos(turn)
        facts = {"first_seen_s": seconds, "first_seen_m": float(gap)}
        return facts if closing <= 1e-3 or gap <= 0 else {**facts, "ttc_at_first_sight_s": float(gap / closing)}

    @staticmethod
    def _silhouettes(eye: Array, pose: Array, middle: Array, half: Array) -> Array:
        """(P, 16, 3) points of boxes as seen from eyes (P, 3): in the upright plane through their middle (P, 3)."""
        along = middle - eye
        along /= np.maximum(np.hypot(along[:, :1], along[:, 1:2]), 1e-9)
        left = np.stack([-along[:, 1], along[:, 0], np.zeros(len(eye))], 1)
        width = (np.abs(np.einsum("pi,pij->pj", left, pose[:, :3, :2])) * half[:, :2]).sum(1)
        across = (_GRID[:, 0] * width[:, None])[..., None] * left[:, None]
        up = (_GRID[:, 1] * half[:, 2:])[..., None] * pose[:, None, :3, 2]
        return np.asarray(middle[:, None] + across + up)

    def _crossing(self, eye: Array, rays: Array, poses: Array, body: NDArray[np.int64]) -> tuple[Array, Array]:
        """Where rays (P, R, 3) enter and leave the boxes of bodies (P,), in units of their length; inf: they miss."""
        turn = poses[body, :3, :3]
        origin = np.einsum("pji,pj->pi", turn, eye - poses[body, :3, 3]) - self._middle[body]
        direction = np.einsum("pji,prj->pri", turn, rays)
        direction = np.where(np.abs(direction) < 1e-12, 1e-12, direction)
        half = (self._half[body] + MARGIN_M)[:, None]
        sides = -origin[:, None] / direction
        reach = half / np.abs(direction)
        enter, leave = (sides - reach).max(2), (sides + reach).min(2)
        missed = enter > leave
        return np.where(missed, np.inf, enter), np.where(missed, np.inf, leave)


def _placed(poses: Array, points: Array) -> Array:
    """(N, 3) points, each mapped by its own transform of (N, 4, 4)."""
    return np.asarray(np.einsum("nij,nj->ni", poses[:, :3, :3], points) + poses[:, :3, 3])


def _box(family: list[Model]) -> Array:
    """(2, 3) corners of an object with its rider at rest. The labelled box is wider where people and animals walk (by
    their strides, mostly air) and narrower where vehicles have mirrors."""
    low = [body.mesh.vertices.min(0) for model in family for body in model.bodies]
    high = [body.mesh.vertices.max(0) for model in family for body in model.bodies]
    return np.stack([np.min(low, axis=0), np.max(high, axis=0)]).astype(np.float64)


def _eye(family: list[Model], box: Array) -> Array:
    """(3,) a driver's eye in the object's frame."""
    width = family[0].bounds[1, 1] - family[0].bounds[0, 1]
    height = RIDER_EYE_M if len(family) > 1 else HEAVY_EYE_M if width > HEAVY_WIDTH_M else CAR_EYE_M
    return np.array([box[1, 0] - min(BEHIND_FRONT_M, (box[1, 0] - box[0, 0]) / 2), 0.0, height])


def _hides(scene: Scene) -> Bools:
    """(I,) instances that hide what is behind them: not `CLEAR`, no panes, nothing that turns on a joint."""
    clear = np.isin(scene.instance_class, [class_id(name) for name in CLEAR])
    glass = np.array([material.transmission > 0.3 for material in scene.materials], np.bool_)
    pane = np.logical_and.reduceat(glass[scene.instance_materials], scene.material_offset[:-1])
    return np.asarray(~(pane | clear) & (scene.instance_joint < 0))
