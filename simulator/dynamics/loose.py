"""Loose things: cargo, cones, debris that fall, tumble and slide as rigid bodies, and are struck by vehicles.

Rigid-body dynamics are pybullet's (Bullet, in double precision, one thread), with a fixed step: the same bytes each
run. Vehicles follow their trajectories whatever they strike, as boxes; things are convex hulls and strike each other
too. The ground is a mesh.

    flights = fly([thing], [vehicle], vertices, faces, dt=0.01, steps=500)
    flights.position[:, 0]  # (T, 3) of the first thing

What is approximated: nothing bends or breaks; hollow things are as if filled with a uniform mass; the weight of a
vehicle does not matter. Friction and restitution are those of the thing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import MissingExtra
from simulator.numerics import se3
from simulator.numerics.units import GRAVITY_MPS2

Array = NDArray[np.float64]

SUBSTEP_S = 0.002  # at most: what is struck at 40 m/s moves 8 cm in it
VEHICLE_MASS_KG = 1e5  # so heavy that what it strikes does not slow it within a substep
BODYWORK_FRICTION = 0.5
ROLLING = 0.01  # m, lever of the resistance to rolling: barrels come to rest
MOST_CORNERS = 64
_GROUND, _VEHICLE, _THING = 1, 2, 4  # groups of pybullet's collision filter


@dataclass(frozen=True, slots=True)
class Stuff:
    """What a loose thing is made of.

    Attributes:
        mass_kg: mass.
        friction: between it and a road of friction 1.
        restitution: share of the speed at which it leaves what it struck.
    """

    mass_kg: float
    friction: float = 0.6
    restitution: float = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """A loose thing at the step from which it is free.

    Attributes:
        stuff: mass and surface.
        corners: (K, 3) points in its frame whose convex hull it is (see `corners_of`).
        position, rpy: (3,) pose of its frame then; m, rad.
        velocity: (3,) m/s of its origin then.
        rate: (3,) rad/s of its turning then, about the axes of the world.
        free_from: that step; before it nothing acts on it.
        carrier: index of the vehicle on whose deck it lies, touching which is no strike; -1: none.
    """

    stuff: Stuff
    corners: Array
    position: Array
    rpy: Array
    velocity: Array
    rate: Array
    free_from: int = 0
    carrier: int = -1


@dataclass(frozen=True, slots=True, eq=False)
class Vehicle:
    """A box that moves along a trajectory.

    Attributes:
        box: (2, 3) lowest and highest corner in its frame, m; what is below it passes under.
        position, rpy: (T, 3) poses of its frame at the steps.
        friction: of its surface, against what has a friction of 1.
    """

    box: Array
    position: Array
    rpy: Array
    friction: float = BODYWORK_FRICTION


@dataclass(frozen=True, slots=True, eq=False)
class Flights:
    """What became of N things over T steps.

    Attributes:
        position: (T, N, 3) m of their origins; up to `free_from` that from which they started.
        rpy: (T, N, 3) rad, without jumps: pitch may pass a right angle.
        velocity: (T, N, 3) m/s of their origins.
        struck_step: (N,) first step at which a vehicle touched each, or -1.
        struck_by: (N,) index of that vehicle, or -1.
    """

    position: Array
    rpy: Array
    velocity: Array
    struck_step: NDArray[np.int64]
    struck_by: NDArray[np.int64]


def corners_of(vertices: Array) -> Array:
    """(K, 3) corners of the convex hull of points (V, 3), at most about `MOST_CORNERS`, none below z = 0."""
    from scipy.spatial import ConvexHull

    points = np.asarray(vertices, np.float64)
    points = points[np.unique(ConvexHull(points).vertices)]
    if len(points) > MOST_CORNERS:  # the farthest in directions all round
        k = np.arange(MOST_CORNERS) + 0.5
        z, turn = 1.0 - 2.0 * k / MOST_CORNERS, np.pi * (1.0 + np.sqrt(5.0)) * k  # Fibonacci's sphere
        level = np.sqrt(1.0 - z * z)
        sphere = np.stack([level * np.cos(turn), level * np.sin(turn), z], axis=1)
        box = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
        size = np.ptp(points, axis=0)
        ways = np.concatenate([sphere / size, box / size])
        points = points[np.unique((points @ ways.T).argmax(0))]
    points[:, 2] = np.maximum(points[:, 2], 0.0)
    return np.asarray(points)


def _library() -> Any:
    """pybullet, without the line that it writes to the standard error when it is loaded.

    Raises:
        MissingExtra: it is not installed.
    """
    if sys.modules.get("pybullet") is not None:
        return sys.modules["pybullet"]
    sys.stderr.flush()
    shown = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  (the bare name of a device)
            os.dup2(nowhere.fileno(), 2)
            import pybullet
    except ImportError:
        raise MissingExtra("pybullet", "pip install pybullet", "what becomes of a falling or struck thing") from None
    finally:
        os.dup2(shown, 2)
        os.close(shown)
    return pybullet


def fly(
    things: Sequence[Thing],
    vehicles: Sequence[Vehicle],
    vertices: Array,
    faces: NDArray[np.int64],
    dt: float,
    steps: int,
) -> Flights:
    """Let loose things move for T steps.

    Args:
        things: N of them.
        vehicles: what may strike them, with T poses each.
        vertices, faces: (V, 3) m, (F, 3) of the ground, seen from above counter-clockwise, in the same frame.
        dt: s between steps.
        steps: T.

    Raises:
        MissingExtra: pybullet is not installed.
    """
    position = np.repeat(np.array([thing.position for thing in things]).reshape(1, -1, 3), steps, axis=0)
    rpy = np.repeat(np.array([thing.rpy for thing in things]).reshape(1, -1, 3), steps, axis=0)
    velocity = np.zeros_like(position)
    struck_step, struck_by = (np.full(len(things), -1, np.int64) for _ in range(2))
    bullet = _library()
    client = bullet.connect(bullet.DIRECT)
    try:
        engine = _Engine(bullet, client, dt, vertices, faces)
        for vehicle in vehicles:
            engine.add_vehicle(vehicle)
        loose: dict[int, tuple[int, Array]] = {}
        first = min((thing.free_from for thing in things), default=steps)
        for step in range(first, steps):
            for n, thing in enumerate(things):
                if thing.free_from == step:
                    loose[n] = engine.add_thing(thing)
            for n, (body, centre) in loose.items():
                position[step, n], turn, velocity[step, n] = engine.state(body, centre)
                rpy[step, n] = _nearest(turn, rpy[step - 1, n] if step else things[n].rpy)
            if step + 1 < steps:
                for n, striker in engine.advance(loose, step):
                    if struck_step[n] < 0 and striker != things[n].carrier:
                        struck_step[n], struck_by[n] = step, striker
    finally:
        bullet.disconnect(client)
    return Flights(position, rpy, velocity, struck_step, struck_by)


def _nearest(rotation: Array, before: Array) -> Array:
    """Roll, pitch, yaw of a rotation, of all that are equal to it those nearest to the ones before."""
    yaw, pitch, roll = (float(angle) for angle in se3.yaw_pitch_roll(rotation))
    both = np.array([[roll, pitch, yaw], [roll + np.pi, np.pi - pitch, yaw + np.pi]])
    both = before + se3.wrap_angle(both - before)
    return np.asarray(both[np.abs(both - before).sum(1).argmin()])


class _Engine:
    """The world of pybullet: its ground, its bodies, its step."""

    def __init__(self, bullet: Any, client: int, dt: float, vertices: Array, faces: NDArray[np.int64]) -> None:
        self._bullet, self._at = bullet, {"physicsClientId": client}
        self._substeps = max(1, int(np.ceil(dt / SUBSTEP_S - 1e-9)))
        self._h = dt / self._substeps
        self._courses: list[tuple[Any, ...]] = []
        bullet.setGravity(0.0, 0.0, -GRAVITY_MPS2, **self._at)
        # Contacts are foreseen within 5 cm, and what overlaps parts softly: else fast blows, which begin with an
        # overlap, would throw too far.
        bullet.setPhysicsEngineParameter(
            fixedTimeStep=self._h,
            numSolverIterations=50,
            deterministicOverlappingPairs=1,
            contactBreakingThreshold=0.05,
            contactERP=0.05,
            **self._at,
        )
        # Without knowledge of its inner edges what slides over the mesh trips over them.
        shape = bullet.createCollisionShape(
            bullet.GEOM_MESH,
            vertices=np.asarray(vertices, np.float64).tolist(),
            indices=np.asarray(faces).ravel().tolist(),
            flags=bullet.GEOM_FORCE_CONCAVE_TRIMESH | bullet.GEOM_CONCAVE_INTERNAL_EDGE,
            **self._at,
        )
        self._add(0.0, shape, np.zeros(3), np.eye(3), (_GROUND, _THING), lateralFriction=1.0, restitution=1.0)

    def _add(self, mass: float, shape: int, at: Array, turn: Array, groups: tuple[int, int], **surface: float) -> int:
        bullet = self._bullet
        body = bullet.createMultiBody(mass, shape, -1, at.tolist(), _xyzw(turn), **self._at)
        bullet.setCollisionFilterGroupMask(body, -1, *groups, **self._at)
        bullet.changeDynamics(body, -1, linearDamping=0.0, angularDamping=0.0, **surface, **self._at)
        return int(body)

    def add_vehicle(self, vehicle: Vehicle) -> None:
        """A heavy box, out of the way at first."""
        half = (vehicle.box[1] - vehicle.box[0]) / 2
        shape = self._bullet.createCollisionShape(self._bullet.GEOM_BOX, halfExtents=half.tolist(), **self._at)
        surface = {"lateralFriction": vehicle.friction, "restitution": 1.0}
        body = self._add(VEHICLE_MASS_KG, shape, np.array([0.0, 0.0, -1e3]), np.eye(3), (_VEHICLE, _THING), **surface)
        self._courses.append((body, *self._course(vehicle)))

    def _course(self, vehicle: Vehicle) -> tuple[list[Any], ...]:
        """Position, quaternion, velocity and rate of turning of a vehicle's middle at the start of each substep."""
        share = np.arange(self._substeps)[None, :, None] / self._substeps
        shift, turned = np.diff(vehicle.position, axis=0), se3.wrap_angle(np.diff(vehicle.rpy, axis=0))
        rpy = (vehicle.rpy[:-1, None] + share * turned[:, None]).reshape(-1, 3)
        turn, dt = se3.from_rpy(*rpy.T), self._substeps * self._h
        arm = turn @ ((vehicle.box[0] + vehicle.box[1]) / 2)
        at = (vehicle.position[:-1, None] + share * shift[:, None]).reshape(-1, 3) + arm
        rate = se3.angular_velocity(rpy, np.repeat(turned / dt, self._substeps, axis=0))
        linear = np.repeat(shift / dt, self._substeps, axis=0) + np.cross(rate, arm)
        quaternion = np.roll(se3.quaternion_from_rotation(turn), -1, axis=-1)
        return at.tolist(), quaternion.tolist(), linear.tolist(), rate.tolist()

    def add_thing(self, thing: Thing) -> tuple[int, Array]:
        """The body of a thing, and its centre of mass in the frame of the thing: the middle of its hull."""
        from scipy.spatial import ConvexHull

        hull = ConvexHull(thing.corners)
        inside = thing.corners.mean(0)
        corners = hull.points[hull.simplices]
        volumes = np.abs(
            np.einsum("ki,ki->k", corners[:, 0] - inside, np.cross(*(corners[:, 1:] - inside).swapaxes(0, 1)))
        )
        centres = (corners.sum(1) + inside) / 4
        centre = np.asarray((volumes[:, None] * centres).sum(0) / volumes.sum())
        turn = se3.from_rpy(*thing.rpy)
        shape = self._bullet.createCollisionShape(
            self._bullet.GEOM_MESH, vertices=(thing.corners - centre).tolist(), **self._at
        )
        body = self._add(
            thing.stuff.mass_kg,
            shape,
            thing.position + turn @ centre,
            turn,
            (_THING, _GROUND | _VEHICLE | _THING),
            lateralFriction=thing.stuff.friction,
            restitution=thing.stuff.restitution,
            rollingFriction=ROLLING,
            spinningFriction=ROLLING,
            activationState=self._bullet.ACTIVATION_STATE_ENABLE_SLEEPING,
        )
        linear = thing.velocity + np.cross(thing.rate, turn @ centre)
        self._bullet.resetBaseVelocity(body, linear.tolist(), thing.rate.tolist(), **self._at)
        return body, centre

    def state(self, body: int, centre: Array) -> tuple[Array, Array, Array]:
        """Position (3,) and rotation (3, 3) of a thing's frame, and velocity (3,) of its origin."""
        at, (x, y, z, w) = self._bullet.getBasePositionAndOrientation(body, **self._at)
        linear, angular = (np.array(v) for v in self._bullet.getBaseVelocity(body, **self._at))
        turn = se3.rotation_from_quaternion([w, x, y, z])
        arm = -turn @ centre
        return np.array(at) + arm, turn, linear + np.cross(angular, arm)

    def advance(self, loose: dict[int, tuple[int, Array]], step: int) -> list[tuple[int, int]]:
        """Go on to the next step; pairs (thing, vehicle) that touched on the way."""
        bullet, touched = self._bullet, []
        number = {body: n for n, (body, _) in loose.items()}
        for k in range(step * self._substeps, (step + 1) * self._substeps):
            for body, at, quaternion, linear, rate in self._courses:
                bullet.resetBasePositionAndOrientation(body, at[k], quaternion[k], **self._at)
                bullet.resetBaseVelocity(body, linear[k], rate[k], **self._at)
            bullet.stepSimulation(**self._at)
            for index, (body, *_) in enumerate(self._courses):
                for contact in bullet.getContactPoints(bodyA=body, **self._at):
                    if contact[9] > 0.0:  # a force, not only nearness
                        touched.append((number[contact[2]], index))
        return touched


def _xyzw(rotation: Array) -> list[float]:
    w, x, y, z = se3.quaternion_from_rotation(rotation).tolist()
    return [x, y, z, w]
