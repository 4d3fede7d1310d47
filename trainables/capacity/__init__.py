"""Classical measures of capacity for the paper's networks (sections 2.2 and 3)."""
