"""What an anomaly is: a frozen set of physical parameters and one method that places it at a Site."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.loose import Stuff
from simulator.dynamics.motion import Motion
from simulator.dynamics.surface import Patch
from simulator.scenario.distributions import Metres, Seconds, SignedMetres, uniform
from simulator.scenario.family import Family, member
from simulator.scene import Atmosphere, Body, Material, Mesh, Model, SceneBuilder, Switch, stance

if TYPE_CHECKING:
    from simulator.roads import Path, RoadNetwork

Array = NDArray[np.float64]

STANDING = frozenset({"pedestrian", "animal"})
HAZARD_LIGHTS = (1 << Switch.INDICATOR_LEFT) | (1 << Switch.INDICATOR_RIGHT)


@dataclass(frozen=True, slots=True)
class Carried:
    """How a loose thing comes off the vehicle that carries it.

    Attributes:
        carrier: object id of the vehicle.
        deck_m: height of its deck above the ground.
        released_s: time of the drive at which the thing begins to slide off.
        slip_mps: speed at which it does, backwards on the deck.
    """

    carrier: int
    deck_m: float
    released_s: float
    slip_mps: float


@dataclass(slots=True)
class Site:
    """Where things are placed: the scene under construction and the road ahead of the ego.

    Attributes:
        builder: collects geometry and objects.
        network: the road network.
        path: the ego's lane centre line; s = 0 at the ego's start.
        atmosphere: light and weather (a broken-down car switches its lamps on at night).
        season: of plants: "spring", "summer", "autumn" or "winter".
        motions: prescribed motions; append to make an object move.
        lamps: switched-on lamps by object id, as bits `1 << Switch`.
        loose: what objects are made of that move when something strikes them.
        carried: how loose objects fall off a vehicle.
        patches: where tyres have less hold than elsewhere.
    """

    builder: SceneBuilder
    network: RoadNetwork
    path: Path
    atmosphere: Atmosphere
    season: str = "summer"
    motions: list[Motion] = field(default_factory=list)
    lamps: dict[int, int] = field(default_factory=dict)
    loose: dict[int, Stuff] = field(default_factory=dict)
    carried: dict[int, Carried] = field(default_factory=dict)
    patches: list[Patch] = field(default_factory=list)

    @property
    def dark(self) -> bool:
        """Whether drivers have their lamps on: sun below the horizon, fog, rain or snow."""
        return self.atmosphere.calls_for_headlamps

    def at(self, ahead_m: float, lateral_m: float = 0.0) -> tuple[Array, Array]:
        """World position (3,) on the ground and roll, pitch, yaw (3,) of the road `ahead_m` along the ego's path."""
        position, rpy = self.path.at(np.array([ahead_m]), lateral_m)
        position = np.array(position[0], np.float64)
        position[2] = self.builder.ground_height(position[None])[0]
        return position, np.array(rpy[0], np.float64)

    @property
    def kerb_side(self) -> float:
        """-1: the edge of the ego's road is on its right, +1: on its left (left-hand traffic)."""
        return self.network.roads[self.path.keys[0].road].kerb_side

    def lane_half_width_m(self, ahead_m: float) -> float:
        """Half the width of the ego's lane there."""
        return float(np.interp(ahead_m, self.path.s, self.path.width)) / 2

    def put(
        self,
        model: Model,
        ahead_m: float,
        lateral_m: float = 0.0,
        turn_rad: float = 0.0,
        *,
        stuff: Stuff | None = None,
        **kwargs: Any,
    ) -> int:
        """Add an object turned by `turn_rad` from the road's direction; returns its id.

        Vehicles, people and animals stand on the ground that is there, things lie on the plane of the road; those made
        of `stuff` lie there loosely.
        """
        position, rpy = self.at(ahead_m, lateral_m)
        yaw = float(rpy[2] + turn_rad)
        if model.wheelbase_m or model.class_name in STANDING:
            return self.builder.add_object(model, *stance(self.builder, model, position, yaw), **kwargs)
        left, forward = np.tan(rpy[0]), -np.tan(rpy[1])  # slopes of the road
        c, s = np.cos(turn_rad), np.sin(turn_rad)
        roll, pitch = np.arctan(c * left - s * forward), -np.arctan(c * forward + s * left)
        row = self.builder.add_object(model, position, (float(roll), float(pitch), yaw), **kwargs)
        if stuff is not None:
            self.loose[row] = stuff
        return row

    def drape(self, position: Array, offsets: Array, lift_m: float) -> Array:
        """(N, 3) points around `position` at horizontal (N, 2) world offsets, `lift_m` above the ground, relative to
        `position`."""
        below = position + np.column_stack([offsets, np.zeros(len(offsets))])
        return np.column_stack([offsets, self.builder.ground_height(below) + lift_m - position[2]])


def actor_drawn(kind: str, rng: np.random.Generator, **parameters: Any) -> Any:
    """An actor of the family `actors`, its open parameters drawn from `rng`."""
    actor: Any = member("actors", kind)(**parameters)
    return actor.drawn(rng)


def actor_models(kind: str, rng: np.random.Generator, **parameters: Any) -> list[Model]:
    """Models of an actor of the family `actors` (a rider's vehicle first), its open parameters drawn from `rng`."""
    return list(actor_drawn(kind, rng, **parameters).models(rng))


def disc_faces(rings: int, segments: int) -> NDArray[np.int32]:
    """Faces of a disc: vertex 0 is the middle, then `rings` rings of `segments` vertices, seen from above."""
    j = np.arange(segments)
    k = (j + 1) % segments
    faces = [np.stack([np.zeros_like(j), 1 + j, 1 + k], 1)]
    for r in range(rings - 1):
        a, b = 1 + r * segments, 1 + (r + 1) * segments
        faces += [np.stack([a + j, b + j, b + k], 1), np.stack([a + j, b + k, a + k], 1)]
    return np.concatenate(faces).astype(np.int32)


def single(class_name: str, mesh: Mesh, *materials: Material, **attributes: str) -> Model:
    """A one-piece model."""
    return Model(class_name, (Body(mesh, materials),), attributes=tuple(attributes.items()))


class Anomaly(Family, family="anomalies"):
    """Base of all anomalies.

    `ahead_m` is the distance along the ego's path from the ego's start, `lateral_m` the offset to the left of the
    lane centre.
    """

    taxonomy: ClassVar[str] = ""
    needs: ClassVar[str] = ""
    """Package that is not there on every platform and without which it cannot happen."""
    ahead_m: Metres = uniform(15.0, 35.0)
    lateral_m: SignedMetres = uniform(-0.5, 0.5)
    ttc_at_least_s: Seconds | None = None
    """Demanded time to collision when the ego's driver first sees it (what of it moves, if anything does): not less."""
    ttc_at_most_s: Seconds | None = None
    """And not more; drives that do not meet these are drawn anew when a dataset is made."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """A demand that nothing meets."""
        least, most = values.get("ttc_at_least_s"), values.get("ttc_at_most_s")
        if isinstance(least, float) and isinstance(most, float) and least > most:
            yield ("ttc_at_most_s",), f"{most:g} is less than ttc_at_least_s, {least:g}"

    @abstractmethod
    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Add the anomaly's objects (with `anomaly=self.taxonomy`), patches and motions to the site."""
