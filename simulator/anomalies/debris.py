"""Debris and lost cargo: things on the carriageway that nobody drives over willingly, or that are falling onto it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, ClassVar, NamedTuple

import numpy as np

from simulator.anomalies import _props
from simulator.anomalies._mattress import mattress
from simulator.anomalies.base import Anomaly, Carried, Site, actor_models
from simulator.dynamics.loose import Stuff
from simulator.dynamics.motion import Event, Motion
from simulator.numerics import se3
from simulator.numerics.units import GRAVITY_MPS2
from simulator.scenario.distributions import (
    Count,
    Kilograms,
    Metres,
    MetresPerSecond,
    Seconds,
    SignedMetres,
    Word,
    choice,
    integer,
    uniform,
)
from simulator.scene import Model


class Piece(NamedTuple):
    """A thing that may lie on a road: its entry in the taxonomy, its maker, and what it is made of (usual values)."""

    taxonomy: str
    make: Callable[[np.random.Generator], Model]
    stuff: Stuff


DEBRIS: dict[str, Piece] = {
    "crate": Piece("OBJ-01", _props.crate, Stuff(2.0, 0.4, 0.3)),
    "cardboard_box": Piece("OBJ-03", _props.carton, Stuff(4.0, 0.5, 0.1)),
    "pallet": Piece("OBJ-04", _props.pallet, Stuff(25.0, 0.5, 0.2)),  # EPAL 1: about 25 kg
    "tyre": Piece("OBJ-05", _props.tyre, Stuff(9.0, 0.8, 0.5)),
    "tyre_tread": Piece("OBJ-06", _props.tread, Stuff(6.0, 0.8, 0.3)),
    "bumper": Piece("OBJ-07", _props.bumper, Stuff(5.0, 0.4, 0.2)),
    "planks": Piece("OBJ-13", _props.plank, Stuff(8.0, 0.5, 0.2)),
    "suitcase": Piece("OBJ-29", _props.suitcase, Stuff(15.0, 0.4, 0.2)),
}
CARGO: dict[str, Piece] = {
    "mattress": Piece("OBJ-31", mattress, Stuff(20.0, 0.7, 0.1)),
    "sofa": Piece("OBJ-32", _props.sofa, Stuff(45.0, 0.6, 0.1)),
    "refrigerator": Piece("OBJ-34", _props.refrigerator, Stuff(60.0, 0.4, 0.1)),
    "ladder": Piece("OBJ-35", _props.ladder, Stuff(10.0, 0.4, 0.2)),
    "pipes": Piece("OBJ-49", _props.pipes, Stuff(30.0, 0.4, 0.2)),
}
STONE_KG_M3 = 2600.0
CONE = Stuff(4.0, 0.7, 0.3)


def _lay(site: Site, piece: Piece, along_m: float, side_m: float, rng: np.random.Generator) -> None:
    """Put a thing down at a random angle."""
    thing = piece.make(rng)
    site.put(thing, along_m, side_m, rng.uniform(0, 2 * np.pi), stuff=piece.stuff, anomaly=piece.taxonomy)


class Debris(Anomaly, kind="debris"):
    """One or several small things scattered over the lane."""

    taxonomy: ClassVar[str] = "OBJ-03"
    item: Annotated[str, Word(tuple(DEBRIS))] = choice(*DEBRIS)
    """What the first piece is; the others are drawn at random."""
    count: Count = integer(1, 4)
    spread_m: Metres = 5.0
    """How far along the lane the pieces are scattered."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Scatter the pieces."""
        for k in range(self.count):
            piece = DEBRIS[self.item if k == 0 else str(rng.choice(list(DEBRIS)))]
            along = self.ahead_m + (k + rng.uniform(-0.3, 0.3)) * self.spread_m / max(self.count, 1) * (k > 0)
            side = self.lateral_m + (rng.uniform(-1.4, 1.4) if k else 0.0)
            _lay(site, piece, along, side, rng)


class LostCargo(Anomaly, kind="lost_cargo"):
    """A large piece that fell off a vehicle."""

    taxonomy: ClassVar[str] = "OBJ-31"
    cargo: Annotated[str, Word(tuple(CARGO))] = choice(*CARGO)
    """What fell."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Lay it down at a random angle."""
        _lay(site, CARGO[self.cargo], self.ahead_m, self.lateral_m, rng)


