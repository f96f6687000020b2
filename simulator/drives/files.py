"""Tables of trajectories as files: CSV and Parquet, read with the place of everything that is wrong with them.

A table has a row for each actor and time. Needed columns: `t` (s), `name`, `x`, `y` (m) and `h` (heading, rad). Others:
`z` (m), `p`, `r` (pitch and roll, rad), `speed` (m/s; else from the motion), `category` (a word, see `categories`),
`length`, `width`, `height` of its box and `center_x`, `center_y`, `center_z`, where the box's middle is in the actor's
frame (m; else the frame is at the rear axle of cars, vans, trucks and buses, in the middle of others, on the ground).
What `oddroad replay --trajectories` writes is such a table.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.drives.argoverse import is_argoverse, read_argoverse
from simulator.drives.categories import AXLE_TO_MIDDLE, REAR_AXLE, check_category, guess_category, usual_size
from simulator.drives.drive import MAX_ROWS, Box, Drive, Track
from simulator.errors import InputError, OutputError, did_you_mean

Array = NDArray[np.float64]
Column = NDArray[Any]

TABLES = (".csv", ".csv.gz", ".parquet")
MAX_BYTES = 1_000_000_000
NEEDED = ("t", "name", "x", "y", "h")
NUMBERS = ("z", "p", "r", "speed")
BOX = ("length", "width", "height", "center_x", "center_y", "center_z")
UNUSED = ("road", "lane", "off", "s", "tt", "wheel_angle")  # of tables of runs: follow from the pose and the map
FACTS = b"oddroad"  # key of a Parquet file's metadata
EGOS = ("ego", "hero", "av", "ego_vehicle")
MAX_TURN_RAD = 4 * np.pi  # no heading or attitude in radians is larger, if not many turns are added up
MAX_STEP_S = 10.0
MAX_NUMBER = 1e10  # Unix times in s and all map coordinates are smaller, Unix times in ms are not
UNITS_OF_SPEED = {3.6: "km/h", 2.236936: "mph"}


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of a file by name: text as lists of str, numbers as float64; `line` of a row for messages (None: row)."""

    source: str
    columns: dict[str, Column]
    line: Callable[[int], int] | None = None

    def error(self, message: str, row: int | None = None, column: str = "") -> InputError:
        """An error at a row of a column."""
        if row is not None and self.line is None:
            return InputError(message, source=self.source, key=f"row {row + 1}" + (f", {column}" if column else ""))
        line = self.line(row) if row is not None and self.line is not None else None
        return InputError(message, source=self.source, line=line, key=column)


def is_table(path: str | os.PathLike[str]) -> bool:
    """Whether the name of a file is that of a table of trajectories."""
    return str(path).lower().endswith(TABLES)


def read_drive(path: str | os.PathLike[str], *, ego: str | None = None) -> Drive:
    """Read a recorded drive: CSV, Parquet, or a scenario of Argoverse 2 motion forecasting.

    Args:
        path: .csv, .csv.gz or .parquet.
        ego: the actor that carries the sensors; None: the file's own, that called ego, hero or AV, or the first.

    Raises:
        InputError: the file cannot be read or used; the message says where and why.
    """
    file = Path(path)
    if not is_table(file):
        raise InputError(f"is no table of trajectories; read are {', '.join(TABLES)}", source=str(file))
    _check_file(file)
    if file.suffix.lower() == ".parquet":
        table, facts = _read_parquet(file)
        drive = read_argoverse(table.columns, str(file)) if is_argoverse(table.columns) else _drive(table, facts)
    else:
        drive = _drive(_read_csv(file), {})
    return drive if ego is None else drive.led_by(ego)


