"""From a scenario to labelled frames (`render`), and from scenarios to a dataset on disk (`generate`)."""

from simulator.pipeline.dataset import Event, generate
from simulator.pipeline.flow import frame_count, render

__all__ = ["Event", "frame_count", "generate", "render"]
