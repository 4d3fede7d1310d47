-- Which trials a sweep consists of, and what in the paper each serves.
create view sweep_trials as
select sweep, trial_id, feed
from stored_sweeps
where getvariable('sweep') is null or sweep = getvariable('sweep');
