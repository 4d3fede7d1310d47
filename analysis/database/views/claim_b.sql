-- What decides claim B: explicit regularization is neither necessary nor sufficient.
--
-- `not necessary`, per setting without a regularizer on true labels that fitted its training data: a
-- test error (with its interval) at least 20 points below that of a guess supports the claim, one
-- that is not contradicts it.
-- `not sufficient`, per setting with a regularizer on random labels: that most of its seeds fitted
-- supports the claim; that most did not in spite of long
-- training contradicts it. `threshold` is what the error is compared to, `fits` how many fitted.
create view claim_b as
with asked as (
    select
        *, randomization = 'true_labels' as necessary, 2 * fits > n as most_fit,
        generalizes(dataset) as clear, coalesce(test_error_interval, 0) as width
    from outcomes
    where (randomization = 'true_labels' and regularizer = 'none')
        or (randomization = 'random_labels' and regularizer <> 'none')
)
select
    'B' as claim, case when necessary then 'not necessary' else 'not sufficient' end as part,
    dataset, model, batch_norm,
    case when necessary then 'true labels' else 'random labels, ' || regularizer end as data,
    n,
    case when necessary then test_error else train_error end as value,
    case when necessary then test_error_interval else train_error_interval end as interval,
    case
        when not necessary and most_fit then 'supports'
        when not necessary and long and 2 * fits < n then 'contradicts'
        when not most_fit or not necessary then 'open'
        when test_error + width <= clear then 'supports'
        when test_error - width > clear then 'contradicts'
        else 'open'
    end as outcome,
    case
        when necessary and most_fit
        then format('test error {:.2f} %, a guess has {:.4g} %',
            100 * test_error, 100 * chance(dataset))
        else format('{} of {} fitted in {} epochs: training error {}', fits, n, epochs_run,
            coalesce(format('{:.2f} %', 100 * train_error), 'diverged'))
    end as why,
    case when necessary then clear else fit_error(dataset) end as threshold, fits, setting_id, setting
from asked;
