"""What classical measures of capacity say of the paper's networks (sections 2.2 and 3)."""
