"""SQL over a results folder: the views, the paper's numbers, and what may be asked."""
