"""What a run was: the trajectories of all entities and the timeline of the storyboard, as tables and files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TextIO

from simulator.errors import OutputError
from simulator.storyboard import model
from simulator.storyboard.actions.lateral import LaneChangeAction
from simulator.storyboard.cruising import Cruisers
from simulator.storyboard.entities import Entity
from simulator.storyboard.interfaces import KINDS
from simulator.storyboard.rotation import wrap
from simulator.storyboard.world import ConditionMet, Happening, World

_STATES = ("init", "standby", "running", "complete")
_LINE = "%.3f,%s,%.4f,%.4f,%.4f,%.5f,%.5f,%.5f,%.4f,%s,%d,%.4f,%.4f,%.4f\n"
_HEADER = "t,name,x,y,z,h,p,r,speed,road,lane,off,s,tt"


class Row(NamedTuple):
    """One entity at one time: world (m, rad; angles from 0 to 2 pi), speed in m/s, road coordinates (None: no road)."""

    t: float
    name: str
    x: float
    y: float
    z: float
    h: float
    p: float
    r: float
    speed: float
    road: str | None
    lane: int
    offset: float
    s: float
    tt: float


class Change(NamedTuple):
    """Something that is no motion has a value from a time (s) on.

    Attributes:
        owner: name of an entity, or "" for the whole scenario.
        what: of an entity "light <lamp>", "visibility", "animation ...", "override" (their records) or "lane change"
            (to the left 1, to the right -1, none 0); of the scenario "signal <id>" (a text) and the keys of the
            environment: "time_of_day", "weather", "road_condition" (records) and "time_of_day_since" (s).
    """

    time: float
    owner: str
    what: str
    value: object


@dataclass(eq=False)
class Recording:
    """A run.

    Attributes:
        events: what happened to storyboard elements and conditions, in order.
        entities: the objects by entity name, as far as they took part; without ghosts, which nobody sees.
        ego: the entity that counts as the vehicle under test, or "".
        changes: what was so besides motion, in order of time; what is so at the start comes first.
        warnings: what was not done as the scenario says.
    """

    dt: float
    events: list[Happening] = field(default_factory=list)
    entities: dict[str, model.EntityObject] = field(default_factory=dict)
    ego: str = ""
    changes: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _latest: dict[tuple[str, str], object] = field(default_factory=dict)
    _rows: list[Row] = field(default_factory=list)
    _fresh: list[Iterable[tuple[object, ...]]] = field(default_factory=list)  # the last rows, as they came

    @property
    def table(self) -> list[Row]:
        """One row for each entity and time, time by time."""
        if self._fresh:
            self._rows += map(Row._make, chain.from_iterable(self._fresh))
            self._fresh.clear()
        return self._rows

    def add(self, time: float, world: World, cruisers: Cruisers | None = None) -> None:
        """Note where everything is, and what is no more as it was."""
        self._note(time, "", world.environment)
        self._note(time, "", {f"signal {name}": state for name, state in world.signals.items()})
        together, fresh = cruisers is not None and bool(cruisers.members), list[tuple[object, ...]]()
        for entity in cruisers.singles if cruisers is not None and together else world.active:
            front = entity.train()[0] if entity.tow is not None else entity
            if entity.signals or front.signals or front.events:
                # The lamps of trailers go with those of what draws them.
                drawn = {} if front is entity else {k: v for k, v in front.signals.items() if k.startswith("light ")}
                self._note(time, entity.name, {**drawn, **entity.signals, "lane change": _turn(front)})
            p, name, road = entity.position, entity.name, entity.position.road
            if name not in self.entities and not entity.is_ghost:
                self.entities[name] = entity.object
            pitch, roll = wrap(p.p) if p.p else 0.0, wrap(p.r) if p.r else 0.0
            on_road = (None if road is None else road.id, p.lane, p.offset, p.s, p.t)
            fresh.append((time, name, p.x, p.y, p.z, p.h, pitch, roll, entity.speed, *on_road))
        self._fresh.append(fresh)
        if cruisers is not None and together:
            self._fresh.append(cruisers.rows(time))

    def _note(self, time: float, owner: str, states: Mapping[str, object]) -> None:
        for what, value in states.items():
            before = self._latest.get((owner, what), 0 if what == "lane change" else None)
            if value is not before and value != before:
                self._latest[owner, what] = value
                self.changes.append(Change(time, owner, what, value))

    def of(self, name: str) -> Iterator[Row]:
        """The rows of one entity."""
        return (row for row in self.table if row.name == name)

    def write_trajectories(self, path: str | os.PathLike[str]) -> None:
        """CSV: positions to 0.1 mm, angles to 10 microrad.

        Raises:
            OutputError: the file cannot be written.
        """
        with _writing(path) as file:
            file.write(_HEADER + "\n")
            for row in self.table:
                file.write(_LINE % (row if row.road is not None else row._replace(road="")))

    def timeline(self) -> list[list[object]]:
        """Events as [time, "condition", name] and [time, "state", kind, state, path]; kinds and states as numbers."""
        found: list[list[object]] = []
        for event in self.events:
            time = round(event.time, 3)
            if isinstance(event, ConditionMet):
                found.append([time, "condition", event.name])
            else:
                kind, state = KINDS.index(event.kind) + 1, _STATES.index(event.state)
                found.append([time, "state", kind, state, event.path])
        return found

    def write_events(self, path: str | os.PathLike[str]) -> None:
        """JSON: sizes of the entities, and the timeline with the meaning of its numbers.

        Raises:
            OutputError: the file cannot be written.
        """
        kinds = {"0": "undefined", **{str(k): kind for k, kind in enumerate(KINDS, 1)}}
        states = {**{str(k): state for k, state in enumerate(_STATES)}, "4": "undefined"}
        document = {
            "dt": self.dt,
            "t_end": round(self.table[-1].t, 3) if self.table else 0.0,
            "entities": {name: _size(each) for name, each in self.entities.items()},
            "type_names": kinds,
            "state_names": states,
            "events": self.timeline(),
            "warnings": self.warnings,
        }
        with _writing(path) as file:
            json.dump(document, file, indent=1)
            file.write("\n")


def _turn(entity: Entity) -> int:
    """Which way it changes lanes: 1 to the left, -1 to the right, 0 not."""
    for event in entity.running.values():
        for action in event.children:
            if isinstance(action, LaneChangeAction) and action.entity is entity and action.state == "running":
                return action.turn
    return 0


@contextmanager
def _writing(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """A text file that takes its place once it is complete; what is no regular file, such as /dev/stdout, at once."""
    target = Path(path)
    partial = target.with_name(f"{target.name}.part")
    try:
        whole = not target.exists() or target.is_file()
        try:
            with (partial if whole else target).open("w", encoding="utf-8", newline="\n") as file:
                yield file
            if whole:
                partial.replace(target)
        finally:
            if whole:
                partial.unlink(missing_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise OutputError(f"{target}: cannot be written: {getattr(error, 'strerror', None) or error}") from None


def _size(each: model.EntityObject) -> dict[str, object]:
    box = getattr(each, "bounding_box", None)
    if box is None:
        return {}
    return {
        "length": box.length,
        "width": box.width,
        "height": box.height,
        "center": [box.center_x, box.center_y, box.center_z],
    }
