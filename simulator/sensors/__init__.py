"""Cameras, lidars and their rigs: from a Scene to what a sensor measures."""
