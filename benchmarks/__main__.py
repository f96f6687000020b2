"""`python -m benchmarks NAME [--threads N] [--json FILE]`: NAME is a module beside this one with `rows(threads)`."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

from benchmarks.table import show


def names() -> list[str]:
    """The benchmarks there are: modules of this folder that define `rows`."""
    here = Path(__file__).parent
    return sorted(p.stem for p in here.glob("*.py") if "\ndef rows(" in p.read_text(encoding="utf-8"))


def main() -> None:
    """Run one benchmark, show its table, and write its rows if asked to."""
    from simulator.numerics.parallel import available_threads

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=names())
    parser.add_argument("--threads", type=int, default=available_threads(), help="default: one a processor")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    options = parser.parse_args()
    rows = importlib.import_module(f"benchmarks.{options.name}").rows(options.threads)
    show(options.name, rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
