"""From cross-sections to quads: what each lane is made of, which lanes stand on a kerb, and the kerb's face.

A quad lies between two stations of one strip (a lane or a part of it). All quads together are a soup of arrays:
neighbours have equal corners because they come from the same cross-section.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.roads.records import LANE_TYPES, Lane
from simulator.roads.surface_rows import LONGEST_M, Array, Rows

KERB_STONE_M = 0.15
FLAP_M = 0.05  # road surfaces reach this far below the next stretch, so that no ray slips through the joint
_JUMP_M = 1e-5  # the last stretch of a road that ends with a step is shorter
_FLAP_DROP_M = 0.002
_SUNK_M = 0.02  # kerb faces start below the road
_CAP_M = 0.16
_GUTTER_M = 0.8  # narrower borders are gutters, wider ones soft shoulders
_EDGE_STRIP_M = 0.5  # paved part of a soft shoulder
_GAUGE_M = 1.435  # between the heads of rails (EN 13848-1)
_HEAD_M, RAIL_M = 0.072, 0.172  # width of the head and height of the rail 60E1 (EN 13674-1)
FLUSH_M = 0.004  # how far rails in a street stand out
_STEP_M = 0.003  # neighbouring lanes that differ by more have a face between them


class Look(IntEnum):
    """What a piece of ground is made of."""

    LANE = 0  # asphalt with wheel tracks
    ASPHALT = 1
    SHOULDER = 2
    GUTTER = 3
    PARKING = 4
    CYCLE = 5
    PAVING = 6
    KERB = 7
    LAWN = 8  # raised or flat planted strip
    GRAVEL = 9
    GRASS = 10
    BALLAST = 11
    CONCRETE = 12
    RAIL = 13
    LITTER = 14  # under trees
    TRACK = 15  # gravel with wheel tracks
    CHANNEL = 16  # paved gutter at the foot of a kerb
    GULLY = 17  # grating of a drain


class Tier(IntEnum):
    """Who gives way where surfaces of several roads overlap: the higher number is cut away."""

    CARRIAGEWAY = 0
    PAVED = 1
    RAISED = 2
    VERGE = 3


# Surfaces of lanes without pavement. OpenDRIVE leaves these words to the file; here are usual ones.
UNPAVED = frozenset({"gravel", "unpaved", "dirt", "soil", "sand", "ground"})
_DRIVING = frozenset(LANE_TYPES) & {
    *("driving", "entry", "exit", "onRamp", "offRamp", "connectingRamp", "slipLane", "mwyEntry", "mwyExit"),
    *("bidirectional", "bus", "taxi", "HOV", "stop", "special1", "special2", "special3", "roadWorks", "shared", "tram"),
}
_PAVED = {"shoulder": Look.SHOULDER, "parking": Look.PARKING, "biking": Look.CYCLE, "restricted": Look.ASPHALT}
_SOFT = (Look.LAWN, Look.GRAVEL, Look.GRASS)
_FOOT = {"sidewalk": Look.PAVING, "walking": Look.PAVING, "curb": Look.KERB, "median": Look.LAWN}


def _doubled_area(corners: Array, i: int, j: int, k: int) -> Array:
    """Twice the signed area (Q,) of a triangle of corners in the plane."""
    u, v = corners[:, j, :2] - corners[:, i, :2], corners[:, k, :2] - corners[:, i, :2]
    return np.asarray(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])


@dataclass(frozen=True, slots=True, eq=False)
class Quads:
    """A soup of Q quads in the local frame.

    Attributes:
        corners: (Q, 4, 3): left and right corner at the first station, right and left at the second; seen from
            above that is counter-clockwise. Kerb faces: top, top, bottom, bottom, seen from the lower side.
        st: (Q, 4, 2) station and distance across the lane in metres, for textures.
        look: (Q,) Look. tier: (Q,) Tier. road: (Q,) number of the road. lane: (Q,) lane id.
        junction: (Q,) whether the road belongs to a junction.
    """

    corners: Array
    st: Array
    look: NDArray[np.int8]
    tier: NDArray[np.int8]
    road: NDArray[np.int32]
    lane: NDArray[np.int32]
    junction: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.look)

    @property
    def owner(self) -> NDArray[np.int64]:
        """(Q,) a number for each lane of each road."""
        return self.road.astype(np.int64) * 256 + self.lane + 128

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Quads:
        """The quads of a mask or index array."""
        return Quads(*(getattr(self, field.name)[rows] for field in fields(self)))

    def polygons(self) -> NDArray[np.object_]:
        """(Q,) polygons in the plane; a quad that crosses itself (inside of a tight bend) becomes its hull."""
        made = shapely.polygons(self.corners[..., :2])
        # A quad is simple when one of its diagonals leaves a corner on either side.
        turn = [_doubled_area(self.corners, *corner) for corner in ((0, 1, 2), (0, 2, 3), (0, 1, 3), (1, 2, 3))]
        wrong = ~(((turn[0] > 0) & (turn[1] > 0)) | ((turn[2] > 0) & (turn[3] > 0)))
        if wrong.any():
            made[wrong] = shapely.convex_hull(made[wrong])
        return np.asarray(made, object)

    @staticmethod
    def join(parts: Sequence[Quads]) -> Quads:
        """All quads of several soups."""
        if not parts:
            return Quads.of(np.zeros((0, 4, 3)), np.zeros((0, 4, 2)), Look.LANE, Tier.CARRIAGEWAY)
        return Quads(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Quads)))

    @staticmethod
    def of(
        corners: Array, st: Array, look: int, tier: int, road: int = -1, lane: int = 0, junction: bool = False
    ) -> Quads:
        """Quads that share one look, tier and owner."""
        n = len(corners)
        return Quads(
            np.asarray(corners, np.float64),
            np.asarray(st, np.float64),
            np.full(n, look, np.int8),
            np.full(n, tier, np.int8),
            np.full(n, road, np.int32),
            np.full(n, lane, np.int32),
            np.full(n, junction, np.bool_),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What one stretch of a lane section is made of: K strips (lanes or parts of their width), left to right.

    Attributes:
        left, right: (K, N, 3) edges of the strips, kerb heights included.
        across: (K, N, 2) distance of both edges from the middle of the lane, positive to the left.
        look, tier, lane: (K,) Look, Tier and lane id.
        heights: (L, N, 2) height of the left and right edge of each lane above the road plane, kerbs included.
    """

    left: Array
    right: Array
    across: Array
    look: NDArray[np.int8]
    tier: NDArray[np.int8]
    lane: NDArray[np.int32]
    heights: Array