class FallingCargo(Anomaly, kind="falling_cargo"):
    """A piece that slides off the flatbed of a lorry ahead and tumbles over the road (by pybullet)."""

    taxonomy: ClassVar[str] = "OBJ-54"
    needs: ClassVar[str] = "pybullet"
    cargo: Annotated[str, Word((*CARGO, *DEBRIS))] = choice("mattress", "sofa", "refrigerator", "cardboard_box", "tyre")
    """What falls."""
    mass_kg: Kilograms | None = None
    """Its mass; by default what such a thing usually weighs."""
    released_s: Seconds = uniform(0.3, 1.5)
    """Time of the drive at which it begins to slide."""
    slip_mps: MetresPerSecond = uniform(1.0, 2.5)
    """Speed at which it slides backwards off the deck."""
    speed_mps: MetresPerSecond | None = None
    """Speed of the lorry; by default 0.85 of the limit."""
    ahead_m: Metres = uniform(20.0, 35.0)
    lateral_m: SignedMetres = uniform(-0.3, 0.3)

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Start the lorry, which has no tail board, with the piece at the end of its deck."""
        lorry = actor_models("truck", rng, body="open_flatbed")[0]
        piece = CARGO.get(self.cargo) or DEBRIS[self.cargo]
        thing = piece.make(rng)
        speed = self.speed_mps
        if speed is None:
            speed = min(0.85 * float(site.path.speed_limit_mps[0]), 25.0)
        row = site.put(
            lorry, self.ahead_m, self.lateral_m, moving=True, anomaly="BEH-21", attributes={"state": "losing cargo"}
        )
        site.lamps[row] = site.atmosphere.headlamps
        deck = lorry.deck_m
        aft = float(lorry.bounds[0, 0] - thing.bounds[0, 0]) + 0.15
        positions, rpy = site.builder.initial_poses()
        pose = se3.pose(positions[row], *rpy[row]) @ se3.pose((aft, 0.0, deck + 0.005))
        cargo = site.builder.add_object(thing, pose[:3, 3], rpy[row], moving=True, anomaly=self.taxonomy)
        stuff = piece.stuff if self.mass_kg is None else replace(piece.stuff, mass_kg=self.mass_kg)
        site.loose[cargo] = stuff
        site.carried[cargo] = Carried(row, deck, self.released_s, self.slip_mps)
        # To drivers the piece is one that brakes hard once it has slid off, until its fall is known.
        falls = self.released_s + 0.3 / max(self.slip_mps, 0.3) + np.sqrt(2.0 * deck / GRAVITY_MPS2)
        stops = (Event("speed", 0.0, stuff.friction * GRAVITY_MPS2, float(falls)),)
        for thing_row, ahead, lift, events in (
            (row, self.ahead_m, 0.0, ()),
            (cargo, self.ahead_m + aft, deck, stops),
        ):
            way = np.arange(ahead, max(site.path.length, ahead + 2.0), 1.0)
            line = np.array(site.path.at(np.minimum(way, site.path.length), self.lateral_m)[0])
            beyond = way[-1] - np.minimum(way[-1], site.path.length)
            line[-1, :2] += beyond * (line[-1, :2] - line[0, :2]) / max(np.hypot(*(line[-1] - line[0])[:2]), 1e-9)
            line[:, 2] += lift
            line[0] = site.builder.initial_poses()[0][thing_row]
            site.motions.append(Motion(thing_row, line, speed, initial_speed_mps=speed, events=events))


class Rockfall(Anomaly, kind="rockfall"):
    """Stones that came down on the road."""

    taxonomy: ClassVar[str] = "OBJ-17"
    count: Count = integer(6, 16)
    largest_m: Metres = 0.35
    """Radius of the largest stone."""

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Scatter stones, most of them small, denser to the right."""
        for k in range(self.count):
            radius = self.largest_m * (1.0 if k == 0 else rng.uniform(0.15, 1.0) ** 2 + 0.08)
            side = self.lateral_m + (0.0 if k == 0 else rng.normal(-0.8, 1.2))
            along = self.ahead_m + (0.0 if k == 0 else rng.normal(0, 2.5))
            taxonomy = self.taxonomy if self.count > 1 else "OBJ-16"
            stuff = Stuff(STONE_KG_M3 * 0.4 * (2.0 * radius) ** 3, 0.6, 0.1)  # 0.4 of the cube about it
            site.put(_props.rock(rng, radius), along, side, rng.uniform(0, 2 * np.pi), stuff=stuff, anomaly=taxonomy)


class ConesInLane(Anomaly, kind="cones_in_lane"):
    """Traffic cones where none belong, standing or toppled."""

    taxonomy: ClassVar[str] = "OBJ-21"
    count: Count = integer(1, 4)

    def place(self, site: Site, rng: np.random.Generator) -> None:
        """Put cones; about half of them lie on their side."""
        for k in range(self.count):
            along, side = self.ahead_m + 1.5 * k, self.lateral_m + (rng.normal(0, 0.8) if k else 0.0)
            if rng.random() < 0.5:
                lying = rng.uniform(0, 2 * np.pi)
                site.put(_props.toppled_cone(), along, side, lying, stuff=CONE, anomaly="OBJ-22")
            else:
                site.put(_props.cone(), along, side, stuff=CONE, anomaly="OBJ-21", attributes={"pose": "standing"})
