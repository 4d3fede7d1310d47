-- One row per dataset that trials can be trained on: its classes, training and test examples.
create view datasets as
from known_datasets;
