"""Datasets on disk: scenes drawn from scenarios, rendered by workers, merged; equal commands give equal bytes.

    DIR/<format>/...         the dataset in each format
    DIR/scenes/<id>.yaml     the concrete scenario of each scene: `oddroad generate` on it gives the scene again
    DIR/maps/<name>.xodr     the OpenDRIVE maps that they use, named by content
    DIR/recordings/<name>    the recorded drives that they show, named by content
    DIR/manifest.json        versions, command, seeds, and the SHA-256 of every other file

Every scene is a work item of its own with a seed of its own, so nothing depends on the number of workers, on their
order, or on whether a run was interrupted (`store` tells how that is safe). Scene ids are running numbers; a scenario
file that fixes its own seed gives its scene the file's name, so regenerating `scenes/000003.yaml` names things as
they were.
"""

from __future__ import annotations

import errno
import platform
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from simulator.drives import TABLES
from simulator.errors import InputError, OddRoadError, OutputError
from simulator.pipeline import flow, warming
from simulator.pipeline.store import MANIFEST, Store, digests, file_digest, write_whole
from simulator.pipeline.workers import run_tasks
from simulator.roads.xodr_input import MAX_BYTES as MAX_MAP_BYTES
from simulator.scenario.distributions import Distribution
from simulator.scenario.family import member
from simulator.scenario.models import Scenario

if TYPE_CHECKING:
    from simulator.export.base import Format, SceneInfo

FORMATS = ("kitti", "coco")
MAX_SCENES = 1_000_000
_DISTRIBUTIONS = ("oddroad", "numpy", "numba", "llvmlite", "scipy", "opencv-python-headless")


class Event(NamedTuple):
    """Progress of `generate`.

    Attributes:
        kind: "resumed" (done scenes were there already), "frame" (a frame of `scene` is written), "scene" (`scene` is
            complete), "merging" (all scenes are complete).
        scene: id, or "".
        done, total: frames of the scene for "frame", else scenes of the dataset.
    """

    kind: str
    scene: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class _Job:
    """All that a worker needs for one scene."""

    scene: str
    seed: int
    data: dict[str, Any]
    out: Path
    formats: tuple[str, ...]
    quality: str
    render: Callable[..., Iterator[Any]]


def generate(
    scenarios: Sequence[tuple[str, Scenario]],
    out: str | Path,
    *,
    scenes: int | None = None,
    seed: int = 0,
    formats: Sequence[str] = FORMATS,
    workers: int = 1,
    quality: str = "standard",
    resume: bool = False,
    command: str = "",
    report: Callable[[Event], None] = lambda event: None,
    render: Callable[..., Iterator[Any]] = flow.render,
) -> Path:
    """Write a dataset.

    Args:
        scenarios: (name, scenario) pairs; scene i is drawn from pair i modulo their number.
        out: folder to make; must be empty or absent, unless `resume`.
        scenes: how many; default one of each scenario.
        seed: scene i has the i-th child seed of it, unless its scenario fixes its own.
        formats: kinds of the family "export".
        workers: processes.
        quality: see `render`.
        resume: continue an interrupted run with the same arguments (begins one if there is none).
        command: noted in the manifest.
        report: called with progress.
        render: makes the frames of a concrete scenario; a function at the top of a module.

    Returns:
        Path of the manifest.

    Raises:
        InputError: a scenario, map, format or number cannot be used.
        OutputError: the folder cannot be used or written; complete scenes are kept for `resume`.
    """
    flow.check_quality(quality)
    formats = tuple(dict.fromkeys(formats))
    for kind in formats:
        member("export", kind)
    drawn = _draw(scenarios, scenes, seed)
    folder = Path(out).absolute()
    store = Store(folder)
    data = {id(scenario): scenario.to_data() for _, scenario in scenarios}
    jobs = [
        _Job(scene, child, data[id(scenario)], folder, formats, quality, render) for scene, child, _, scenario in drawn
    ]
    try:
        plan = store.begin(_plan(scenarios, drawn, seed, formats, quality, command), resume)
        if plan is not None:
            _make(store, jobs, workers, report)
            report(Event("merging", "", len(jobs), len(jobs)))
            _merge(store, [job.scene for job in jobs], formats, plan)
    except BaseException as error:
        kept = store.abandon()
        if isinstance(error, OSError):
            raise output_error(error, folder, kept) from error
        raise
    return folder / MANIFEST


