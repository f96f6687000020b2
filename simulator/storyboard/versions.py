"""Which files are OpenSCENARIO XML of a version that is read."""

from __future__ import annotations

from simulator.errors import InputError
from simulator.roads.xodr_input import Element

NEWEST = (1, 3)


def check_version(root: Element, source: str, *, any_major: bool = False) -> tuple[int, int]:
    """Version of a file, as (major, minor).

    Args:
        root: its outermost element.
        source: its name, for the messages.
        any_major: do not refuse another major version.

    Raises:
        InputError: not OpenSCENARIO XML, or of another major version.
    """
    if root.tag not in ("OpenSCENARIO", "OpenScenario"):
        raise InputError(
            f"the root element is <{root.tag}>; <OpenSCENARIO> is needed", source=source, line=root.sourceline
        )
    header = root.find("FileHeader")
    if header is None:
        raise InputError("<OpenSCENARIO> needs the element <FileHeader>", source=source, line=root.sourceline)
    given = (header.get("revMajor") or "").strip(), (header.get("revMinor") or "").strip()
    try:
        major, minor = int(given[0]), int(given[1])
    except ValueError:
        message = f'<FileHeader> revMajor="{given[0][:20]}" revMinor="{given[1][:20]}" is not a version'
        raise InputError(message, source=source, line=header.sourceline) from None
    if major != 1 and not any_major:
        message = f"OpenSCENARIO {major}.{minor} is not read; convert the file to version 1.0 to 1.3"
        raise InputError(message, source=source, line=header.sourceline)
    return major, minor