def cut_along(corners: Array, st: Array, longest_m: float) -> tuple[Array, Array, NDArray[np.int64]]:
    """Quads (Q, 4, 3) and their texture metres (Q, 4, 2) in pieces of at most a length, and which each comes from."""
    count = np.maximum(np.ceil((st[:, 2, 0] - st[:, 1, 0]) / longest_m), 1.0).astype(np.int64)
    of = np.repeat(np.arange(len(count)), count)
    begin = (np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)) / count[of]
    part = np.stack([begin, begin, begin + 1.0 / count[of], begin + 1.0 / count[of]], axis=1)[..., None]
    corners, st = (
        values[of][:, [0, 1, 1, 0]] * (1.0 - part) + values[of][:, [3, 2, 2, 3]] * part for values in (corners, st)
    )
    return corners, st, of


def is_driving(lane: Lane) -> bool:
    """Whether vehicles drive on the lane, so that its surface is carriageway."""
    return lane.type in _DRIVING


def build_profile(rows: Rows, kerb_m: float) -> Profile:
    """Strips and kerb heights of a stretch. Lane height records win over `kerb_m`."""
    width = rows.t[:-1] - rows.t[1:]
    looks = [_lane_look(rows, i, width) for i in range(len(rows.lanes))]
    heights = rows.heights.copy()
    for i, lane in enumerate(rows.lanes):
        if looks[i][1] == Tier.RAISED and len(lane.heights) == 0:
            part = np.clip(width[i] / 0.4, 0.0, 1.0)  # a lane that starts from nothing rises with its width
            heights[i] += (kerb_m * part * part * (3.0 - 2.0 * part))[:, None]
    parts = [
        (i, *cut)
        for i, (_, tier) in enumerate(looks)
        # Beside a connecting road lies what the shape of the junction says.
        if not (rows.road.junction and tier == Tier.VERGE)
        for cut in _divided(_cuts(i, looks, heights, width[i]), rows.cuts(i))
    ]
    of = np.array([part[0] for part in parts], np.int64)
    begin = np.array([part[1] for part in parts]).reshape(len(parts), len(rows.s), 1)
    end = np.array([part[2] for part in parts]).reshape(begin.shape)
    left = rows.ground[:-1][of] + heights[of, :, :1] * rows.up
    right = rows.ground[1:][of] + heights[of, :, 1:] * rows.up
    bulges = [
        np.concatenate([rows.bulge(i, edge.T) for i, edge in zip(of, edges)]) if rows.road.reliefs and parts else 0.0
        for edges in (begin, end)
    ]
    # At 0 and 1 the lane's own corners, bit for bit, so that neighbours share them.
    return Profile(
        left=np.where(begin == 0.0, left, left + (right - left) * begin + bulges[0]),
        right=np.where(end == 1.0, right, left + (right - left) * end + bulges[1]),
        across=width[of][..., None] * (0.5 - np.concatenate([begin, end], axis=2)),
        look=np.array([part[3] for part in parts], np.int8),
        tier=np.array([part[4] for part in parts], np.int8),
        lane=np.array([rows.lanes[i].id for i in of], np.int32),
        heights=heights,
    )


