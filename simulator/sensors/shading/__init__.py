"""Kernels that turn hits into light: surfaces, sky, sun, lamps, air, lens. Arrays in, arrays out."""