def _draw(
    scenarios: Sequence[tuple[str, Scenario]], scenes: int | None, seed: int
) -> list[tuple[str, int, str, Scenario]]:
    """(id, seed, name, scenario) of every scene."""
    from simulator.numerics.rng import child_seed

    if not scenarios:
        raise InputError("needs at least one scenario")
    count = len(scenarios) if scenes is None else scenes
    if not 1 <= count <= MAX_SCENES:
        raise InputError(f"the number of scenes must be between 1 and {MAX_SCENES}, not {count}", key="scenes")
    if count > len(scenarios):
        for name, scenario in scenarios:
            if isinstance(scenario.seed, int):
                raise InputError(
                    f"fixes its seed, so it is one scene and {count} would repeat it; remove its key seed",
                    source=name,
                )
    drawn = []
    for i in range(count):
        name, scenario = scenarios[i % len(scenarios)]
        if isinstance(scenario.seed, int):
            drawn.append((Path(name).stem, scenario.seed, name, scenario))
        else:  # 53 bits: exact in every JSON reader
            drawn.append((f"{i:06d}", child_seed(seed, "scene", i) >> 11, name, scenario))
    ids = [scene for scene, *_ in drawn]
    if len(set(ids)) < len(ids) or not all(re.fullmatch(r"[A-Za-z0-9_-]{1,80}", scene) for scene in ids):
        drawn = [(f"{i:06d}", child, name, scenario) for i, (_, child, name, scenario) in enumerate(drawn)]
    return drawn


def _plan(
    scenarios: Sequence[tuple[str, Scenario]],
    drawn: Sequence[tuple[str, int, str, Scenario]],
    seed: int,
    formats: Sequence[str],
    quality: str,
    command: str,
) -> dict[str, Any]:
    """All that determines the bytes of the dataset; what a resumed run must have in common."""
    import hashlib

    described = [
        {"name": Path(name).name, "sha256": hashlib.sha256(portable(scenario)[0].to_yaml().encode()).hexdigest()}
        for name, scenario in scenarios
    ]
    return {
        "command": command,
        "versions": versions(),
        "seed": seed,
        "quality": quality,
        "formats": list(formats),
        "scenarios": described,
        "scenes": {scene: {"scenario": Path(name).name, "seed": child} for scene, child, name, _ in drawn},
    }


