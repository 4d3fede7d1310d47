-- Per trial, threshold and unit: the time to converge.
--
-- `metric` and `threshold`: training error at most 0, 0.001 or 0.01, or training loss at most
-- 0.1 or 0.01, over the whole training set at the end of an epoch. `value` counts `unit`s up to
-- the first such epoch; where there is none the trial is censored, and `value` is how far it got.
-- `ratio` is `value` over that of the same trial (model, seed, every setting) on true labels. It is NULL where that one did
-- not converge, and a lower bound where this one is censored.
create view convergence as
with reached as (
    select
        trial_id, metric, threshold,
        max(epoch) as last_epoch,
        min(epoch) filter (figure <= threshold) as first_epoch
    from epochs
    cross join (
        values ('train_error', 0e0), ('train_error', 1e-3), ('train_error', 1e-2),
               ('train_loss', 1e-1), ('train_loss', 1e-2) -- as DOUBLE; 0.1 is a DECIMAL
    ) as thresholds (metric, threshold)
    cross join lateral (
        select case metric when 'train_error' then train_error else train_loss end
    ) as chosen (figure)
    group by all
),
clocked as (
    select trial_id, epoch, step, sum(seconds) over (partition by trial_id order by epoch) as seconds
    from epochs
),
timed as (
    select
        trial_id, metric, threshold, unit, first_epoch is null as censored,
        case unit when 'epochs' then c.epoch when 'steps' then c.step else c.seconds end as value
    from reached
    join clocked c using (trial_id)
    cross join (values ('steps'), ('epochs'), ('seconds')) as units (unit)
    where c.epoch = coalesce(first_epoch, last_epoch)
),
labelled as (
    select
        timed.*, t.dataset, t.model, t.batch_norm, t.randomization, t.corruption, t.regularizer,
        t.seed, md5(concat_ws('|', t.dataset, t.model, t.batch_norm, t.regularizer,
            t.weight_decay, t.dropout, t.rotation, t.seed, t.lr, t.lr_decay, t.momentum,
            t.batch_size, t.precision)) as likeness
    from timed
    join trials t using (trial_id)
)
select
    trial_id, dataset, model, batch_norm, randomization, corruption, regularizer, seed,
    metric, threshold, unit, value, censored, value / value_on_true_labels as ratio
from labelled
left join (
    select likeness, metric, threshold, unit, first(value) as value_on_true_labels
    from labelled
    where randomization = 'true_labels' and not censored
    group by all
) using (likeness, metric, threshold, unit);
