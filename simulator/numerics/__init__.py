"""Numerical ground floor: compiled kernels, parallel loops, random streams, rigid transforms."""
