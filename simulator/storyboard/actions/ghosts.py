"""The action that sends a ghost back to the entity that follows it."""

from __future__ import annotations

from simulator.storyboard.actions.base import LATERAL, LONGITUDINAL, InstantPrivateAction
from simulator.storyboard.elements import EventElement
from simulator.storyboard.ghosts import Ghost
from simulator.storyboard.interfaces import StoryboardPart
from simulator.storyboard.road_position import TINY
from simulator.storyboard.world import World


class GhostReturn(InstantPrivateAction):
    """Send the ghost back; what it has done ahead may happen again."""

    domains = frozenset({LATERAL, LONGITUDINAL})

    def __init__(self, world: World, ghost: Ghost) -> None:
        super().__init__(world, None, "AddedGhostTeleport", None, ghost.entity)
        self.ghost = ghost

    def begin(self) -> None:
        """Be where the entity is."""
        if self.world.time <= TINY:
            self.entity.position.take_place_of(self.ghost.host.position)
        else:
            self.ghost.send_back()
            root = self.world.storyboard
            if root is not None:
                _make_ready_again(root)
        done = self.entity.done
        done.lateral = done.longitudinal = done.speed = done.teleported = True


def return_ghost(event: EventElement, ghost: Ghost) -> None:
    """Send the ghost back as a first action of an event that has started."""
    back = GhostReturn(event.world, ghost)
    event.children.insert(0, back)
    back.start()


def _make_ready_again(element: StoryboardPart) -> None:
    """Events with a return of the ghost that are complete wait for their triggers again."""
    if isinstance(element, EventElement):
        if element.state == "complete" and any(isinstance(child, GhostReturn) for child in element.children):
            element.reset()
            for each in (element, *element.children):
                each.put("standby")
            element.executions = 0
        return
    for child in element.children:
        _make_ready_again(child)
