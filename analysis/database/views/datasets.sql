-- One row per dataset that trials can be trained on: its classes, training and test examples,
-- the largest training error that counts as fitted, and whether its images are encoded.
create view datasets as
select * replace (fit_error(dataset) as fit_error) from known_datasets;
