-- Per draw, threshold and unit: the time to converge.
--
-- `metric` and `threshold`: training error at most 0, 0.001 or 0.01, or training loss at most
-- 0.1 or 0.01, over the whole training set at the end of an evaluated epoch. `value` counts `unit`s
-- up to the first such epoch; where there is none the trial is censored, and `value` is how far it
-- got. `ratio` is `value` over that of the same trial (seed and every field that decides how it is
-- trained) on true labels. It is NULL where that one did not converge, and a lower bound where this
-- one is censored.
create view convergence as
with reached as (
    select
        trial_id, max(epoch) as last_epoch,
        min(epoch) filter (train_error <= 0) as error_0,
        min(epoch) filter (train_error <= 1e-3) as error_1,
        min(epoch) filter (train_error <= 1e-2) as error_10,
        min(epoch) filter (train_loss <= 1e-1) as loss_100,
        min(epoch) filter (train_loss <= 1e-2) as loss_10
    from epochs
    group by trial_id
),
timed as (
    select
        trial_id, max(last_epoch) as last_epoch,
        [
            time_to('train_error', 0e0, error_0, last_epoch, epoch, step, seconds),
            time_to('train_error', 1e-3, error_1, last_epoch, epoch, step, seconds),
            time_to('train_error', 1e-2, error_10, last_epoch, epoch, step, seconds),
            time_to('train_loss', 1e-1, loss_100, last_epoch, epoch, step, seconds),
            time_to('train_loss', 1e-2, loss_10, last_epoch, epoch, step, seconds)
        ] as times
    from epochs
    join reached using (trial_id)
    group by trial_id
),
labelled as (
    select *, apart_from(apart_from(setting, 'data'), 'length') as training
    from timed
    join draws using (trial_id)
),
truths as ( -- of several that differ in how long they may run, the one that went furthest
    select training, seed, arg_max(times, last_epoch) as true_times
    from labelled
    where randomization = 'true_labels'
    group by all
),
thresholds as (
    select
        trial_id, dataset, model, batch_norm, randomization, corruption, regularizer, seed,
        setting_id, unnest(times) as own, unnest(true_times) as truth
    from labelled
    left join truths using (training, seed)
)
select
    thresholds.* exclude (own, truth, setting_id), own.metric, own.threshold, unit, value,
    own.censored, case when not truth.censored then value / true_value end as ratio, setting_id
from thresholds
cross join lateral (
    values ('steps', own.steps, truth.steps),
           ('epochs', own.epochs, truth.epochs),
           ('seconds', own.seconds, truth.seconds)
) as units (unit, value, true_value);
