"""Looking at what came out: statistics of a dataset, beside those of real data."""
