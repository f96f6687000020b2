"""Trailers: coupling, and how they follow (ASAM OpenSCENARIO XML 1.3, 7.4.1.10 "Trailer actions")."""

from __future__ import annotations

import itertools
from math import atan2, cos, hypot, sin

from simulator.storyboard import model
from simulator.storyboard.actions.base import InstantPrivateAction, for_private
from simulator.storyboard.entities import Entity
from simulator.storyboard.rotation import wrap
from simulator.storyboard.world import World


def couple(world: World, tow: Entity, trailer: Entity, line: int) -> None:
    """Let an entity draw another instead of what it draws; the other leaves whoever drew it.

    None draws itself, or what draws it: a warning.
    """
    train = tow.train()
    if trailer in train[: train.index(tow) + 1]:
        world.warn(f"{tow.name} cannot draw {trailer.name}, which it is or hangs on", line)
        return
    uncouple(tow)
    if trailer.tow is not None:
        uncouple(trailer.tow)
    trailer.tow, tow.trailer = tow, trailer


def uncouple(tow: Entity) -> None:
    """Leave the trailer where it is."""
    if tow.trailer is not None:
        tow.trailer.tow = None
        tow.trailer = None


def _reach(tow: Entity, trailer: Entity) -> tuple[float, float]:
    """From the tow's reference point back to the hitch, and from the coupler on to the trailer's."""
    hitch, coupler = getattr(tow.object, "trailer_hitch", None), getattr(trailer.object, "trailer_coupler", None)
    return (hitch.dx if hitch is not None else 0.0), (coupler.dx if coupler is not None else 0.0)


def align_trailers(entity: Entity) -> None:
    """Put the trailers straight behind."""
    if entity.tow is not None:
        return
    train = entity.train()
    for tow, trailer in itertools.pairwise(train):
        hitch, coupler = _reach(tow, trailer)
        h = entity.position.h
        back = hitch - coupler
        trailer.position.road, trailer.position.s = tow.position.road, tow.position.s
        trailer.position.set_world(tow.position.x + back * cos(h), tow.position.y + back * sin(h), h=h)
        trailer.set_speed(entity.speed)
        trailer.done.teleported = entity.done.teleported


def follow(tow: Entity, trailer: Entity) -> None:
    """Draw a trailer by its hitch: it keeps its distance and turns towards the hitch."""
    hitch, coupler = _reach(tow, trailer)
    p, t = tow.position, trailer.position
    x, y = p.x + hitch * cos(p.h), p.y + hitch * sin(p.h)
    dx, dy = t.x - x, t.y - y
    length = hypot(dx, dy) or 1.0
    heading = wrap(atan2(-dy, -dx))
    t.set_world(x + dx / length * coupler, y + dy / length * coupler, h=heading)
    trailer.set_speed(tow.speed)


@for_private(model.ConnectTrailerAction)
class ConnectTrailerAction(InstantPrivateAction):
    """Couple a trailer."""

    record: model.ConnectTrailerAction

    def begin(self) -> None:
        """Couple it, instead of another."""
        trailer = self.world.entity(self.record.trailer_ref, self.record.line)
        if self.entity.trailer is not trailer:
            couple(self.world, self.entity, trailer, self.record.line)


@for_private(model.DisconnectTrailerAction)
class DisconnectTrailerAction(InstantPrivateAction):
    """Leave the trailer where it is."""

    def begin(self) -> None:
        """Uncouple it."""
        if self.entity.trailer is None:
            self.world.warn(f"{self.entity.name} has no trailer to leave", self.record.line)
        uncouple(self.entity)
