-- How trials ended, per setting over seeds.
--
-- `n` draws ended, `fits` of them with a training error that counts as fitted on their dataset; a `diverged` one does not
-- fit. `long`: all that did not fit trained so long that this counts; `epochs_run` is the most that
-- any of them did. Means are over those that did not diverge, with 95 % intervals (NULL with one
-- seed). `early_stopping_gain` is the final test error less the best during training.
create view outcomes as
with ended as (
    select
        *,
        case when status = 'done' then final_train_error end as train_error,
        case when status = 'done' then final_test_error end as test_error
    from draws
    where status in ('done', 'diverged')
),
counted as (
    select
        setting_id,
        count(*) as n,
        count(*) filter (fitted(train_error, dataset)) as fits,
        count(*) filter (status = 'diverged') as diverged,
        bool_and(
            fitted(train_error, dataset) or status = 'diverged' or long_enough(epochs_run, regularizer)
        ) as long,
        max(epochs_run) as epochs_run,
        avg(train_error) as train_error,
        half_width(train_error) as train_error_interval,
        avg(test_error) as test_error,
        half_width(test_error) as test_error_interval,
        avg(test_error - best_test_error) as early_stopping_gain,
        half_width(test_error - best_test_error) as early_stopping_gain_interval
    from ended
    group by setting_id
)
select s.* exclude (setting_number, all_seeds), c.* exclude (setting_id)
from counted c
join settings s using (setting_id);
