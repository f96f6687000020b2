"""Traffic signals and their controllers (ASAM OpenSCENARIO XML 1.3, 7.4.2.5 "Infrastructure actions")."""

from __future__ import annotations

from simulator.storyboard import model
from simulator.storyboard.actions.base import InstantAction, for_global
from simulator.storyboard.world import World


@for_global(model.TrafficSignalStateAction)
class TrafficSignalStateAction(InstantAction):
    """A signal shows a state."""

    record: model.TrafficSignalStateAction

    def begin(self) -> None:
        """Set the state."""
        self.world.signals[self.record.name] = self.record.state


@for_global(model.TrafficSignalControllerAction)
class TrafficSignalControllerAction(InstantAction):
    """A controller of signals starts a phase."""

    record: model.TrafficSignalControllerAction

    def begin(self) -> None:
        """Start the phase."""
        self.world.signal_cycles.start_phase(self.record.traffic_signal_controller_ref, self.record.phase)


class SignalCycles:
    """Controllers of signals: phases one after the other, over and over.

    A controller with a reference runs `delay` seconds behind that one's cycle.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.controllers = {each.name: each for each in world.scenario.road_network.traffic_signals}
        self.shift = {name: self._delay(name, set()) for name in self.controllers}

    def _delay(self, name: str, seen: set[str]) -> float:
        controller = self.controllers.get(name)
        if controller is None or name in seen:
            return 0.0
        before = self._delay(controller.reference, seen | {name}) if controller.reference else 0.0
        return before + controller.delay

    def start_phase(self, name: str, phase: str) -> None:
        """Begin a phase now; the cycle goes on from there."""
        controller = self.controllers.get(name)
        names = [each.name for each in controller.phases] if controller is not None else []
        if controller is None or phase not in names:
            self.world.warn(f'there is no phase "{phase}" of a traffic signal controller "{name}"')
            return
        before = sum(each.duration for each in controller.phases[: names.index(phase)])
        self.shift[name] = self.world.time - before
        self._show(controller)

    def step(self) -> None:
        """Let all signals show what their phases say."""
        for controller in self.controllers.values():
            self._show(controller)

    def _show(self, controller: model.TrafficSignalController) -> None:
        length = sum(phase.duration for phase in controller.phases)
        time = self.world.time - self.shift[controller.name]
        if length <= 0.0 or time < 0.0:
            return
        time %= length
        for phase in controller.phases:
            if time < phase.duration:
                break
            time -= phase.duration
        if self.world.phases.get(controller.name) != phase.name:
            self.world.phases[controller.name] = phase.name
            if phase.group_state is not None:
                for signal in self._group(controller.name):
                    self.world.signals[signal] = phase.group_state
            for state in phase.traffic_signal_states:
                self.world.signals[state.traffic_signal_id] = state.state

    def _group(self, name: str) -> list[str]:
        """Signals of the controller that the map has by this id or name."""
        network = self.world.roads.network
        controllers = list(network.controllers.values()) if network is not None else []
        found = [each for each in controllers if each.id == name] or [each for each in controllers if each.name == name]
        return [signal for each in found for signal, _ in each.controls]
