-- One row per setting: everything of a trial but its seed. Trials of any status but failed ones
-- count, once they have epochs. `all_seeds`: how many there are; `setting`: its number
-- among those of this moment.
--
-- A table, so that a setting keeps its number, by which its trials' rows are grouped.
create table settings as
select
    dataset, model, batch_norm, randomization, corruption, regularizer,
    max_epochs, stop, batch_size, lr, lr_decay, momentum,
    weight_decay, dropout, rotation, precision,
    list(trial_id order by trial_id) as trial_ids, count(*) as all_seeds,
    row_number() over (order by min(trial_id)) as setting
from classifiers
where status <> 'failed' and epochs > 0
group by all;
