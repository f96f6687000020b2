"""Teleport, add and delete entity (ASAM OpenSCENARIO XML 1.3, 7.4.1.6, 7.4.2.1)."""

from __future__ import annotations

from simulator.storyboard import model
from simulator.storyboard.actions.base import (
    LATERAL,
    LONGITUDINAL,
    InstantAction,
    InstantPrivateAction,
    for_global,
    for_private,
)
from simulator.storyboard.actions.trailers import align_trailers
from simulator.storyboard.positions import resolve_position


@for_private(model.TeleportAction)
class TeleportAction(InstantPrivateAction):
    """Be somewhere at once."""

    domains = frozenset({LATERAL, LONGITUDINAL})
    record: model.TeleportAction

    def begin(self) -> None:
        """Go there, with its trailers straight behind."""
        driven = self.entity.is_driven(LATERAL) or self.entity.is_driven(LONGITUDINAL)
        if driven or self.entity.tow is not None:  # a controller drives it, or it stands where it is drawn
            return
        place, _ = resolve_position(self.world, self.record.position, route=self.entity.position.route)
        self.entity.position.take_place_of(place)
        align_trailers(self.entity)
        self.entity.align_rear_axle()
        done = self.entity.done
        done.lateral = done.longitudinal = done.speed = done.teleported = True


@for_global(model.AddEntityAction)
class AddEntityAction(InstantAction):
    """An entity comes into being."""

    record: model.AddEntityAction

    def begin(self) -> None:
        """Let it take part."""
        entity = self.world.entity(self.record.entity_ref, self.record.line)
        if entity.active:
            self.world.warn(f"{entity.name} is there already: it is not added again", self.record.line)
            return
        self.world.activate(entity)
        place, _ = resolve_position(self.world, self.record.position)
        entity.position.take_place_of(place)
        entity.done.teleported = True
        align_trailers(entity)


@for_global(model.DeleteEntityAction)
class DeleteEntityAction(InstantAction):
    """An entity vanishes."""

    record: model.DeleteEntityAction

    def begin(self) -> None:
        """Take it out."""
        self.world.deactivate(self.world.entity(self.record.entity_ref, self.record.line))