def write_drive(drive: Drive, path: str | os.PathLike[str]) -> None:
    """Write a drive as Parquet with all that is known of it, its facts included; a file there is replaced in one step.

    Raises:
        OutputError: the file cannot be written; nothing half-written stays behind.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = Path(path)
    columns: dict[str, list[Any]] = {name: [] for name in ("t", "name", *_POSE, "speed", "category", *BOX)}
    for track in drive.tracks.values():
        count = len(track.t)
        columns["t"].append(track.t)
        columns["speed"].append(track.speed)
        columns["name"].append(np.full(count, track.name, object))
        columns["category"].append(np.full(count, track.category, object))
        for name, values in zip(_POSE, track.poses.T):
            columns[name].append(values)
        for name, value in zip(BOX, (*track.size, *track.center)):
            columns[name].append(np.full(count, value))
    if not drive.has_heights:
        del columns["z"]
    arrays = {name: np.concatenate(parts) if parts else np.zeros(0) for name, parts in columns.items()}
    order = np.argsort(arrays["t"], kind="stable")  # time by time, actors in their order
    facts = {"ego": drive.ego, **({"about": drive.about} if drive.about else {}), **drive.facts}
    table = pa.table({name: values[order] for name, values in arrays.items()})
    table = table.replace_schema_metadata({FACTS: json.dumps(facts, sort_keys=True)})
    try:
        handle, partial = tempfile.mkstemp(prefix=f"{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                pq.write_table(table, file, compression="zstd")
            Path(partial).chmod(0o644)
            Path(partial).replace(target)
        finally:
            Path(partial).unlink(missing_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise OutputError(f"{target}: cannot be written: {getattr(error, 'strerror', None) or error}") from None


_POSE = ("x", "y", "z", "h", "p", "r")


def _check_file(file: Path) -> None:
    try:
        size = file.stat().st_size
        if file.is_dir():
            raise InputError("is a directory, not a file", source=str(file))
    except FileNotFoundError:
        siblings = [str(found) for found in file.parent.glob("*") if is_table(found)] if file.parent.is_dir() else []
        raise InputError(f"no such file.{did_you_mean(str(file), siblings)}", source=str(file)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read: {reason}", source=str(file)) from None
    if size > MAX_BYTES:
        raise InputError(f"has {size / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:,.0f} MB are read", source=str(file))


def _read_csv(file: Path) -> Table:
    """A CSV file as text columns."""
    source = str(file)
    lines: list[int] = []
    rows: list[list[str]] = []
    try:
        with (gzip.open if file.suffix.lower() == ".gz" else open)(
            file, "rt", encoding="utf-8-sig", newline=""
        ) as stream:
            reader = csv.reader(_bounded(stream, source))
            header = [name.strip() for name in next(reader, [])]
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    raise InputError(
                        f"has {len(row)} values for {len(header)} columns", source=source, line=reader.line_num
                    )
                rows.append(row)
                lines.append(reader.line_num)
                if len(rows) > MAX_ROWS:
                    raise InputError(f"has more than {MAX_ROWS} rows", source=source)
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", source=source, line=len(lines) + 2) from None
    except csv.Error as error:
        raise InputError(f"is no CSV: {error}", source=source, line=len(lines) + 2) from None
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read: {reason}", source=source) from None
    if not header or header == [""]:
        raise InputError(f"is empty; needs the columns {', '.join(NEEDED)}", source=source)
    twice = [name for number, name in enumerate(header) if name in header[:number]]
    if twice:
        raise InputError("is there twice", source=source, line=1, key=f"column {twice[0]}")
    if len(header) == 1 and ";" in header[0]:
        raise InputError("separates its columns by semicolons; commas are needed", source=source, line=1)
    columns = {
        name: np.array(values, object) for name, values in zip(header, zip(*rows) if rows else [()] * len(header))
    }
    return Table(source, columns, lambda row: lines[row])


def _bounded(stream: Iterable[str], source: str) -> Iterable[str]:
    """The lines of a file; what unpacks to far more than a file may have is refused."""
    size = 0
    for line in stream:
        size += len(line)
        if size > MAX_BYTES:
            raise InputError(f"has more than {MAX_BYTES / 1e6:,.0f} MB of text", source=source)
        yield line


def _read_parquet(file: Path) -> tuple[Table, dict[str, Any]]:
    """The columns of a Parquet file and the facts that ours keep in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = str(file)
    try:
        with pq.ParquetFile(file) as opened:
            if opened.metadata.num_rows > MAX_ROWS:
                raise InputError(f"has {opened.metadata.num_rows} rows; at most {MAX_ROWS} are read", source=source)
            flat = [each.name for each in opened.schema_arrow if not pa.types.is_nested(each.type)]
            read = opened.read(columns=flat)
        columns = {name: _plain(read.column(name), pa) for name in read.column_names}
        facts = _facts((read.schema.metadata or {}).get(FACTS, b"{}"), source)
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"is no Parquet file that can be read: {str(error)[:200]}", source=source) from None
    return Table(source, columns), facts


def _facts(text: bytes, source: str) -> dict[str, Any]:
    """What a file of ours says about its run. Raises InputError where that cannot be so."""
    facts = json.loads(text)
    shapes: dict[str, type | tuple[type, ...]] = {
        **dict.fromkeys(("ego", "about", "run"), str),
        **dict.fromkeys(("dt", "until"), (int, float)),
        **dict.fromkeys(("parameters", "versions", "argoverse", "scenario", "map"), dict),
        "seed": int,
    }
    wrong = None if isinstance(facts, dict) else "all"
    for name, shape in shapes.items() if wrong is None else ():
        value = facts.get(name)
        if value is not None and (not isinstance(value, shape) or value != value):
            wrong = name
    if wrong is not None:
        raise InputError(f"holds facts of a run that cannot be so ({wrong})", source=source, key=FACTS.decode())
    return {name: value for name, value in facts.items() if value is not None or name in ("map", "until")}


