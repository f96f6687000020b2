"""The folder of a dataset while it grows: nothing half-written is ever in a final place, whatever kills the process.

    DIR/.oddroad/lock            held by the one process that writes here
    DIR/.oddroad/plan.json       what is being made; a resumed run must be making the same
    DIR/.oddroad/tmp/<scene>     a scene in progress
    DIR/.oddroad/scenes/<scene>  a complete scene, moved here in one step; files.json has the hash of every file
    DIR/.oddroad/final           the merged dataset, before it is moved to DIR; manifest.json is moved last

`manifest.json` in DIR means that the dataset is complete; `.oddroad` is then removed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, TextIO

from simulator.errors import OutputError

MANIFEST = "manifest.json"
_FILES = "files.json"


class Store:
    """Keeps the rules of the module for one dataset folder. Every method raises OSError as it comes."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.work = out / ".oddroad"
        self.final = self.work / "final"
        self._lock: TextIO | None = None
        self._made_out = self._ours = False

    def begin(self, plan: dict[str, Any], resume: bool) -> dict[str, Any] | None:
        """Claim the folder for `plan`.

        Returns:
            The plan to follow (the stored one where the run is resumed), or None where the dataset is complete.

        Raises:
            OutputError: the folder is in use, not empty, or holds something else.
        """
        if os.path.lexists(self.out) and not self.out.is_dir():
            raise OutputError(
                f"{self.out}: is {'a link to nothing' if self.out.is_symlink() else 'a file'}, not a folder"
            )
        self._made_out = not self.out.exists()
        self.out.mkdir(parents=True, exist_ok=True)
        present = {entry.name for entry in self.out.iterdir()}
        self._ours = not present
        if present and not resume:
            hint = "; --resume continues" if ".oddroad" in present or _command_of(self.out) is not None else ""
            raise OutputError(f"{self.out}: is not empty{hint}")
        if present and not present & {".oddroad", MANIFEST}:
            raise OutputError(f"{self.out}: is not empty and no dataset of ours, so there is nothing to resume")
        if MANIFEST in present:
            self._check_complete(plan)
            return None
        self.work.mkdir(exist_ok=True)
        self._claim()
        stored = self._stored_plan()
        if stored is not None:
            _require_same(stored, plan, self.out)
        self._ours = True
        shutil.rmtree(self.work / "tmp", ignore_errors=True)
        for folder in ("tmp", "scenes"):
            (self.work / folder).mkdir(exist_ok=True)
        if stored is None:
            write_whole(self.work / "plan.json", json.dumps(plan, indent=1) + "\n")
        return plan if stored is None else stored

    def clear(self, command: str) -> None:
        """Remove the dataset, complete or not, that an earlier run of a command left in the folder; nothing else.

        Args:
            command: what the earlier one began with.

        Raises:
            OutputError: another run is writing here, or the dataset is of another command.
        """
        begun = _command_of(self.out)
        if begun is None:
            return
        if not begun.startswith(command):
            raise OutputError(f"{self.out}: holds what `{begun}` made, which `{command}` does not replace")
        if self.work.is_dir():
            self._claim()
        shutil.rmtree(self.out)
        self.end()

    def _claim(self) -> None:
        try:
            import fcntl
        except ImportError:  # Windows
            return
        lock = (self.work / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            self._ours = False  # it began between our look at the folder and now
            raise OutputError(f"{self.out}: another run is writing here") from None
        self._lock = lock

    def _stored_plan(self) -> dict[str, Any] | None:
        try:
            stored = json.loads((self.work / "plan.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            stored = None
        if not isinstance(stored, dict):
            raise OutputError(f"{self.work / 'plan.json'}: is damaged; remove {self.out} and start again")
        return stored

    def _check_complete(self, plan: dict[str, Any]) -> None:
        try:
            manifest = json.loads((self.out / MANIFEST).read_text(encoding="utf-8"))
            files = dict(manifest.pop("files"))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise OutputError(f"{self.out / MANIFEST}: was not written by this program") from None
        _require_same(manifest, plan, self.out)
        for name, digest in files.items():
            if not (self.out / name).is_file() or file_digest(self.out / name) != digest:
                raise OutputError(
                    f"{self.out / name}: is missing or was changed since; remove {self.out} and start again"
                )
        shutil.rmtree(self.work, ignore_errors=True)

    def temporary(self, scene: str) -> Path:
        """A fresh empty folder for a scene in progress."""
        folder = self.work / "tmp" / scene
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def shard(self, scene: str) -> Path:
        """Where a complete scene is."""
        return self.work / "scenes" / scene

    def commit(self, scene: str) -> None:
        """Declare the temporary folder of a scene complete."""
        folder = self.work / "tmp" / scene
        write_whole(folder / _FILES, json.dumps(digests(folder)))
        sync_tree(folder)
        folder.replace(self.shard(scene))
        _sync(self.work / "scenes")

    def is_complete(self, scene: str) -> bool:
        """Whether the scene is there and unharmed; a damaged one is removed."""
        folder = self.shard(scene)
        if not folder.exists():
            return False
        try:
            listed = json.loads((folder / _FILES).read_text(encoding="utf-8"))
            (found := digests(folder)).pop(_FILES)
        except (OSError, ValueError):
            listed, found = None, {}
        if listed == found:
            return True
        shutil.rmtree(folder)
        return False

    def publish(self) -> None:
        """Move everything in `final` to its place, the manifest last, and remove what is no longer needed."""
        sync_tree(self.final)
        names = sorted(entry.name for entry in self.final.iterdir() if entry.name != MANIFEST)
        for name in [*names, MANIFEST]:
            target = self.out / name
            if target.is_dir():  # moved by a run that was killed right here
                shutil.rmtree(target)
            (self.final / name).replace(target)
        _sync(self.out)
        self.end()
        shutil.rmtree(self.work, ignore_errors=True)

    def abandon(self) -> bool:
        """After a failure: remove what is unfinished, and everything if no scene is complete. Whether some are."""
        kept = False
        if self._ours:
            for folder in (self.work / "tmp", self.final):
                shutil.rmtree(folder, ignore_errors=True)
            scenes = self.work / "scenes"
            kept = scenes.is_dir() and any(scenes.iterdir())
            if not kept:
                shutil.rmtree(self.work, ignore_errors=True)
        self.end()
        if self._made_out and not kept and self.out.is_dir() and not any(self.out.iterdir()):
            self.out.rmdir()
        return kept

    def end(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _command_of(out: Path) -> str | None:
    """The command that made, or was to make, the dataset in a folder; None: there is none of ours."""
    for path in (out / MANIFEST, out / ".oddroad" / "plan.json"):
        try:
            command = json.loads(path.read_text(encoding="utf-8"))["command"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if isinstance(command, str):
            return command
    return None


def _require_same(stored: dict[str, Any], plan: dict[str, Any], out: Path) -> None:
    """Raise OutputError naming what differs between a dataset and the run that wants to continue it."""
    differing = [key for key in sorted({*stored, *plan} - {"command"}) if stored.get(key) != plan.get(key)]
    if differing:
        was, now = (", ".join(f"{key} {_brief(source.get(key))}" for key in differing) for source in (stored, plan))
        raise OutputError(f"{out}: cannot resume, it was begun with {was}; this run has {now}")


def _brief(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 160 else text[:157] + "..."


def write_whole(path: Path, text: str) -> None:
    """Write a text file in one step: it has its new content or its old one."""
    partial = path.with_name(path.name + ".part")
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder` by its relative path with forward slashes, sorted."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def sync_tree(folder: Path) -> None:
    """Make sure that everything below `folder` is on the disk before it is renamed."""
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot
            raise
    finally:
        os.close(descriptor)
