"""How far sweeps are, and everything about one trial."""
