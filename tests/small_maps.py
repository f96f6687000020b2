"""Text of small OpenDRIVE maps."""

from __future__ import annotations

LINE = '<geometry s="0" x="10" y="20" hdg="0" length="100"><line/></geometry>'
WIDTH = '<width sOffset="0" a="{}" b="0" c="0" d="0"/>'


def lane(lane_id: int, inside: str | float = 3.0, kind: str = "driving", more: str = "") -> str:
    """A lane of a width, or with these elements."""
    body = inside if isinstance(inside, str) else WIDTH.format(inside)
    return f'<lane id="{lane_id}" type="{kind}" {more}>{body}</lane>'


def section(left: str = "", right: str = "", s: float = 0.0, more: str = "", center: str = "") -> str:
    """A lane section of the lanes of its sides, with marks on its centre line."""
    sides = "".join(f"<{name}>{lanes}</{name}>" for name, lanes in (("left", left), ("right", right)) if lanes)
    middle = f'<center><lane id="0" type="none">{center}</lane></center>'
    before, _, after = sides.partition("<right>")
    return f'<laneSection s="{s}" {more}>{before}{middle}{"<right>" + after if after else ""}</laneSection>'


def road(
    sections: str,
    plan: str = LINE,
    *,
    road_id: str = "1",
    more: str = "",
    before: str = "",
    profiles: str = "",
    offset: str = "",
    after: str = "",
    length: float = 100.0,
    junction: str = "-1",
) -> str:
    """A road; `before` its plan view come links and types, `after` its lanes objects and signals."""
    return (
        f'<road id="{road_id}" length="{length}" junction="{junction}" {more}>{before}<planView>{plan}</planView>'
        f"{profiles}<lanes>{offset}{sections}</lanes>{after}</road>"
    )


def linked(road_id: str, x: float, before: str = "", after: str = "", y: float = 20.0, junction: str = "-1") -> str:
    """A straight road of 100 m with a lane of each direction, all of whose lanes go on as the same lanes."""
    ends = "".join(f"<{name} {what}/>" for name, what in (("predecessor", before), ("successor", after)) if what)
    links = "".join(f'<{name} id="{{0}}"/>' for name, what in (("predecessor", before), ("successor", after)) if what)
    body = f"<link>{links}</link>" + WIDTH.format(3)
    return road(
        section(lane(1, body.format(1)), lane(-1, body.format(-1))),
        f'<geometry s="0" x="{x}" y="{y}" hdg="0" length="100"><line/></geometry>',
        road_id=road_id,
        before=f"<link>{ends}</link>",
        junction=junction,
    )


def document(body: str, header: str = "") -> str:
    """A file."""
    return f'<OpenDRIVE><header revMajor="1" revMinor="8">{header}</header>{body}</OpenDRIVE>'
