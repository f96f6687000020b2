"""Recorded drives: where every actor was at which time, in files of several kinds; and how two of them differ."""

from simulator.drives.divergence import Departure, Divergence, Tolerance, diverge
from simulator.drives.drive import Drive, Track
from simulator.drives.files import TABLES, is_table, read_drive, write_drive

__all__ = [
    "TABLES",
    "Departure",
    "Divergence",
    "Drive",
    "Tolerance",
    "Track",
    "diverge",
    "is_table",
    "read_drive",
    "write_drive",
]
