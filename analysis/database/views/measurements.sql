-- What trials of the theory have measured: a row per trial, name and place. `place` is the step,
-- the size or the setting that a value belongs to, and NULL where there is but one.
create view measurements as
select trial_id, trainable, dataset, seed, m.name, m."at" as place, m.value
from (
    select trial_id, trainable, dataset, seed, unnest(measurements) as m
    from stored_trials
    where trial_id in (select trial_id from trials)
);