def versions() -> dict[str, str]:
    """Versions that the bytes of a dataset may depend on."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _make(store: Store, jobs: Sequence[_Job], workers: int, report: Callable[[Event], None]) -> None:
    """Render the scenes that are missing."""
    todo = [job for job in jobs if not store.is_complete(job.scene)]
    done = len(jobs) - len(todo)
    report(Event("resumed", "", done, len(jobs)))
    cold = bool(todo) and not kernels_cached()
    if cold:
        warming.start_compiling()  # here, since the first worker is alone until it has compiled everything
    with closing(run_tasks(make_scene, todo, workers, warm_up=cold)) as events:
        for event in events:
            if event.kind == "scene":
                done += 1
                event = event._replace(done=done, total=len(jobs))
            report(event)


def make_scene(job: _Job) -> Iterator[Event]:
    """Render one scene into its shard. Work of one worker process."""
    store = Store(job.out)
    try:
        scenario = flow.draw(Scenario.model_validate(job.data), job.seed)
        folder = store.temporary(job.scene)
        info = scene_info(job.scene, scenario)
        writers = []
        for kind in job.formats:
            (folder / kind).mkdir()
            writers.append(_format(kind).open(folder / kind, info))
        total, done = flow.frame_count(scenario), 0
        for frame in job.render(scenario, quality=job.quality):
            for writer in writers:
                writer.write(frame)
            done += 1
            yield Event("frame", job.scene, done, total)
        if done == 0:
            raise OddRoadError("no frame came out")
        for writer in writers:
            writer.close()
        written, files = portable(scenario)
        for name, source in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(source, folder / name)
        write_whole(folder / "scene.yaml", written.to_yaml())
        store.commit(job.scene)
    except OSError as error:
        raise output_error(error, job.out, kept=any((store.work / "scenes").glob("*"))) from error
    except OddRoadError as error:
        raise OddRoadError(f"scene {job.scene} (seed {job.seed}): {error}") from error
    finally:
        shutil.rmtree(store.work / "tmp" / job.scene, ignore_errors=True)
    yield Event("scene", job.scene, 0, 0)


def _format(kind: str) -> Format:
    return cast("Format", member("export", kind)())


def scene_info(scene: str, scenario: Scenario) -> SceneInfo:
    """What formats may know of a concrete scenario: nothing that depends on where it was read from."""
    from simulator.export.base import SceneInfo

    rig = flow.sensors_of(scenario)
    facts = {
        "about": scenario.about,
        "seed": scenario.seed,
        "road": _map_name(scenario.road.opendrive) or scenario.road.kind,
        "speed_mps": scenario.ego.speed_mps,
        "date": scenario.time.date,
        "clock_h": scenario.time.clock_h,
        "latitude_deg": scenario.place.latitude_deg,
        "longitude_deg": scenario.place.longitude_deg,
        "anomalies": ",".join(anomaly.kind for anomaly in scenario.anomalies),
        **dict(scenario.weather),
    }
    return SceneInfo(
        scene,
        cameras=tuple(name for name, sensor in rig.items() if sensor.kind == "camera"),
        lidars=tuple(name for name, sensor in rig.items() if sensor.kind == "lidar"),
        attributes={name: str(value) for name, value in facts.items() if value is not None},
    )


def _map_name(path: str | None) -> str:
    """Name of a map, the same for its copy in a dataset."""
    return re.sub(r"-[0-9a-f]{12}$", "", Path(path).stem) if path else ""


def portable(scenario: Scenario) -> tuple[Scenario, dict[str, Path]]:
    """The scenario as it is written to `scenes/`, naming its files by their place in the dataset, and those files.

    A map is `../maps/<name>-<hash>.xodr` (or .json), a recording `../recordings/<name>-<hash>.json` (or .csv ...).
    """
    files: dict[str, Path] = {}

    def moved(path: str, folder: str, usual: str, key: str) -> str:
        """Its path in the dataset, seen from `scenes/`."""
        digest = _input_digest(Path(path), key)[:12]
        suffix = next((each for each in (*TABLES, ".json") if path.lower().endswith(each)), usual)
        stem = Path(path.removesuffix(".gz")).stem.removesuffix(f"-{digest}")
        name = f"{folder}/{re.sub(r'[^A-Za-z0-9_.-]', '_', stem)}-{digest}{suffix}"
        files[name] = Path(path)
        return f"../{name}"

    def renamed(given: Any, *where: str) -> Any:
        """A path, or each of those it is drawn from, as `moved`; None stays."""
        if isinstance(given, Distribution):
            return given.map(lambda path: moved(path, *where))
        return None if given is None else moved(given, *where)

    road = renamed(scenario.road.opendrive, "maps", ".xodr", "road.opendrive")
    recording = renamed(scenario.recording, "recordings", ".json", "recording")
    if not files:
        return scenario, {}
    return scenario.model_copy(
        update={"road": scenario.road.model_copy(update={"opendrive": road}), "recording": recording}
    ), files


def _input_digest(path: Path, key: str) -> str:
    try:
        if not path.is_file():
            raise InputError("no such file", source=str(path), key=key)
        if path.stat().st_size > MAX_MAP_BYTES:
            kind = "map" if key == "road.opendrive" else key
            size, most = (f"{number / 1e6:,.0f} MB" for number in (path.stat().st_size, MAX_MAP_BYTES))
            raise InputError(f"has {size}; a {kind} has at most {most}", source=str(path), key=key)
        return file_digest(path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=str(path), key=key) from None


def _merge(store: Store, scenes: Sequence[str], formats: Sequence[str], plan: dict[str, Any]) -> None:
    """Assemble the complete scenes into the final dataset."""
    import json

    shutil.rmtree(store.final, ignore_errors=True)
    for kind in formats:
        (store.final / kind).mkdir(parents=True)
        _format(kind).merge([store.shard(scene) / kind for scene in scenes], store.final / kind)
    (store.final / "scenes").mkdir(parents=True, exist_ok=True)
    for scene in scenes:
        shutil.copyfile(store.shard(scene) / "scene.yaml", store.final / "scenes" / f"{scene}.yaml")
        for folder in ("maps", "recordings"):
            for source in sorted((store.shard(scene) / folder).glob("*")):
                (store.final / folder).mkdir(exist_ok=True)
                if not (store.final / folder / source.name).exists():
                    shutil.copyfile(source, store.final / folder / source.name)
    manifest = {**plan, "files": digests(store.final)}
    write_whole(store.final / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    store.publish()


def output_error(error: OSError, out: Path, kept: bool) -> OutputError:
    """One line about a failure to write."""
    hint = "; complete scenes are kept, --resume continues" if kept else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{out}: no space left on the disk{hint}")
    what = error.strerror or str(error)
    place = error.filename if isinstance(error.filename, str) else str(out)
    return OutputError(f"{place}: cannot be written: {what}{hint}")


def kernels_cached() -> bool:
    """Whether the compiled kernels lie on the disk, so that a start takes seconds."""
    from simulator.numerics.jit import is_cached
    from simulator.sensors.shading.picture import gather

    return is_cached(gather)  # the last that a camera calls; it reaches nearly all others
