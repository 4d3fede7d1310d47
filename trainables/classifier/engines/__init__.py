"""How the steps of an epoch run. The training loop decides what runs."""
