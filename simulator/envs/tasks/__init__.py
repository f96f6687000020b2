"""What there is to do: one file a task, `Highway` in `highway.py` is `OddRoad/Highway-v0`."""
