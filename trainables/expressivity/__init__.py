"""Finite-sample expressivity (paper, section 4, theorem 1): 2n + d weights fit any labels."""
