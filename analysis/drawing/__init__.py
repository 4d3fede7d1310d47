"""How figures are drawn: in a terminal, and as pictures."""
