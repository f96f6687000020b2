"""Controllers: assigned, activated, overridden (ASAM OpenSCENARIO XML 1.3, 7.4.1.7 "Controller actions").

Without an active controller an entity follows the actions of its storyboard (7.2.5 "Default controller").
"""

from __future__ import annotations

from dataclasses import fields

from simulator.storyboard import model
from simulator.storyboard.actions.base import InstantPrivateAction, for_private
from simulator.storyboard.actions.ghosts import return_ghost
from simulator.storyboard.drivers import assign
from simulator.storyboard.elements import EventElement


@for_private(model.AssignControllerAction)
class AssignControllerAction(InstantPrivateAction):
    """Give the entity a controller, and activate it where the action says so."""

    record: model.AssignControllerAction

    def begin(self) -> None:
        """Hand over the controller."""
        record, entity = self.record, self.entity
        if record.controller is None:
            entity.drivers.clear()
        elif assign(self.world, entity, record.controller):
            entity.drivers[-1].activate(record.activate_lateral, record.activate_longitudinal)


@for_private(model.ActivateControllerAction)
class ActivateControllerAction(InstantPrivateAction):
    """Activate or deactivate the entity's controller; it is done at once."""

    record: model.ActivateControllerAction

    def begin(self) -> None:
        """Switch domains of the controller on or off."""
        record, entity = self.record, self.entity
        wanted = {name for name in ("lateral", "longitudinal") if getattr(record, name)}
        named = [d for d in entity.drivers if record.object_controller_ref in (None, *d.names)]
        if named:
            driver = named[-1]
            for other in entity.drivers:
                if other is not driver and wanted & other.active:
                    # Since 1.3 each domain may have its own controller (7.2.5).
                    other.active -= wanted if self.world.scenario.file_header.rev_minor >= 3 else other.active.copy()
            driver.activate(record.lateral, record.longitudinal)
        self.end()


@for_private(model.OverrideControllerValueAction)
class OverrideControllerValueAction(InstantPrivateAction):
    """Replace inputs of the controller: kept for a vehicle model."""

    record: model.OverrideControllerValueAction

    def start(self) -> None:
        """Note the inputs; once one is the controller's again a ghost has to begin anew."""
        given = {each.name: getattr(self.record, each.name) for each in fields(self.record) if each.name != "line"}
        given = {name: value for name, value in given.items() if value is not None}
        kept = self.entity.signals.setdefault("override", {})
        freed = any(name in kept and kept[name].active and not value.active for name, value in given.items())
        ghost, event = self.world.ghost, self.parent
        if freed and ghost is not None and ghost.host is self.entity and isinstance(event, EventElement):
            return_ghost(event, ghost)
        kept.update(given)
        super().start()