def _plain(column: Any, pa: Any) -> Column:
    """Numbers as they are (NaN for what is missing), everything else as text (None)."""
    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return np.array(column.cast(pa.string()).to_pylist(), object)
    return np.asarray(column.to_numpy())


def _drive(table: Table, facts: dict[str, Any]) -> Drive:
    """The tracks of a table of ours."""
    columns = table.columns
    known = (*NEEDED, *NUMBERS, *BOX, "category", *UNUSED)
    for name in NEEDED:
        if name not in columns:
            raise table.error(
                f"is missing.{did_you_mean(name, columns)} Needed: {', '.join(NEEDED)}", None, f"column {name}"
            )
    if not len(columns["t"]):
        raise table.error("has no rows")
    notes = [
        f"{table.source}: column {name} is ignored.{did_you_mean(name, known)}" for name in columns if name not in known
    ]
    numbers = {
        name: _numbers(table, name, optional=name in BOX)
        for name in (*NEEDED, *NUMBERS, *BOX)
        if name != "name" and name in columns
    }
    names = _texts(table, "name")
    for row, name in enumerate(names):
        if not name:
            raise table.error("is empty", row, "name")
    groups, repeated = _without_repeats(_grouped(names), numbers)
    if repeated:
        notes.append(f"{table.source}: {repeated} rows that repeat the actor's last one are left out")
    _check_times(table, numbers["t"], groups)
    _check_units(table, numbers, groups)
    categories = _texts(table, "category") if "category" in columns else None
    guessed: dict[str, str] = {}
    tracks = {}
    for name, rows in groups.items():
        category = None if categories is None else _category(table, categories, rows)
        if category is None:
            category = guessed[name] = guess_category(name)
        tracks[name] = _track(name, category, numbers, rows)
        if len(rows) == 1:
            notes.append(str(table.error(f"{name} has a single row, so it is there for one step", int(rows[0]))))
    if guessed:
        shown = ", ".join(f"{name}: {category}" for name, category in list(guessed.items())[:8])
        more = f" and {len(guessed) - 8} more" if len(guessed) > 8 else ""
        notes.append(f"{table.source}: categories guessed from names ({shown}{more})")
    given = facts.get("ego")
    ego = next((name for word in EGOS for name in tracks if name.lower() == word), next(iter(tracks)))
    return Drive(
        tracks,
        given if isinstance(given, str) and given in tracks else ego,
        table.source,
        str(facts.get("about", "")),
        "z" in numbers,
        {name: value for name, value in facts.items() if name not in ("ego", "about")},
        tuple(notes),
    )


def _numbers(table: Table, name: str, *, optional: bool) -> Array:
    """A column as numbers; NaN where an optional one says nothing."""
    column = table.columns[name]
    if column.dtype == object:
        text = np.where(column == "", "nan", column) if optional else column
        try:
            values = text.astype(np.float64)
        except (TypeError, ValueError):
            row, bad = next((row, each) for row, each in enumerate(text.tolist()) if not _is_number(each))
            said = "is empty" if bad in ("", None) else f'"{str(bad)[:40]}" is no number'
            raise table.error(said, row, name) from None
    else:
        values = column.astype(np.float64)
    bad_rows = np.flatnonzero(np.isinf(values) if optional else ~np.isfinite(values))
    if len(bad_rows):
        raise table.error(f"{values[bad_rows[0]]} is no finite number", int(bad_rows[0]), name)
    large = np.flatnonzero(np.abs(values) > MAX_NUMBER)
    if len(large):
        units = "seconds" if name == "t" else "metres, radians and metres per second"
        raise table.error(f"{values[large[0]]:g} is too large; units are {units}", int(large[0]), name)
    return values


def _is_number(text: Any) -> bool:
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return True


def _texts(table: Table, name: str) -> list[str]:
    """A column as text without blanks around it; numbers as whole ones where they are."""
    return ["" if each is None else str(each).strip() for each in table.columns[name].tolist()]


def _grouped(names: list[str]) -> dict[str, NDArray[np.int64]]:
    """Rows of each actor, in the order of the file; actors in the order in which they appear."""
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault(name, []).append(row)
    return {name: np.array(mine, np.int64) for name, mine in rows.items()}


