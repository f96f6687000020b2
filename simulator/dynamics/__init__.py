"""Motion of everything: lane-following traffic, pedestrians, prescribed motions. Arrays in, arrays out."""
