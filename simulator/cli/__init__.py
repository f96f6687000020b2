"""The command `oddroad`: parse, call, show progress. All that it does is in the packages that it calls.

Messages for people go to stderr, results to stdout. Exit codes: 0 done, 1 `validate` found problems or drives
depart from each other, 2 the input or the output cannot be used, 130 interrupted. Nothing heavy is imported before a
command needs it.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from simulator.cli import audit
from simulator.cli import replay as scripted
from simulator.cli.options import Formats, Quality, Resume, Seed, Set, Workers, formats_of
from simulator.errors import InputError, InvalidScenario, OddRoadError, did_you_mean

if TYPE_CHECKING:
    from simulator.scenario.models import Scenario

ISSUES = "https://github.com/oddroad/oddroad/issues"
CATALOGUES = (
    *("anomalies", "actors", "people", "weather", "roads", "surroundings", "signs"),
    *("sensors", "formats", "scenarios"),
)
DEMO = (
    "night_rain_lost_cargo",
    "deer_in_fog_at_dawn",
    "child_behind_parked_van",
    "roadworks_in_snow",
    "wrong_way_driver_at_dusk",
    "black_ice_low_sun",
    "fallen_tree_in_village",
    "person_lying_at_night",
    "pothole_field",
    "broken_down_car",
)
DEMO_SCENES = 8

app = typer.Typer(
    help="Autonomous-driving edge cases, simulated, rendered and labelled on a plain CPU.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from, with its traceback.")] = False,
) -> None:
    """Read the options that all commands have (`main` looks for --debug itself, wherever it stands)."""


@app.command()
def generate(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="SCENARIO.yaml...", help="Scenario files; scenes take them in turn.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to make; must be empty without --resume.")],
    scenes: Annotated[
        int | None,
        typer.Option("--scenes", metavar="N", help="How many scenes to draw; default: one of each file.", min=1),
    ] = None,
    seed: Seed = 0,
    format: Formats = None,
    workers: Workers = 1,
    quality: Quality = "standard",
    resume: Resume = False,
    set_: Set = None,
) -> None:
    """Draw scenes from scenarios and write them as a labelled dataset."""
    formats = formats_of(format)
    overrides = set_ or []
    command = _normalised(scenarios, scenes, seed, formats, quality, overrides)
    manifest = _generate(
        _load_all(scenarios, overrides),
        out,
        scenes=scenes,
        seed=seed,
        formats=formats,
        workers=workers,
        quality=quality,
        resume=resume,
        command=command,
    )
    typer.echo(str(manifest))


def _generate(scenarios: list[tuple[str, Scenario]], out: Path, **options: Any) -> Path:
    from simulator.cli.progress import Progress
    from simulator.pipeline import generate

    with Progress() as progress:
        return generate(scenarios, out, report=progress, **options)


def _load_all(paths: Sequence[str], overrides: Sequence[str]) -> list[tuple[str, Scenario]]:
    """Every scenario; the problems of all files in one error."""
    from simulator.scenario.reading import load

    loaded: list[tuple[str, Scenario]] = []
    problems: list[InputError] = []
    for path in paths:
        try:
            loaded.append((path, load(path, overrides)))
        except InvalidScenario as error:
            problems += error.problems
        except InputError as error:
            problems.append(error)
    if problems:
        raise InvalidScenario(list({str(problem): problem for problem in problems}.values()))
    return loaded


def _normalised(
    scenarios: Sequence[str], scenes: int | None, seed: int, formats: Sequence[str], quality: str, sets: Sequence[str]
) -> str:
    """The command without anything that may differ between equal runs (folders, workers, --resume)."""
    import shlex

    parts = ["oddroad", "generate", *(Path(path).name for path in scenarios)]
    parts += ["--scenes", str(len(scenarios) if scenes is None else scenes), "--seed", str(seed)]
    parts += [part for kind in formats for part in ("--format", kind)]
    parts += ["--quality", quality]
    for text in sets:
        key, equals, value = text.partition("=")
        parts += ["--set", key + equals + (Path(value).name if key == "road.opendrive" else value)]
    return shlex.join(parts)


@app.command()
def validate(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Scenarios (.yaml), maps (.xodr), recorded drives (.csv, .parquet)."),
    ],
) -> None:
    """Say all that is wrong with scenarios, maps and recorded drives; exit code 1 if anything is."""
    wrong = False
    for file in files:
        problems, warnings = _check(file)
        wrong = wrong or bool(problems)
        for line in [*problems, *warnings]:
            typer.echo(line)
        if not problems:
            typer.echo(f"{file}: ok" + (f" ({len(warnings)} warnings)" if warnings else ""))
    raise typer.Exit(1 if wrong else 0)


def _check(file: Path) -> tuple[list[str], list[str]]:
    """Problems and warnings of one file, a line each."""
    from simulator.drives import is_table, read_drive
    from simulator.scenario.distributions import Distribution
    from simulator.scenario.reading import load
    from simulator.scenario.scripted import is_script, read_script
    from simulator.storyboard.player import Player

    if file.suffix.lower() in (".xodr", ".xml", ".json"):
        return _check_map(file)
    try:
        if is_table(file):
            return [], list(read_drive(file).warnings)
        if is_script(file):
            return [], Player(*read_script(file)).world.warnings
        scenario = load(file)
        drawn = scenario.sample(0)
    except OddRoadError as error:
        return str(error).splitlines(), []
    given: Any = scenario.road.opendrive
    maps = given.values if isinstance(given, Distribution) else () if given is None else (given,)
    checked = [_check_map(Path(path)) for path in maps]
    problems = [line for found, _ in checked for line in found]
    return problems or _check_start(file, drawn), [line for _, found in checked for line in found]


def _check_start(file: Path, drawn: Scenario) -> list[str]:
    """Whether the road has the place where the ego is to start, if the scenario names one."""
    if all(part is None for part in (drawn.ego.road, drawn.ego.lane, drawn.ego.s_m)):
        return []
    from simulator.scenario.reading import place_of
    from simulator.scenario.road_network import build_network
    from simulator.world.route import choose_route

    try:
        choose_route(build_network(drawn.road, drawn.seed or 0), drawn)
    except InputError as error:
        place = place_of(file, error.key)
        return [str(InputError(error.message, source=place.source, line=place.line, key=error.key))]
    return []


def _check_map(file: Path) -> tuple[list[str], list[str]]:
    from simulator.roads import check_opendrive
    from simulator.scenario.road_network import read_map

    if file.suffix.lower() == ".json":
        try:
            return [], [str(warning) for warning in read_map(file).warnings]
        except InputError as error:
            return [str(error)], []
    errors, warnings = check_opendrive(file)
    return [str(error) for error in errors], [f"{warning} (warning)" for warning in warnings]


@app.command()
def schema(
    scripted: Annotated[bool, typer.Option("--scripted", help="Of a scripted scenario.")] = False,
) -> None:
    """Print the JSON schema of a scenario file, for editors."""
    import json

    gc.disable()  # nearly all that is made stays: to look among it for garbage takes a quarter of the time
    from simulator.scenario.schema import scenario_schema, script_schema

    text = json.dumps(script_schema() if scripted else scenario_schema(), indent=1)
    gc.enable()
    typer.echo(text)


@app.command("list")
def list_(what: Annotated[str, typer.Argument(metavar="|".join(CATALOGUES), help="Which catalogue.")]) -> None:
    """List what scenario files may name, and the shipped scenarios."""
    from simulator.cli.catalogue import catalogue

    if what not in CATALOGUES:
        raise InputError(
            f'there is no list of "{what}".{did_you_mean(what, CATALOGUES)} Known: {", ".join(CATALOGUES)}'
        )
    rows = catalogue(what)
    width = max((len(name) for name, _ in rows), default=0)
    for name, about in rows:
        typer.echo(f"{name:<{width}}  {about}".rstrip())


@app.command()
def preview(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO.yaml", help="Scenario file.")],
    out: Annotated[Path, typer.Option("--out", metavar="PNG", help="Picture to write.")] = Path("preview.png"),
    seed: Seed = 0,
    set_: Set = None,
    opengl: Annotated[bool, typer.Option("--opengl", help="Plain, without weather, if there is OpenGL.")] = False,
) -> None:
    """Take a quick look: one picture of the scene's first moment."""
    from simulator.pipeline.look import look

    [(_, loaded)] = _load_all([scenario], set_ or [])
    drawn_by = look(loaded.sample(seed), out, lambda text: typer.echo(text, err=True), opengl=opengl)
    typer.echo(f"{out} ({drawn_by})")


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder; an earlier demo there is replaced.")],
    scenes: Annotated[int, typer.Option("--scenes", metavar="N", help="How many edge cases.", min=1)] = DEMO_SCENES,
    workers: Workers = 1,
    seed: Seed = 0,
) -> None:
    """Render the shipped edge cases and write a dataset and a page to look at."""
    from simulator.pipeline.store import Store

    Store(out).clear("oddroad demo")
    loaded = _load_all(DEMO[:scenes], [])
    formats = ["kitti", "coco", "page"]
    manifest = _generate(
        loaded,
        out,
        scenes=scenes,
        seed=seed,
        formats=formats,
        workers=workers,
        command=f"oddroad demo --scenes {scenes}",
    )
    typer.echo(f"dataset  {manifest.parent}")
    typer.echo(f"page     {manifest.parent / 'page' / 'index.html'}")


