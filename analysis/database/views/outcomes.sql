-- How trials ended, per setting over seeds; a setting is everything of a trial but its seed.
--
-- `n` trials ended, `fits` of them with a training error of at most 1 %; a `diverged` one does not
-- fit. `long`: all that did not fit trained so long that this counts; `epochs` is the most that any
-- of them did. Means are over those that did not diverge, with 95 % intervals (NULL with one seed).
-- `early_stopping_gain` is the final test error less the best during training.
create view outcomes as
select
    dataset, model, batch_norm, randomization, corruption, regularizer,
    count(*) as n,
    count(*) filter (fitted(train_error)) as fits,
    count(*) filter (status = 'diverged') as diverged,
    bool_and(
        fitted(train_error) or status = 'diverged' or long_enough(epochs, regularizer)
    ) as long,
    max(epochs) as epochs,
    avg(train_error) as train_error,
    half_width(train_error) as train_error_interval,
    avg(test_error) as test_error,
    half_width(test_error) as test_error_interval,
    avg(test_error - best_test_error) as early_stopping_gain,
    half_width(test_error - best_test_error) as early_stopping_gain_interval,
    max_epochs, stop, batch_size, lr, lr_decay, momentum,
    weight_decay, dropout, rotation, precision
from (
    select
        *,
        case when status = 'done' then final_train_error end as train_error,
        case when status = 'done' then final_test_error end as test_error
    from classifiers
    where status in ('done', 'diverged')
    -- Of one seed, one: settings that decide nothing, such as log_every, make no further sample.
    qualify row_number() over (
        partition by regularizer, randomization, hash( -- sorts faster than so many columns
            dataset, model, batch_norm, corruption, seed,
            max_epochs, stop, batch_size, lr, lr_decay, momentum,
            weight_decay, dropout, rotation, precision
        )
        order by status desc, trial_id
    ) = 1
)
group by all;
