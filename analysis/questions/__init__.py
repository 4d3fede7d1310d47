"""One question of the paper a file: from the views to the table that answers it."""
