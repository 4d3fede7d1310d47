"""How the steps of an epoch run; the training loop decides which steps run."""
