"""The real maps, goldens and sensor samples that some tests read; without ODDROAD_MATERIAL those tests skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_SET = "ODDROAD_MATERIAL" in os.environ
# Resolved, because libxml2 takes "a/../b" and "b" for two schemas and then finds every element declared twice.
MATERIAL = Path(os.environ.get("ODDROAD_MATERIAL", "material")).resolve()
needs_material = pytest.mark.skipif(not _SET, reason="ODDROAD_MATERIAL is not set")
