"""Parameters, variables, monitors (ASAM OpenSCENARIO XML 1.3, 7.4.2 "Global actions")."""

from __future__ import annotations

from simulator.errors import InputError
from simulator.storyboard import model
from simulator.storyboard.actions.base import InstantAction, for_global
from simulator.storyboard.world import World


def _typed(like: model.Value | None, text: str) -> model.Value | None:
    """A text as a value of the type that the variable has; None: it is no number, and one is needed."""
    if isinstance(like, bool):
        return text in ("true", "1")
    if not isinstance(like, (int, float)):
        return text
    try:
        return int(float(text)) if isinstance(like, int) else float(text)
    except (ValueError, OverflowError):
        return None


@for_global(model.ParameterSetAction, model.ParameterModifyAction)
class ParameterAction(InstantAction):
    """Set or change a parameter."""

    record: model.ParameterSetAction | model.ParameterModifyAction

    def begin(self) -> None:
        """Set the value."""
        _apply(self.world, self.world.parameters, self.record.parameter_ref, self.record)


@for_global(model.VariableSetAction, model.VariableModifyAction)
class VariableAction(InstantAction):
    """Set or change a variable."""

    record: model.VariableSetAction | model.VariableModifyAction

    def begin(self) -> None:
        """Set the value."""
        _apply(self.world, self.world.variables, self.record.variable_ref, self.record)


def _apply(
    world: World,
    values: dict[str, model.Value],
    name: str,
    record: model.ParameterSetAction
    | model.ParameterModifyAction
    | model.VariableSetAction
    | model.VariableModifyAction,
) -> None:
    old = values.get(name)
    if isinstance(record, (model.ParameterSetAction, model.VariableSetAction)):
        new = _typed(old, record.value)
        if new is None:
            message = f'"{name}" is a number and cannot become "{record.value[:60]}"'
            raise InputError(message, source=str(world.scenario.source or ""), line=record.line)
        values[name] = new
    elif isinstance(old, (int, float)) and not isinstance(old, bool):
        rule = record.rule
        changed = old + rule.value if isinstance(rule, model.AddValue) else old * rule.value
        values[name] = int(changed) if isinstance(old, int) else changed
    elif old is not None:
        world.warn(f'"{name}" is no number: nothing can be added to it, nor can it be multiplied', record.line)


@for_global(model.SetMonitorAction)
class SetMonitorAction(InstantAction):
    """Set a monitor."""

    record: model.SetMonitorAction

    def begin(self) -> None:
        """Set the value."""
        self.world.monitors[self.record.monitor_ref] = self.record.value
