"""Plays a storyboard: from the scenario and the road network to trajectories.

In each step the storyboard is evaluated first (triggers, then running actions), with the positions of the step
before; then entities that no action has moved go on along their lanes, and trailers follow.
"""

from __future__ import annotations

import itertools
from random import Random

from simulator.roads import RoadNetwork
from simulator.storyboard import model
from simulator.storyboard.actions import ActionElement, is_global, is_private, make_action, make_private_actions
from simulator.storyboard.actions.signals import SignalCycles
from simulator.storyboard.actions.trailers import couple, follow
from simulator.storyboard.conditions import ElementStateCondition, Trigger
from simulator.storyboard.drivers import assign
from simulator.storyboard.elements import (
    ActElement,
    Element,
    EventElement,
    ManeuverElement,
    ManeuverGroupElement,
    StoryboardElement,
    StoryElement,
)
from simulator.storyboard.entities import STANDSTILL_MPS, Entity
from simulator.storyboard.recording import Recording
from simulator.storyboard.road_links import Roads
from simulator.storyboard.road_position import TINY, Moved
from simulator.storyboard.world import World

_RELATIVE = (
    model.RelativeLanePosition,
    model.RelativeWorldPosition,
    model.RelativeObjectPosition,
    model.RelativeRoadPosition,
)


def play(
    scenario: model.OpenScenario,
    network: RoadNetwork | None,
    *,
    dt: float = 0.05,
    until: float = 60.0,
    seed: int = 0,
) -> Recording:
    """Play a scenario from its start until its storyboard stops, at most `until` seconds.

    Args:
        network: its roads; None: there are none.
        dt: step in s. Triggers act in the step after the one in which their condition comes true.
        seed: of everything random.

    Raises:
        InputError: the scenario names an entity, road or lane that does not exist.
    """
    player = Player(scenario, network, seed=seed)
    recording = Recording(dt)
    recording.add(0.0, player.world)
    recording.ego = _ego(scenario)
    steps = round(until / dt)
    for _ in range(steps):
        if not player.step(dt):
            break
        recording.add(player.world.time, player.world)
    else:
        player.step(dt)
    recording.events, recording.warnings = player.world.happenings, player.world.warnings
    return recording


def _ego(scenario: model.OpenScenario) -> str:
    """The entity called ego or hero, else the first vehicle with a controller, else the first vehicle."""
    vehicles = [each for each in scenario.entities if isinstance(each.object, model.Vehicle)]
    named = [each for name in ("ego", "hero") for each in vehicles if each.name.lower() == name]
    controlled = [each for each in vehicles if each.controllers]
    return next((each.name for each in (*named, *controlled, *vehicles)), "")


