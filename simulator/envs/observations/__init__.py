"""What agents see: one file a kind."""