@app.command()
def gallery(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to make; must be empty without --resume.")],
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="NAME",
            help="actors, surroundings, weather, air, anomalies, or a pattern such as weather--fog*; may be repeated.",
        ),
    ] = None,
    quality: Quality = "standard",
    seed: Seed = 0,
    workers: Workers = 1,
    resume: Resume = False,
) -> None:
    """Show everything once: every actor from eight sides, every place and weather at four hours, every anomaly."""
    import shlex

    from simulator.pipeline.gallery import gallery as scenarios

    chosen = only or []
    parts = ["oddroad", "gallery", *(part for name in chosen for part in ("--only", name))]
    command = shlex.join([*parts, "--quality", quality, "--seed", str(seed)])
    manifest = _generate(
        scenarios(chosen, seed),
        out,
        formats=["gallery"],
        workers=workers,
        quality=quality,
        resume=resume,
        command=command,
    )
    typer.echo(str(manifest.parent / "gallery" / "index.html"))


app.add_typer(audit.app, name="audit")
app.command()(scripted.replay)
app.command()(scripted.diverge)
app.command()(scripted.coverage)


def main() -> NoReturn:
    """Entry point of `oddroad`: run the command; every failure is one clear line and an exit code."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    for stream in ("stdout", "stderr"):
        if getattr(sys, stream) is None:  # closed by the caller, as by 2>&-
            setattr(sys, stream, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  (for as long as we run)
    # Threads of linear algebra change no result and would only compete with ours; must be set before numpy loads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwind, so that unfinished files are removed
    code: int | str | None
    try:
        code = app(args=[part for part in arguments if part != "--debug"], standalone_mode=False)
        if code == 130:  # newer versions of typer turn Ctrl-C into this code by themselves
            _say("interrupted", 130)
    except (KeyboardInterrupt, typer.Abort):
        code = _say("interrupted", 130)
    except BrokenPipeError:  # the reader of our output has gone, as in `oddroad schema | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except OddRoadError as error:
        code = _say(str(error), 2, debug)
    except OSError as error:
        code = (
            _say(f"the output cannot be written: {error.strerror}", 2, debug)
            if error.filename is None
            else _bug(error, debug)
        )
    except MemoryError:
        code = _say("there is not enough memory; try fewer --workers", 2, debug)
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error, file=sys.stderr)
            code = 2
        elif hasattr(error, "format_message"):  # wrong options
            code = _say(f"{error.format_message()} (see oddroad --help)", 2)
        else:
            code = _bug(error, debug)
    sys.exit(code)


def _bug(error: Exception, debug: bool) -> int:
    text = " ".join(str(error).split())[:300]
    hint = "" if debug else "; run again with --debug to see where"
    return _say(f"unexpected {type(error).__name__}: {text}. Please report it at {ISSUES}{hint}", 2, debug)


def _say(message: str, code: int, debug: bool = False) -> int:
    """Print an error, a line each problem, and return the exit code."""
    if debug:
        import traceback

        traceback.print_exc()
    with suppress(OSError):  # nobody listens: the exit code must do
        for line in message.splitlines():
            print(f"oddroad: {line}", file=sys.stderr)
    return code
