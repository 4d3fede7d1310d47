-- One row per followed trial (`follow_examples` of a sweep's [resources]) and training example,
-- numbered from 0 in the dataset's order. `changed`: its given label is not its true one.
-- `first_learned`: the first epoch after which it was predicted as its given label, NULL if none;
-- `learned_for_good`: the epoch since which it always was, NULL if it is not at the end;
-- `forgotten`: after how many epochs it was not, though it was after the one before.
create view examples as
select
    trial_id,
    unnest(range(len(example_changed))) as example,
    unnest(example_changed) as changed,
    nullif(unnest(example_first_learned), 0) as first_learned,
    nullif(unnest(example_learned_for_good), 0) as learned_for_good,
    unnest(example_forgotten) as forgotten
from stored_trials
where example_changed is not null
  and (getvariable('sweep') is null
       or trial_id in (select trial_id from stored_sweeps where sweep = getvariable('sweep')));
