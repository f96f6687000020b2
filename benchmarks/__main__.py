"""`python -m benchmarks NAME [--threads N] [--json FILE]`: NAME is a module beside this one with `rows(threads)`.

Modules that have a `main` of their own take their own options: `python -m benchmarks baselines --help`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from benchmarks.table import show


def names() -> list[str]:
    """The benchmarks that measure: modules of this folder that define `rows`."""
    return _with("rows")


def _with(function: str) -> list[str]:
    here = Path(__file__).parent
    files = (p for p in here.glob("[!_]*.py") if f"\ndef {function}(" in p.read_text(encoding="utf-8"))
    return sorted(p.stem for p in files)


def main() -> None:
    """Run one benchmark, show its table, and write its rows if asked to."""
    from simulator.numerics.parallel import available_threads

    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in _with("main"):
        del sys.argv[1]
        importlib.import_module(f"benchmarks.{name}").main()
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted({*names(), *_with("main")}))
    parser.add_argument("--threads", type=int, default=available_threads(), help="default: one a processor")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    options = parser.parse_args()
    rows = importlib.import_module(f"benchmarks.{options.name}").rows(options.threads)
    show(options.name, rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
