-- One row per model: its place in tables, and whether it has batch normalization that can be taken
-- out and a place for dropout.
create view models as
from known_models;