def _lane_look(rows: Rows, i: int, width: Array) -> tuple[Look, Tier]:
    lane = rows.lanes[i]
    high = len(lane.heights) > 0 and float(rows.heights[i].mean()) > 0.03
    unpaved = any(material.surface in UNPAVED for material in lane.materials)
    if is_driving(lane) and unpaved:
        return Look.TRACK, Tier.CARRIAGEWAY
    if is_driving(lane):
        even = bool((width[i] >= 2.6).all() and (width[i] <= 4.4).all())
        return (Look.ASPHALT if rows.road.junction or not even else Look.LANE), Tier.CARRIAGEWAY
    if lane.type in _FOOT:
        if lane.type == "median" and not high and not (_between_traffic(rows, i) and _in_town(rows)):
            return Look.GRASS, Tier.VERGE
        narrow = lane.type == "median" and float(width[i].mean()) < 1.0
        return (Look.PAVING if narrow else _FOOT[lane.type]), Tier.RAISED
    if lane.type == "restricted" and any(material.surface == "paving" for material in lane.materials):
        return Look.PARKING, Tier.RAISED if high else Tier.PAVED
    if high:
        return (Look.CYCLE if lane.type == "biking" else Look.LAWN), Tier.RAISED
    if lane.type in _PAVED:
        return (Look.TRACK if unpaved else _PAVED[lane.type]), Tier.PAVED
    if lane.type == "border":
        outermost = i in (0, len(rows.lanes) - 1)
        wide = float(width[i].mean()) > 3.0 and outermost
        return (Look.GRASS, Tier.VERGE) if wide else (Look.GUTTER, Tier.PAVED)
    if lane.type == "rail":
        return Look.BALLAST, Tier.VERGE
    if _between_traffic(rows, i) and float(width[i].mean()) < 1.2:
        return Look.ASPHALT, Tier.PAVED
    return Look.GRASS, Tier.VERGE


def _in_town(rows: Rows) -> bool:
    """Whether the road's type is one with kerbs; roads without a type count as in town."""
    kinds = [kind.type for kind in rows.road.types if kind.s <= rows.s[0] + 1e-6]
    return not kinds or kinds[-1] not in ("motorway", "rural")


def _between_traffic(rows: Rows, i: int) -> bool:
    kinds = [is_driving(lane) for lane in rows.lanes]
    return any(kinds[:i]) and any(kinds[i + 1 :])


def _cuts(i: int, looks: list[tuple[Look, Tier]], heights: Array, width: Array) -> list[_Cut]:
    """Parts of lane i from left to right as fractions of its width: kerb stones, edge strips, the rest."""
    look, tier = looks[i]
    zero, one = np.zeros(len(width)), np.ones(len(width))
    if look == Look.GUTTER and float(width.mean()) > _GUTTER_M:
        return _soft_shoulder(i, looks, width)
    if tier != Tier.RAISED or look == Look.KERB:
        return [(zero, one, look, tier)]
    stone = np.minimum(KERB_STONE_M / np.maximum(width, 1e-9), 0.5)
    left = i > 0 and looks[i - 1][1] < tier and float((heights[i, :, 0] - heights[i - 1, :, 1]).mean()) > 0.02
    right = (
        i + 1 < len(looks) and looks[i + 1][1] < tier and float((heights[i, :, 1] - heights[i + 1, :, 0]).mean()) > 0.02
    )
    begin, end = (stone if left else zero), (1.0 - stone if right else one)
    parts: list[_Cut] = [(begin, end, look, tier)]
    if left:
        parts.insert(0, (zero, begin, Look.KERB, tier))
    if right:
        parts.append((end, one, Look.KERB, tier))
    return parts


_Cut = tuple[Array, Array, Look, Tier]