def _without_repeats(
    groups: dict[str, NDArray[np.int64]], numbers: dict[str, Array]
) -> tuple[dict[str, NDArray[np.int64]], int]:
    """Rows of each actor without those that only repeat the one before (esmini logs its last step twice); how many."""
    values = np.column_stack(list(numbers.values()))
    kept = {}
    for name, rows in groups.items():
        same = np.all((values[rows[1:]] == values[rows[:-1]]) | np.isnan(values[rows[1:]]), axis=1)
        kept[name] = rows[np.r_[True, ~same]]
    return kept, sum(map(len, groups.values())) - sum(map(len, kept.values()))


def _check_times(table: Table, t: Array, groups: dict[str, NDArray[np.int64]]) -> None:
    """Times of each actor must increase. Raises InputError at the first row where they do not."""
    wrong = [
        (int(rows[1:][bad[0]]), name)
        for name, rows in groups.items()
        if len(bad := np.flatnonzero(np.diff(t[rows]) <= 0))
    ]
    if wrong:
        row, name = min(wrong)
        before = t[groups[name]][int(np.searchsorted(groups[name], row)) - 1]
        if t[row] == before:
            raise table.error(f"{name} is there twice at {t[row]:g} s", row, "t")
        raise table.error(f"the times of {name} do not increase: {t[row]:g} s after {before:g} s", row, "t")


def _check_units(table: Table, numbers: dict[str, Array], groups: dict[str, NDArray[np.int64]]) -> None:
    """Refuse degrees, milliseconds, km/h and mph where they show."""
    for name in ("h", "p", "r"):
        large = np.flatnonzero(np.abs(numbers.get(name, np.zeros(0))) > MAX_TURN_RAD)
        if len(large):
            row = int(large[0])
            raise table.error(f"{numbers[name][row]:g} rad is more than two turns; angles are in radians", row, name)
    ratios = []
    for rows in groups.values():
        steps = np.diff(numbers["t"][rows])
        if len(rows) > 2 and np.median(steps) > MAX_STEP_S:
            raise table.error(f"steps of {np.median(steps):g} s are too long; times are in seconds", int(rows[1]), "t")
        if "speed" in numbers:
            moved = np.hypot(*(np.diff(numbers[axis][rows]) for axis in "xy")) / steps
            given = np.abs(numbers["speed"][rows])
            fast = moved > 2.0
            ratios += ((given[1:] + given[:-1])[fast] / 2 / moved[fast]).tolist()
    if len(ratios) >= 5:
        ratio = float(np.median(ratios))
        for factor, unit in UNITS_OF_SPEED.items():
            if abs(ratio / factor - 1) < 0.05:
                raise table.error(
                    f"is {ratio:.2f} times as fast as x and y change, so in {unit}; speeds are in m/s", 0, "speed"
                )


def _category(table: Table, categories: list[str], rows: NDArray[np.int64]) -> str | None:
    """The one category that an actor's rows say, None for none."""
    first = categories[rows[0]]
    for row in rows[1:]:
        if categories[row] != first:
            raise table.error(f'"{categories[row]}" after "{first}" for the same actor', int(row), "category")
    if not first:
        return None
    place = table.error("", int(rows[0]), "category")
    return check_category(first, source=place.source, line=place.line, key=place.key)


def _track(name: str, category: str, numbers: dict[str, Array], rows: NDArray[np.int64]) -> Track:
    """The track of one actor."""
    t = numbers["t"][rows]
    poses = np.column_stack([numbers[each][rows] if each in numbers else np.zeros(len(rows)) for each in _POSE])
    size, center = box_of(category, {each: numbers[each][rows] for each in BOX if each in numbers})
    speed = numbers["speed"][rows] if "speed" in numbers else speeds(t, poses)
    return Track(name, category, size, center, t, poses, speed)


def box_of(category: str, given: dict[str, Array]) -> tuple[Box, Box]:
    """Size and centre of an actor's box: what its rows say (their median), else what is usual for its category."""
    said = {name: float(np.nanmedian(values)) for name, values in given.items() if np.isfinite(values).any()}
    length, width, height = (max(said.get(name, usual), 0.01) for name, usual in zip(BOX, usual_size(category)))
    ahead = AXLE_TO_MIDDLE * length if category in REAR_AXLE else 0.0
    center = said.get("center_x", ahead), said.get("center_y", 0.0), said.get("center_z", height / 2)
    return (length, width, height), center


def speeds(t: Array, poses: Array) -> Array:
    """Speed (T,) in m/s along the heading, from the motion; 0 for a single row."""
    if len(t) < 2:
        return np.zeros(len(t))
    vx, vy = (np.gradient(poses[:, k], t) for k in range(2))
    forward = vx * np.cos(poses[:, 3]) + vy * np.sin(poses[:, 3])
    return np.asarray(np.copysign(np.hypot(vx, vy), forward))
