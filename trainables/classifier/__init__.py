"""The paper's training runs: one network on one randomized dataset."""