def _divided(cuts: list[_Cut], inner: Array) -> Iterator[_Cut]:
    """Cuts of a lane, divided once more at parts (K, N) of its width."""
    for begin, end, look, tier in cuts:
        edges = [begin, *np.clip(inner, begin, end), end]
        yield from ((a, b, look, tier) for a, b in pairwise(edges))


def _soft_shoulder(i: int, looks: list[tuple[Look, Tier]], width: Array) -> list[_Cut]:
    """A wide border: half a metre paved beside the carriageway, then gravel or grass."""
    zero, one = np.zeros(len(width)), np.ones(len(width))
    outside = i in (0, len(looks) - 1) or looks[i - 1][1] == Tier.VERGE or looks[i + 1][1] == Tier.VERGE
    soft = Look.GRAVEL if outside and float(width.mean()) < 2.2 else Look.GRASS
    edge = np.minimum(_EDGE_STRIP_M / np.maximum(width, 1e-9), 0.5)
    left = i > 0 and looks[i - 1][1] <= Tier.PAVED and looks[i - 1][0] != Look.GUTTER
    right = i + 1 < len(looks) and looks[i + 1][1] <= Tier.PAVED and looks[i + 1][0] != Look.GUTTER
    begin, end = (edge if left else zero), (1.0 - edge if right else one)
    parts: list[_Cut] = [(begin, end, soft, Tier.VERGE)]
    if left:
        parts.insert(0, (zero, begin, _edge_look(looks[i - 1][0]), Tier.PAVED))
    if right:
        parts.append((end, one, _edge_look(looks[i + 1][0]), Tier.PAVED))
    return parts


def _edge_look(beside: Look) -> Look:
    """Of the strip between what carries traffic and a verge."""
    return Look.TRACK if beside == Look.TRACK else Look.SHOULDER


def strip_quads(rows: Rows, profile: Profile) -> Quads:
    """Quads of all strips of a stretch; strips without width give none. Tunnels are paved from wall to wall."""
    left, right, across = profile.left, profile.right, profile.across
    wide = np.abs(across[..., 0] - across[..., 1]) > 1e-3
    keep = wide[:, :-1] | wide[:, 1:]
    corners = np.stack([left[:, :-1], right[:, :-1], right[:, 1:], left[:, 1:]], axis=2)[keep]
    st = np.empty((*keep.shape, 4, 2))
    st[:, :, :2, 0], st[:, :, 2:, 0] = rows.s[:-1, None], rows.s[1:, None]
    st[:, :, :2, 1], st[:, :, 2:, 1] = across[:, :-1], across[:, 1:, ::-1]
    strip, station = np.nonzero(keep)
    quads, middle = _owned(rows, profile, strip, corners, st[keep]), 0.5 * (rows.s[station] + rows.s[station + 1])
    for tube in (structure for structure in rows.road.structures if structure.kind == "tunnel"):
        inside = (middle > tube.s) & (middle < tube.s + tube.length)
        quads.look[inside & np.isin(quads.look, _SOFT)] = Look.ASPHALT
    return quads


def _owned(rows: Rows, profile: Profile, strip: NDArray[np.int64], corners: Array, st: Array) -> Quads:
    n = len(strip)
    return Quads(
        corners,
        st,
        profile.look[strip],
        profile.tier[strip],
        np.full(n, rows.number, np.int32),
        profile.lane[strip],
        np.full(n, bool(rows.road.junction), np.bool_),
    )


def flap_quads(rows: Rows, profile: Profile) -> Quads:
    """Narrow quads that continue the flat paved strips beyond both ends, sinking a little below what follows."""
    strip = np.flatnonzero(profile.tier <= Tier.PAVED)
    near = np.stack([profile.left[strip], profile.right[strip]], axis=2)  # (K, N, left or right, 3)
    middle = near.mean(axis=2, keepdims=True)
    end = -1 if rows.s[-1] - rows.s[-2] > _JUMP_M else -2  # before a step, for that may lead back
    ends = np.array([0, end])
    way = middle[:, ends] - middle[:, [1, end - 1]]
    way *= FLAP_M / np.maximum(np.linalg.norm(way, axis=3, keepdims=True), 1e-9)
    far = near[:, ends] + way - np.array([0.0, 0.0, _FLAP_DROP_M])
    first = np.concatenate([far[:, 0], near[:, 0, ::-1]], axis=1)
    last = np.concatenate([near[:, end], far[:, 1, ::-1]], axis=1)
    st = np.empty((2, len(strip), 4, 2))
    st[..., 0] = rows.s[ends][:, None, None]
    st[..., 1] = profile.across[strip][:, ends].swapaxes(0, 1)[..., [0, 1, 1, 0]]
    return _owned(rows, profile, np.tile(strip, 2), np.concatenate([first, last]), st.reshape(-1, 4, 2))


