"""Datasets on disk: one file a format. `base` holds the protocol that all of them follow."""
