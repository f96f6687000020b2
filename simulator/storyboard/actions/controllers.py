"""Controllers: assigned, activated, overridden (ASAM OpenSCENARIO XML 1.3, 7.4.1.7 "Controller actions").

The player has the default controller only: an entity follows the actions of its storyboard (7.2.5 "Default
controller"). Any other falls back to it, with a warning.
"""

from __future__ import annotations

from simulator.storyboard import model
from simulator.storyboard.actions.base import InstantPrivateAction, for_private


def _domains(lateral: bool | None, longitudinal: bool | None) -> bool:
    return bool(lateral) or bool(longitudinal)


@for_private(model.AssignControllerAction)
class AssignControllerAction(InstantPrivateAction):
    """Give the entity a controller."""

    record: model.AssignControllerAction

    def begin(self) -> None:
        given = self.record.controller
        self.entity.signals["controller"] = given.controller if given is not None else None
        if given is not None and _domains(self.record.activate_lateral, self.record.activate_longitudinal):
            self._fall_back(given.name)

    def _fall_back(self, name: str) -> None:
        self.world.warn(
            f'there is no controller "{name}": {self.entity.name} falls back to the default controller',
            self.record.line,
        )


@for_private(model.ActivateControllerAction)
class ActivateControllerAction(InstantPrivateAction):
    """Activate or deactivate the entity's controller; it is done at once."""

    record: model.ActivateControllerAction

    def begin(self) -> None:
        if _domains(self.record.lateral, self.record.longitudinal):
            name = self.record.object_controller_ref or ""
            self.world.warn(
                f'there is no controller "{name}": {self.entity.name} falls back to the default controller',
                self.record.line,
            )
        self.end()


@for_private(model.OverrideControllerValueAction)
class OverrideControllerValueAction(InstantPrivateAction):
    """Replace inputs of the controller: kept for a vehicle model."""

    record: model.OverrideControllerValueAction

    def begin(self) -> None:
        self.entity.signals["override"] = self.record
