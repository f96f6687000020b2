"""Anomalies: what real fleets almost never record. One file a kind; each carries its taxonomy id into the labels."""
