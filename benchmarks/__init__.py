"""Speed measurements: `python -m benchmarks NAME` runs benchmarks/NAME.py and prints its table."""