def rail_quads(rows: Rows, profile: Profile) -> Quads:
    """Two rails on each lane for trams and trains that is wide enough: flush in a street, on ballast standing free."""
    parts = list[Quads]()
    for i, lane in enumerate(rows.lanes):
        if lane.type not in ("tram", "rail"):
            continue
        left, right = (rows.ground[k] + profile.heights[i, :, k - i, None] * rows.up for k in (i, i + 1))
        across = left - right
        width = np.linalg.norm(across, axis=1, keepdims=True)
        if width.min() < _GAUGE_M + 2.0 * _HEAD_M:
            continue
        across /= width
        height = FLUSH_M if lane.type == "tram" else RAIL_M
        for side in (-1.0, 1.0):
            middle = 0.5 * (left + right) + side * 0.5 * (_GAUGE_M + _HEAD_M) * across
            a, b = (middle + sign * 0.5 * _HEAD_M * across for sign in (1.0, -1.0))
            top_a, top_b = a + height * rows.up, b + height * rows.up
            faces = [(top_a, top_b)] if lane.type == "tram" else [(a, top_a), (top_a, top_b), (top_b, b)]
            for one, other in faces:
                corners = np.stack([one[:-1], other[:-1], other[1:], one[1:]], axis=1)
                s = np.stack([rows.s[:-1], rows.s[:-1], rows.s[1:], rows.s[1:]], axis=1)
                st = np.stack([s, np.broadcast_to([0.0, _HEAD_M, _HEAD_M, 0.0], s.shape)], axis=2)
                parts.append(Quads.of(corners, st, Look.RAIL, Tier.CARRIAGEWAY, rows.number, lane.id))
    return Quads.join(parts)


def face_quads(rows: Rows, profile: Profile) -> Quads:
    """Vertical kerb faces between neighbouring lanes of different height."""
    parts = list[Quads]()
    for i in range(len(rows.lanes) - 1) if profile.heights.any() else ():
        one, other = profile.heights[i, :, 1], profile.heights[i + 1, :, 0]
        step = one - other
        keep = np.maximum(np.abs(step[:-1]), np.abs(step[1:])) > _STEP_M
        if not keep.any():
            continue
        top = rows.ground[i + 1] + np.maximum(one, other)[:, None] * rows.up
        low = rows.ground[i + 1] + (np.minimum(one, other) - _SUNK_M)[:, None] * rows.up
        if float(step.mean()) > 0.0:  # the left lane is higher: seen from the right
            corners = np.stack([top[1:], top[:-1], low[:-1], low[1:]], axis=1)
            s = np.stack([rows.s[1:], rows.s[:-1]], axis=1)
        else:
            corners = np.stack([top[:-1], top[1:], low[1:], low[:-1]], axis=1)
            s = np.stack([rows.s[:-1], rows.s[1:]], axis=1)
        s = s[:, [0, 1, 1, 0]]
        st = np.stack([s, corners[..., 2]], axis=2)
        parts.append(
            Quads.of(corners[keep], st[keep], Look.KERB, Tier.RAISED, rows.number, 0, bool(rows.road.junction))
        )
    return Quads.join(parts)


def cap_quads(rows: Rows, profile: Profile) -> Quads:
    """Upright ends of raised strips; where a strip goes on in the next stretch they are hidden in it."""
    strip = np.flatnonzero(profile.tier == Tier.RAISED)
    parts = list[Quads]()
    if not len(strip):
        return Quads.join(parts)
    for end in (0, -1):
        a, b = profile.left[strip, end], profile.right[strip, end]
        if end == -1:
            a, b = b, a
        down = np.array([0.0, 0.0, _CAP_M])
        corners = np.stack([a, b, b - down, a - down], axis=1)
        st = np.stack([profile.across[strip, end][:, [0, 1, 1, 0]], corners[..., 2]], axis=2)
        parts.append(Quads.of(corners, st, Look.KERB, Tier.RAISED, rows.number, 0, bool(rows.road.junction)))
    return Quads.join(parts)


def texture_block(s: Array) -> NDArray[np.int64]:
    """Number of the lane-texture repeat at stations s."""
    return np.asarray(np.floor(s / (2.0 * LONGEST_M) + 1e-6), np.int64)
