"""Plays a storyboard: from the scenario and the road network to trajectories.

In each step the storyboard is evaluated first (triggers, then running actions), with the positions of the step
before; then entities that no action has moved go on along their lanes, and trailers follow.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial

from simulator.roads import RoadNetwork
from simulator.storyboard import model
from simulator.storyboard.actions import (
    ActionElement,
    PrivateActionElement,
    is_global,
    is_private,
    make_action,
    make_private_actions,
)
from simulator.storyboard.actions.ghosts import GhostReturn
from simulator.storyboard.actions.signals import SignalCycles
from simulator.storyboard.actions.trailers import couple, follow
from simulator.storyboard.conditions import ElementStateCondition, Trigger
from simulator.storyboard.cruising import Cruisers
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
from simulator.storyboard.ghosts import DONE_BY_GHOST, SOLO_STEP_S, Ghost, foreseen, ghost_of, handed_over
from simulator.storyboard.lane_following import LaneFollowing
from simulator.storyboard.lane_poses import LanePoses
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
    recording.add(0.0, player.world, player.cruisers)
    recording.ego = _ego(scenario)
    steps = round(until / dt)
    for _ in range(steps):
        if not player.step(dt):
            break
        recording.add(player.world.time, player.world, player.cruisers)
    if not recording.entities:
        player.world.warn("no entity takes part; entities come in by actions in <Init> or by an AddEntityAction")
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
        self.world = World(scenario, roads, entities, seed)
        self.world.parameters = {each.name: each.value for each in scenario.parameters}
        self.world.variables = {each.name: each.value for each in scenario.variables}
        self.world.monitors = {each.name: each.value for each in scenario.monitors}
        self.world.signal_cycles = SignalCycles(self.world)
        poses = LanePoses()
        self._following = LaneFollowing(poses)
        self.cruisers = Cruisers(self.world.crowd, poses, self._note_end)
        self.world.ghost = self.ghost = ghost_of(scenario, entities, roads)
        for entity in entities.values():
            if isinstance(entity.object, model.Vehicle) and entity.object.trailer:
                trailer = self.world.entity(entity.object.trailer, entity.object.line)
                couple(self.world, entity, trailer, entity.object.line)
        for each in scenario.entities:
            for k, given in enumerate(each.controllers):
                ghostly = self.ghost is not None and each.name == self.ghost.host.name and k > 0
                # The first controller follows the ghost; the others drive it.
                assign(self.world, self.ghost.entity if ghostly and self.ghost else entities[each.name], given)
        if self.ghost is not None:
            entities[self.ghost.entity.name] = self.ghost.entity
            self.world.activate(self.ghost.entity)
            self.world.warn(f"{self.ghost.host.name} follows a ghost, which runs ahead of it: an extension of esmini")
        for entity in entities.values():
            entity.align_rear_axle()
        self.init: list[ActionElement] = self._make_init(scenario.storyboard.init)
        self.storyboard = self._make_storyboard(scenario.storyboard)
        self._advance(0.0, first=True)
        self.world.recording = True

    def step(self, dt: float) -> bool:
        """One step of `dt` seconds; False: the storyboard has stopped, and nothing moved."""
        return self._advance(dt, first=False)

    def _advance(self, dt: float, *, first: bool) -> bool:
        """One step, and where a ghost is to get ahead all those that it makes alone."""
        world, ghost = self.world, self.ghost
        if ghost is None:
            return self._run(dt, first=first)
        if first:
            world.time = ghost.turn_back_time(world.time)
        going = self._run(dt, first=first)
        world.time = ghost.turn_back_time(world.time)
        while going and ghost.phase != "ahead":
            going = self._run(SOLO_STEP_S, first=False)
            world.time = ghost.turn_back_time(world.time)
        return going

    # ---- making elements

    def _make_init(self, init: model.Init) -> list[ActionElement]:
        world = self.world
        found: list[ActionElement] = []
        for record in (*init.global_actions, *init.user_defined_actions):
            found.append(make_action(world, record, f"Init {type(record).__name__}", None))
        for private in _in_order(init.privates, world):
            entity = world.entity(private.entity_ref, private.line)
            for action in private.actions:
                name = f"Init {entity.name} {_CHOICES.get(type(action), type(action).__name__)}"
                made = make_private_actions(world, action, name, None, entity)
                entity.init_actions += made
                found += made
        if self.ghost is not None:
            found += self._copy_init(init, self.ghost)
        for private in init.privates:
            world.activate(world.entity(private.entity_ref, private.line))
        return found

    def _copy_init(self, init: model.Init, ghost: Ghost) -> list[PrivateActionElement]:
        """The initial actions of the ghost."""
        made: list[PrivateActionElement] = []
        for action in (
            a for private in init.privates if private.entity_ref == ghost.host.name for a in private.actions
        ):
            name = f"Init {ghost.host.name} {_CHOICES.get(type(action), type(action).__name__)}_ghost-copy"
            made += make_private_actions(self.world, action, name, None, ghost.entity)
        ghost.entity.init_actions += made
        return made

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
        start_trigger, ghost = act.start_trigger, self.ghost
        if ghost is not None and any(ghost.host.name in group.actors for group in act.maneuver_groups):
            start_trigger, _ = foreseen(start_trigger, ghost)
        start, stop = self._trigger(start_trigger, default=True), self._trigger(act.stop_trigger, default=False)
        made = ActElement(self.world, act.name, parent, start, stop)
        made.children = [self._group(group, made, start) for group in act.maneuver_groups]
        return made

    def _group(self, group: model.ManeuverGroup, parent: Element, trigger: Trigger | None) -> ManeuverGroupElement:
        made = ManeuverGroupElement(self.world, group.name, parent, None, None, group.maximum_execution_count)
        actors = [self.world.entity(name, group.line) for name in group.actors]
        made.children = [self._maneuver(maneuver, made, actors) for maneuver in group.maneuvers]
        if group.select_triggering_entities:
            made.recruit = partial(self._recruit, made, group, actors, trigger)
        return made

    def _recruit(
        self, made: ManeuverGroupElement, group: model.ManeuverGroup, actors: list[Entity], trigger: Trigger | None
    ) -> None:
        """Let the entities act too that triggered the act of a group."""
        new = [e for e in trigger.triggering_entities() if e not in actors] if trigger is not None else []
        actors += new
        for maneuver, record in zip(made.children, group.maneuvers):
            for element, event in zip(maneuver.children, record.events):
                assert isinstance(element, EventElement)
                self._cast(element, event, new, everywhere=False)

    def _maneuver(self, maneuver: model.Maneuver, parent: Element, actors: list[Entity]) -> ManeuverElement:
        made = ManeuverElement(self.world, maneuver.name, parent)
        made.children = [self._event(event, made, actors) for event in maneuver.events]
        return made

    def _event(self, event: model.Event, parent: ManeuverElement, actors: list[Entity]) -> EventElement:
        start_trigger, ghost, returns = event.start_trigger, self.ghost, 0
        if (
            ghost is not None
            and ghost.host in actors
            and any(isinstance(a.action, DONE_BY_GHOST) for a in event.actions)
        ):
            start_trigger, returns = foreseen(start_trigger, ghost)
        trigger = Trigger(self.world, start_trigger, default=True)
        self._bindings.append(trigger)
        made = EventElement(self.world, event, parent, trigger)
        made.children = [GhostReturn(self.world, ghost) for _ in range(returns) if ghost is not None]
        self._cast(made, event, actors, everywhere=True)
        return made

    def _cast(self, made: EventElement, event: model.Event, actors: list[Entity], *, everywhere: bool) -> None:
        """Give the private actions of an event to actors, and the event its global ones where `everywhere`."""
        private = False
        for action in event.actions:
            record = action.action
            if is_private(record):
                private = True
                for actor in actors:
                    if self.ghost is not None and actor is self.ghost.host and isinstance(record, DONE_BY_GHOST):
                        own = handed_over(record, self.ghost)
                        made.children += make_private_actions(self.world, own, action.name, made, self.ghost.entity)
                    else:
                        made.children += make_private_actions(self.world, record, action.name, made, actor)
            elif everywhere and is_global(record):
                made.children.append(make_action(self.world, record, action.name, made))
        for actor in actors if private else ():
            made.act_on(actor)
            if self.ghost is not None and actor is self.ghost.host:
                made.act_on(self.ghost.entity)

    # ---- running

    def _run(self, dt: float, *, first: bool) -> bool:
        world, ghost = self.world, self.ghost
        if first:
            for action in self.init:
                action.start()
            self.storyboard.start()
            for entity in world.entities.values():
                entity.start_here()
        world.signal_cycles.step()
        self.storyboard.evaluate_triggers()
        for action in self.init:
            if self._may_go_on(action):
                action.step(dt)
        self.storyboard.step(dt, self._may_go_on)
        if self.storyboard.state != "running":
            return False
        for injected in world.injected:
            if injected.state == "init":
                injected.start()
            else:
                injected.step(dt)
        time = world.time + dt
        # While a ghost is alone nobody else moves, but what is computed of the others in the first step of all is kept.
        alone = ghost is not None and ghost.phase == "alone"
        moving: Sequence[Entity] = [ghost.entity] if ghost is not None and alone else world.active
        cruisers = self.cruisers
        if ghost is None and not first:
            cruisers.gather(world.active, world.turnover)
            moving = cruisers.singles
            cruisers.roll(dt, time)
        for entity in self._following.move([each for each in moving if self._rolls(each)], dt):
            if entity.position.move(entity.speed * dt, choose=entity.choose) is Moved.FAILED:
                if entity.position.road is None and entity.speed:
                    world.warn(f"{entity.name} stands still: there are no roads that it may follow")
                entity.set_speed(0.0)
            entity.done.longitudinal = entity.done.speed = True
        for entity in moving:
            self._note_end(entity, time)  # where controllers drive it to counts from the next step on
        world.crowd.begin_step(world.active if ghost is not None else moving, cruisers.members, cruisers.bodies)
        cruisers.drive(dt)
        for entity in moving:
            for driver in entity.drivers:
                if driver.active:
                    driver.step(dt)
                    if driver.moves:
                        world.crowd.note_move(entity)
        for entity in moving:
            if entity.tow is None and entity.trailer is not None:
                train = entity.train()
                for tow, trailer in itertools.pairwise(train):
                    follow(tow, trailer)
        for entity in world.active if first else moving:
            entity.draw_rear_axle()
            self._note_states(entity, time)
            if not first and ghost is not None and entity is ghost.entity and ghost.phase == "sent back":
                entity.done.forget()  # what it did counts from where it will be
            else:
                entity.finish_step(dt)
        cruisers.finish(dt, time)
        world.time = time
        if ghost is not None:
            ghost.now = max(ghost.now, time)
            if ghost.phase != "sent back":
                ghost.trail.add(time, ghost.entity)
        return True

    def _may_go_on(self, action: Element) -> bool:
        """Whether an action is to be stepped now: while a ghost is alone only what it does itself."""
        if self.ghost is None or self.ghost.phase != "alone":
            return True
        return isinstance(action, PrivateActionElement) and action.entity is self.ghost.entity

    @staticmethod
    def _rolls(entity: Entity) -> bool:
        """Whether the default controller moves it: on along its lane, at the speed that it has."""
        return (
            abs(entity.speed) > TINY
            and entity.tow is None
            and not entity.done.longitudinal
            and not (entity.drivers and entity.is_driven("longitudinal"))
        )

    @staticmethod
    def _note_end(entity: Entity, time: float) -> None:
        """Since when it is at an end of the road; who does not move there stands."""
        if time < TINY:
            return
        if not entity.position.at_end:
            entity.ends_since = None
        elif entity.ends_since is None:
            entity.ends_since = time
        elif all(abs(v) < TINY for v in entity.velocity):
            entity.set_speed(0.0)

    def _note_states(self, entity: Entity, time: float) -> None:
        """Since when it stands or is off the road; the first step is the earliest."""
        if time < TINY:
            return
        if self.world.notes_off_road:
            if not entity.position.is_off_road:
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


def _in_order(privates: tuple[model.Private, ...], world: World) -> list[model.Private]:
    """Initial actions, those of entities that others are placed relative to first."""
    left, done, found = list(privates), set[str](), list[model.Private]()
    names = {private.entity_ref for private in privates}
    while left:
        ready = next((p for p in left if not (_references(p) & names - done - {p.entity_ref})), left[0])
        waiting = _references(ready) & names - done - {ready.entity_ref}
        if waiting:
            others = ", ".join(sorted(waiting))
            world.warn(f"{ready.entity_ref} is placed relative to {others}, which has no place yet", ready.line)
        if _first_refers_to_itself(ready):
            world.warn(f"{ready.entity_ref} is placed relative to itself, which has no place yet", ready.line)
        left.remove(ready)
        done.add(ready.entity_ref)
        found.append(ready)
    return found


def _first_refers_to_itself(private: model.Private) -> bool:
    """Whether the first of the teleports of an entity starts from where it is; later ones may."""
    places = (action.position for action in private.actions if isinstance(action, model.TeleportAction))
    first = next(places, None)
    return isinstance(first, _RELATIVE) and first.entity_ref == private.entity_ref


def _references(private: model.Private) -> set[str]:
    return {
        action.position.entity_ref
        for action in private.actions
        if isinstance(action, model.TeleportAction) and isinstance(action.position, _RELATIVE)
    }
