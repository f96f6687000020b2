"""Where an entity is: a place on the road network and in the world, moved along lanes in plain floats.

The position keeps road coordinates and world coordinates in step, and its angles relative to the road: a vehicle
that moves along its lane turns, pitches and rolls with the road (ASAM OpenSCENARIO XML 1.3, 6.3 "Coordinate systems").
"""

from __future__ import annotations

from enum import Enum
from math import atan, cos, hypot, inf, pi, sin

import numpy as np

from simulator.roads.records import DRIVABLE
from simulator.roads.scalar import ScalarRoad
from simulator.storyboard.interfaces import RouteGuide, TrajectoryGuide
from simulator.storyboard.road_links import Choose, Roads, Way
from simulator.storyboard.rotation import (
    Angles,
    compose,
    difference,
    is_forward,
    relative,
    sign,
    wrap,
)

TINY = 1e-6
_MOST_LINKS = 8  # roads passed within one step
_SLACK_M = 2.0  # beside its road a position still belongs to it
_LOOK_AGAIN_M = 0.5  # beside all roads
_OTHER_ROAD_M = 3.0  # roads that are not connected must be nearer by this much


class Moved(Enum):
    """What became of a move along the road."""

    OK = "ok"
    END_OF_ROAD = "end of road"
    END_OF_LANE = "end of lane"
    FAILED = "failed"


