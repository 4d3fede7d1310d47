"""Interpolation with kernels, solved exactly (the paper's section 5 and table 3)."""
