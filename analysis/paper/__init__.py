"""The paper's numbers as data, each with how sure we are of it."""
