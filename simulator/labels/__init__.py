"""Ground truth from hits and world state: boxes, masks, visibility, tracks."""
