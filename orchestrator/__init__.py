"""Which trials run, where, and where their rows land."""