class RoadPosition:
    """A position that may lie on a road.

    Attributes:
        road: None while it lies on no road. section, lane, s, t, offset: road and lane coordinates; `offset` is the
            distance of t from the middle of the lane, both in metres to the left of s.
        x, y, z, h, p, r: in the world.
        h_rel, p_rel, r_rel, z_rel: relative to the road; h_rel is 0 along s, pi against it.
        lane_types: types of lanes that it keeps to.
        at_end: it has come to an end of the road where nothing follows.
    """

    def __init__(self, roads: Roads, lane_types: frozenset[str] = DRIVABLE) -> None:
        self.roads, self.lane_types = roads, lane_types
        self.road: ScalarRoad | None = None
        self.section = self.lane = 0
        self.s = self.t = self.offset = 0.0
        self.x = self.y = self.z = 0.0
        self.h = self.p = self.r = 0.0
        self.h_rel = self.p_rel = self.r_rel = self.z_rel = 0.0
        self.h_road = self.p_road = self.r_road = self.z_road = 0.0
        self.k_road = 0.0
        self.h_lane = 0.0  # of the lane, relative to the road
        self.p_twist = 0.0  # pitch from a road that twists
        self._clearing = (0.0, 0.0, -1.0)  # a place without roads around it, and how far
        self.at_end = False
        self.route: RouteGuide | None = None
        self.trajectory: TrajectoryGuide | None = None

    def copy(self) -> RoadPosition:
        """An independent position at the same place; route and trajectory are shared."""
        other = object.__new__(RoadPosition)
        other.__dict__.update(self.__dict__)
        return other

    def take_place_of(self, other: RoadPosition) -> None:
        """Move to another position; route, trajectory and types of lanes stay."""
        kept = self.route, self.trajectory, self.lane_types
        self.__dict__.update(other.__dict__)
        self.route, self.trajectory, self.lane_types = kept

    @property
    def road_id(self) -> str | None:
        """Id of the road, None off the network."""
        return self.road.id if self.road is not None else None

    @property
    def faces_along(self) -> bool:
        """Whether it looks along s."""
        return is_forward(self.h_rel)

    @property
    def lane_direction(self) -> int:
        """1 where the traffic of the lane goes along s, -1 against it."""
        left_hand = self.road is not None and self.road.left_hand
        return -1 if (self.lane < 0 and left_hand) or (self.lane > 0 and not left_hand) else 1

    @property
    def driving_heading(self) -> float:
        """Heading of the traffic in the lane."""
        return wrap(self.h_road + (pi if self.lane_direction < 0 else 0.0))

    @property
    def is_off_road(self) -> bool:
        """Whether it lies beside the road."""
        if self.road is None:
            return False
        beside = self.t - self.road.lane_offset(self.s)[0]
        return abs(beside) > self.road.reach(self.section, sign(beside), self.s)

    @property
    def curvature(self) -> float:
        """Of the reference line, 1/m."""
        return self.road.at(self.s).curvature if self.road is not None else 0.0

    # ---- placing

    def set_lane(self, road: ScalarRoad | None, lane: int, s: float, offset: float, section: int | None = None) -> bool:
        """Go to a place in a lane; the angles relative to the road stay. False: there is no such lane.

        Within the lane of before, the lane is followed through its links where lane sections change.
        """
        if road is None:
            return False
        self.offset = offset
        self._set_station(road, s)
        if lane != self.lane and section is None:
            section = road.section_at(s)
        if section is not None:
            self.section = section
            if lane not in road.sections[section].lanes:
                return False
            self.lane = lane
        else:
            self._follow_lane()
        self._update_from_lane()
        return True

    def _set_station(self, road: ScalarRoad, s: float) -> None:
        if road is not self.road:
            self.road, self.section, self.lane = road, 0, 0
        self.s = min(max(s, 0.0), road.length)
        self._check_end()

    def _check_end(self) -> None:
        road = self.road
        assert road is not None
        self.at_end = (self.s < TINY and road.predecessor is None) or (
            self.s > road.length - TINY and road.successor is None
        )

    def _follow_lane(self) -> None:
        """The lane section at s, and the lane there that continues the present one."""
        road = self.road
        assert road is not None
        here, s, lane = road.sections[self.section], self.s, self.lane
        if here.s0 <= s <= here.s1:
            return
        middle = road.center(self.section, lane, s)[0]
        if s > here.s1:
            while s > here.s1 - TINY and self.section + 1 < len(road.sections):
                lane = here.linked(lane, forward=True)
                self.section += 1
                here = road.sections[self.section]
        else:
            while s < here.s0 and self.section > 0:
                lane = here.linked(lane, forward=False)
                self.section -= 1
                here = road.sections[self.section]
        if self.lane != 0 and (lane not in here.lanes or here.lanes[lane].type not in self.lane_types):
            lane, _ = road.nearest_lane(self.section, s, middle, self.lane_types)
        self.lane = lane

    def _update_from_lane(self) -> None:
        road = self.road
        assert road is not None
        middle, slope = road.center(self.section, self.lane, self.s)
        self.t, self.h_lane = self.offset + middle, atan(slope) if slope else 0.0
        self._update_world()

    def set_track(self, road: ScalarRoad | None, s: float, t: float) -> bool:
        """Go to road coordinates; it then lies in the drivable lane that is nearest."""
        if road is None:
            return False
        self._set_station(road, s)
        self.t = t
        self._find_lane()
        self._update_world()
        return True

    def _find_lane(self) -> None:
        road = self.road
        assert road is not None
        section = road.section_at(self.s)
        lane, self.offset = road.nearest_lane(section, self.s, self.t, self.lane_types)
        self.section, self.lane = section, lane
        slope = road.center(section, lane, self.s)[1]
        self.h_lane = atan(slope) if slope else 0.0

    def force_lane(self, lane: int) -> None:
        """Count the offset from another lane, without moving."""
        if self.road is not None:
            self.lane = lane
            middle, slope = self.road.center(self.section, lane, self.s)
            self.offset, self.h_lane = self.t - middle, atan(slope) if slope else 0.0

    def _update_road_frame(self) -> None:
        road = self.road
        assert road is not None
        line = road.at(self.s)
        self.h_road, self.p_road, self.r_road = wrap(line.heading), -atan(line.grade), line.roll
        self.k_road = line.curvature
        self.p_twist = atan(-self.t * line.roll_slope) if line.roll_slope else 0.0

    def _update_world(self) -> None:
        road = self.road
        assert road is not None
        self._update_road_frame()
        height = road.lane_height(self.section, self.lane, self.s, self.t)
        self.x, self.y, self.z_road = road.place(self.s, self.t, height)
        self.z = self.z_road + self.z_rel
        self._orient()

    # ---- angles

    def _orient(self, h: float | None = None, p: float | None = None, r: float | None = None) -> None:
        """World angles from those relative to the road; given ones are absolute, and the relative ones follow."""
        road = (self.h_road, 0.0 if p is not None else self.p_road, 0.0 if r is not None else self.r_road)
        inner = (
            self.h_rel + self.h_lane if h is None else difference(h, self.h_road),
            self.p_rel + (cos(self.h_rel) * self.p_twist if self.p_twist else 0.0) if p is None else p,
            self.r_rel if r is None else r,
        )
        self.h, self.p, self.r = compose(road, inner)
        if h is not None or p is not None or r is not None:
            frame: Angles = (self.h_road + self.h_lane, self.p_road, self.r_road)
            h_rel, p_rel, r_rel = relative(frame, (self.h, self.p, self.r))
            self.h_rel = h_rel if h is not None else self.h_rel
            self.p_rel = p_rel if p is not None else self.p_rel
            self.r_rel = r_rel if r is not None else self.r_rel

    def set_heading(self, h: float) -> None:
        """Turn to a heading in the world."""
        self._orient(h=h)

    def set_angles(
        self, *, h: float | None = None, p: float | None = None, r: float | None = None, absolute: bool = False
    ) -> None:
        """Turn; angles are relative to the road unless absolute; None: keep the present relative angle."""
        if absolute:
            self._orient(h, p, r)
            return
        if h is not None:
            self.h_rel = wrap(h)
        self.p_rel = self.p_rel if p is None else p
        self.r_rel = self.r_rel if r is None else r
        self._orient()

    def align(self, yaw: float = 0.0) -> None:
        """Turn to `yaw` from the direction of s, or from the one against it, whichever it looks along."""
        self.h_rel = wrap(yaw + (0.0 if self.faces_along else pi))
        self._orient()

    # ---- in the world

    def set_world(
        self,
        x: float,
        y: float,
        *,
        z: float | None = None,
        h: float | None = None,
        p: float | None = None,
        r: float | None = None,
        p_rel: float = 0.0,
        r_rel: float = 0.0,
    ) -> None:
        """Go to a place in the world, on the road that lies there.

        z None: on the road's surface; h None: along s; p and r None: `p_rel` and `r_rel` to the road.
        """
        self.attach(x, y, self.z if z is None else z)
        self.z_rel = 0.0 if z is None else z - self.z_road
        self.z = self.z_road + self.z_rel
        self.h_rel, self.p_rel, self.r_rel = (0.0 if h is None else self.h_rel), p_rel, r_rel
        self._orient(h, p, r)

    def shift_world(self, x: float, y: float) -> None:
        """Go to a place in the world without turning; height, pitch and roll stay as they are to the road."""
        h = self.h
        self.attach(x, y, self.z)
        self.z = self.z_road + self.z_rel
        self._orient(h=h)

    def attach(self, x: float, y: float, z: float) -> None:
        """Find the road at a place in the world. The present road is kept while the place lies on it."""
        self.x, self.y = x, y
        inside = self._seek(x, y, z)
        if self.road is None:
            return
        self._find_lane()
        self._update_road_frame()
        self.z_road = self.road.place(self.s, self.t, self.road.lane_height(self.section, self.lane, self.s, self.t))[2]
        self.at_end = not inside
        if not inside:  # beyond the ends of the road it lies flat
            self.p_road = self.r_road = 0.0

    def _seek(self, x: float, y: float, z: float) -> bool:
        """Set road, s and t; returns whether the place lies between the ends of the road."""
        road, nearest, beyond = self.road, inf, 0.0
        if road is not None:
            s, t, beyond, nearest = _on(road, x, y, self.s)
            self.s, self.t = s, t
            if nearest <= 0.0 and not beyond and abs(road.at(s).z - z) < _SLACK_M:
                return True
        at_x, at_y, clear = self._clearing
        # Looking through the whole network is slow: not again before another road may be nearer.
        if road is not None and clear > 0.0 and hypot(x - at_x, y - at_y) < max(0.5 * clear, _LOOK_AGAIN_M):
            return not beyond
        located = self.roads.locate(x, y, z)
        if located is None:
            return False
        other, guess = located
        if other is not road:
            s, t, other_beyond, distance = _on(other, x, y, guess)
            self._clearing = (x, y, max(distance, TINY))
            if road is not None and nearest < _SLACK_M and not beyond and not self.roads.are_connected(road, other):
                distance += _OTHER_ROAD_M
            if distance < nearest or road is None or (beyond and not other_beyond):
                self.road, self.section, self.lane = other, 0, 0
                self.s, self.t, beyond = s, t, other_beyond
        else:
            self._clearing = (x, y, max(nearest, abs(road.at(self.s).z - z) if road is not None else 0.0, TINY))
            self.s, self.t, beyond, _ = _on(other, x, y, guess)
        return not beyond

    def distance_to(self, x: float, y: float) -> tuple[float, float]:
        """Components ahead and to the left of a place in the world, in this position's own frame."""
        dx, dy, c, n = x - self.x, y - self.y, cos(self.h), sin(self.h)
        return dx * c + dy * n, dy * c - dx * n

    def lane_at(self, ds: float) -> tuple[float, float, float, float] | None:
        """The lane `ds` m further along s: its middle x, y, half its width, the heading of its traffic.

        None: it is not in this lane section there, or has no width.
        """
        road, s = self.road, self.s + ds
        if road is None:
            return None
        section = road.sections[self.section]
        if not max(section.s0, 0.0) <= s <= min(section.s1, road.length) or self.lane not in section.lanes:
            return None
        inner, outer, _, _ = road.edges(self.section, self.lane, s)
        half, t = 0.5 * abs(outer - inner), 0.5 * (inner + outer)
        if self.lane and half < 0.5 * TINY:
            return None
        x, y, _ = road.place(s, t, road.lane_height(self.section, self.lane, s, t))
        return x, y, half, wrap(wrap(road.at(s).heading) + (pi if self.lane_direction < 0 else 0.0))

    # ---- moving

    def road_distance(self, distance: float) -> float:
        """Distance along the reference line for one along this position's own line."""
        k = self.curvature
        if abs(k) <= TINY:
            return distance
        if k * self.t > 1.0 - TINY:  # nearer to another stretch of the road
            self.attach(self.x, self.y, self.z)
            k = self.curvature
        return distance / max(1.0 - k * self.t, TINY)

    def move(
        self,
        distance: float,
        *,
        along_s: bool = False,
        along_lane: bool = False,
        actual: bool = True,
        choose: Choose | None = None,
    ) -> Moved:
        """Move along the lane, from road to road.

        Args:
            distance: in metres in the direction it looks; with `along_s` in that of s, with `along_lane` in that
                of the lane's traffic.
            actual: measured on its own line, not on the reference line.
            choose: picks among ways on at a junction; None: the one that goes on straightest.
        """
        ds = self.road_distance(distance) if actual else distance
        if along_lane:
            ds *= self.lane_direction
        elif not along_s and not self.faces_along:
            ds = -ds
        if self.road is None:
            return Moved.FAILED
        result, done = Moved.OK, False
        for _ in range(_MOST_LINKS):
            road = self.road
            if self.s + ds > road.length:
                self.section, ds, forward = len(road.sections) - 1, self.s + ds - road.length, True
            elif self.s + ds < 0.0:
                self.section, ds, forward = 0, self.s + ds, False
            else:
                done = True
            if not done:
                entered = self._enter(forward, choose)
                if entered is None:
                    end = road.length if forward else 0.0
                    if not (self.at_end and abs(self.s - end) < TINY):  # who stands there, or beyond, stays
                        self.set_lane(road, self.lane, end, self.offset)
                    self.at_end = True
                    return Moved.END_OF_ROAD
                result, contact = entered
                ds = -abs(ds) if contact == "end" else abs(ds)
            before = self.copy()
            if not self._advance(ds if done else 0.0) or sign(self.lane) != sign(before.lane):
                self.take_place_of(before)
                result, done = Moved.FAILED, True
            if done:
                break
        self._check_end()
        return result

    def _advance(self, ds: float) -> bool:
        """Move within the road; off a lane that has run out into the next one. False: there is none."""
        if not self.set_lane(self.road, self.lane, self.s + ds, self.offset):
            return False
        road = self.road
        assert road is not None
        if self.lane != 0 and road.width(self.section, self.lane, self.s) < TINY:
            lane, _ = road.nearest_lane(self.section, self.s, self.t, self.lane_types, sign(self.lane))
            if lane == 0:
                return False
            self.set_lane(road, lane, self.s, 0.0)
        return True

    def _enter(self, forward: bool, choose: Choose | None) -> tuple[Moved, str] | None:
        """Go to the near end of the road that follows; None: nothing follows."""
        road = self.road
        assert road is not None
        link = self.roads.link(road, forward=forward)
        if link is None or self.lane not in road.sections[self.section].lanes:
            return None
        ways = self.roads.ways(road, self.lane, link, forward=forward)
        if not ways:
            return None
        way = ways[0] if len(ways) == 1 else self._choose(ways, choose)
        target = way.road
        if way.lane == 0:  # no lane linked: the nearest one
            self.set_track(target, 0.0 if way.contact == "start" else target.length, self.t)
            self.offset = 0.0
            return Moved.END_OF_LANE, way.contact
        offset = self.offset
        if forward == (way.contact == "end"):
            self.h_rel, offset = wrap(self.h_rel + pi), -offset
        at_start = way.contact == "start"
        if not self.set_lane(
            target, way.lane, 0.0 if at_start else target.length, offset, 0 if at_start else len(target.sections) - 1
        ):
            return None
        return Moved.OK, way.contact

    def _choose(self, ways: list[Way], choose: Choose | None) -> Way:
        if self.route is not None and self.route.is_valid:
            return self.route.choose(self.road, ways)
        if choose is not None:
            return choose(ways)
        return min(ways, key=lambda way: abs(difference(way.out_heading, self.driving_heading)))


def _on(road: ScalarRoad, x: float, y: float, s: float) -> tuple[float, float, float, float]:
    """s, t, distance beyond an end, and distance from the surface of a road, of a place in the world."""
    s, t, beyond = road.project(x, y, s)
    line = road.at(s)
    if hypot(x - line.x, y - line.y) > 30.0 and len(road.line_samples) > 2:  # perhaps another stretch is nearer
        samples = road.line_samples
        guess = float(samples[np.argmin(np.hypot(samples[:, 1] - x, samples[:, 2] - y)), 0])
        s, t, beyond = road.project(x, y, guess)
    across = t - road.lane_offset(s)[0]
    reach = road.reach(road.section_at(s), sign(across), s)
    return s, t, beyond, hypot(max(abs(across) - reach, 0.0), beyond)