class Player:
    """A scenario that runs; ready at time 0 with its initial actions done."""

    def __init__(self, scenario: model.OpenScenario, network: RoadNetwork | None, *, seed: int = 0) -> None:
        roads = Roads(network)
        entities = {each.name: Entity.of(each, roads) for each in scenario.entities}
        self.world = World(scenario, roads, entities, Random(seed))
        self.world.parameters = {each.name: each.value for each in scenario.parameters}
        self.world.variables = {each.name: each.value for each in scenario.variables}
        self.world.monitors = {each.name: each.value for each in scenario.monitors}
        self.world.signal_cycles = SignalCycles(self.world)
        for entity in entities.values():
            if isinstance(entity.object, model.Vehicle) and entity.object.trailer:
                couple(entity, self.world.entity(entity.object.trailer, entity.object.line))
        for each in scenario.entities:
            for given in each.controllers:
                assign(self.world, entities[each.name], given.controller)
        for entity in entities.values():
            entity.align_rear_axle()
        self.init: list[ActionElement] = self._make_init(scenario.storyboard.init)
        self.storyboard = self._make_storyboard(scenario.storyboard)
        self._run(0.0, first=True)
        self.world.recording = True

    def step(self, dt: float) -> bool:
        """One step of `dt` seconds; False: the storyboard has stopped, and nothing moved."""
        return self._run(dt, first=False)

    # ---- making elements

    def _make_init(self, init: model.Init) -> list[ActionElement]:
        world = self.world
        found: list[ActionElement] = []
        for record in (*init.global_actions, *init.user_defined_actions):
            found.append(make_action(world, record, f"Init {type(record).__name__}", None))
        for private in _in_order(init.privates):
            entity = world.entity(private.entity_ref, private.line)
            for action in private.actions:
                name = f"Init {entity.name} {_CHOICES.get(type(action), type(action).__name__)}"
                made = make_private_actions(world, action, name, None, entity)
                entity.init_actions += made
                found += made
        for private in init.privates:
            world.activate(world.entity(private.entity_ref, private.line))
        return found

    def _make_storyboard(self, storyboard: model.Storyboard) -> StoryboardElement:
        world = self.world
        self._bindings: list[Trigger] = []
        root = StoryboardElement(world, "", None, None, self._trigger(storyboard.stop_trigger, default=False))
        root.children = [self._story(story, root) for story in storyboard.stories]
        world.storyboard = root
        for trigger in self._bindings:
            for group in trigger.groups:
                for condition in group:
                    if isinstance(condition.check, ElementStateCondition):
                        condition.check.bind()
        return root

    def _trigger(self, trigger: model.Trigger | None, *, default: bool) -> Trigger | None:
        if trigger is None:
            return None
        made = Trigger(self.world, trigger, default=default)
        self._bindings.append(made)
        return made

    def _story(self, story: model.Story, parent: Element) -> StoryElement:
        made = StoryElement(self.world, story.name, parent)
        made.children = [self._act(act, made) for act in story.acts]
        return made

    def _act(self, act: model.Act, parent: Element) -> ActElement:
        start, stop = self._trigger(act.start_trigger, default=True), self._trigger(act.stop_trigger, default=False)
        made = ActElement(self.world, act.name, parent, start, stop)
        made.children = [self._group(group, made) for group in act.maneuver_groups]
        return made

    def _group(self, group: model.ManeuverGroup, parent: Element) -> ManeuverGroupElement:
        made = ManeuverGroupElement(self.world, group.name, parent, None, None, group.maximum_execution_count)
        if group.select_triggering_entities:
            self.world.warn("selectTriggeringEntities is not supported: only the actors named act", group.line)
        actors = [self.world.entity(name, group.line) for name in group.actors]
        made.children = [self._maneuver(maneuver, made, actors) for maneuver in group.maneuvers]
        return made

    def _maneuver(self, maneuver: model.Maneuver, parent: Element, actors: list[Entity]) -> ManeuverElement:
        made = ManeuverElement(self.world, maneuver.name, parent)
        made.children = [self._event(event, made, actors) for event in maneuver.events]
        return made

    def _event(self, event: model.Event, parent: ManeuverElement, actors: list[Entity]) -> EventElement:
        trigger = Trigger(self.world, event.start_trigger, default=True)
        self._bindings.append(trigger)
        made = EventElement(self.world, event, parent, trigger)
        made.children = []
        private = False
        for action in event.actions:
            record = action.action
            if is_private(record):
                private = True
                for actor in actors:
                    made.children += make_private_actions(self.world, record, action.name, made, actor)
            elif is_global(record):
                made.children.append(make_action(self.world, record, action.name, made))
        for actor in actors if private else []:
            actor.events.append(made)
        return made

    # ---- running

    def _run(self, dt: float, *, first: bool) -> bool:
        world = self.world
        if first:
            for action in self.init:
                action.start()
            self.storyboard.start()
            for entity in world.entities.values():
                entity.start_here()
        world.signal_cycles.step()
        self.storyboard.evaluate_triggers()
        for action in self.init:
            action.step(dt)
        self.storyboard.step(dt)
        if self.storyboard.state != "running":
            return False
        for entity in world.active:
            self._drive(entity, dt)
        for entity in world.active:
            for driver in entity.drivers:
                if driver.active:
                    driver.step(dt)
        for entity in world.active:
            if entity.tow is None and entity.trailer is not None:
                train = entity.train()
                for tow, trailer in itertools.pairwise(train):
                    follow(tow, trailer)
        for entity in world.active:
            entity.draw_rear_axle()
            self._note_states(entity, world.time + dt)
            entity.finish_step(dt)
        world.time += dt
        return True

    @staticmethod
    def _drive(entity: Entity, dt: float) -> None:
        """The default controller: on along the lane, at the speed that it has."""
        if (
            abs(entity.speed) > TINY
            and entity.tow is None
            and not entity.done.longitudinal
            and not entity.is_driven("longitudinal")
        ):
            moved = entity.position.move(entity.speed * dt, choose=entity.choose)
            if moved is Moved.FAILED:
                entity.set_speed(0.0)
            entity.done.longitudinal = entity.done.speed = True

    @staticmethod
    def _note_states(entity: Entity, time: float) -> None:
        """Since when it stands, is off the road, at its end; the first step is the earliest."""
        if time < TINY:
            return
        position = entity.position
        if not position.at_end:
            entity.ends_since = None
        elif entity.ends_since is None:
            entity.ends_since = time
        elif all(abs(v) < TINY for v in entity.velocity):
            entity.set_speed(0.0)
        if not position.is_off_road:
            entity.off_since = None
        elif entity.off_since is None:
            entity.off_since = time
        if abs(entity.speed) >= STANDSTILL_MPS:
            entity.stands_since = None
        elif entity.stands_since is None:
            entity.stands_since = time


# Private actions that the standard groups; initial ones are named after the group.
_CHOICES: dict[type, str] = {
    **dict.fromkeys(
        (model.SpeedAction, model.SpeedProfileAction, model.LongitudinalDistanceAction), "LongitudinalAction"
    ),
    **dict.fromkeys((model.LaneChangeAction, model.LaneOffsetAction, model.LateralDistanceAction), "LateralAction"),
    **dict.fromkeys(
        (
            model.AssignRouteAction,
            model.FollowTrajectoryAction,
            model.AcquirePositionAction,
            model.RandomRouteAction,
        ),
        "RoutingAction",
    ),
    **dict.fromkeys((model.ConnectTrailerAction, model.DisconnectTrailerAction), "TrailerAction"),
}


def _in_order(privates: tuple[model.Private, ...]) -> list[model.Private]:
    """Initial actions, those of entities that others are placed relative to first."""
    left, done, found = list(privates), set[str](), list[model.Private]()
    names = {private.entity_ref for private in privates}
    while left:
        ready = next((p for p in left if not (_references(p) & names - done - {p.entity_ref})), left[0])
        left.remove(ready)
        done.add(ready.entity_ref)
        found.append(ready)
    return found


def _references(private: model.Private) -> set[str]:
    return {
        action.position.entity_ref
        for action in private.actions
        if isinstance(action, model.TeleportAction) and isinstance(action.position, _RELATIVE)
    }
