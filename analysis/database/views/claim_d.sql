-- What decides claim D: early stopping gains nothing, batch normalization some points. Both on true
-- labels without a regularizer, where the training data were fitted.
--
-- `early stopping`, per setting that does not stop at the fit, which is early itself: the final test
-- error less the best during training. At most one point (with the interval) supports the claim,
-- more contradicts it; the other way round where the paper finds that it helps.
-- `batch norm`, per setting, seed by seed: the test error without batch norm less that with it.
-- Between 1 and 6 points, with an interval that excludes 0, supports the claim; an interval wholly
-- below 1 or above 6 contradicts it. One seed has no interval and leaves it open.
create view claim_d as
with seeds as (
    select
        dataset, model, seed,
        apart_from(setting, 'batch_norm') as rest,
        max(final_test_error) filter (not batch_norm)
            - max(final_test_error) filter (batch_norm) as gain,
        bool_or(batch_norm) and bool_or(not batch_norm) as paired,
        bool_and(status = 'done' and fitted(final_train_error, dataset)) as fitted
    from draws
    where randomization = 'true_labels' and regularizer = 'none'
        and status in ('done', 'diverged')
    group by all
),
pairs as (
    select
        dataset, model, rest as setting, count(*) as n, avg(gain) filter (fitted) as gain,
        half_width(case when fitted then gain end) as width, bool_and(fitted) as fitted
    from seeds
    where paired
    group by dataset, model, rest
)
select
    'D' as claim, 'early stopping' as part, dataset, model, batch_norm, 'true labels' as data,
    n, early_stopping_gain as value, early_stopping_gain_interval as interval,
    case
        when 2 * fits <= n then 'open'
        when early_stopping_gain + coalesce(early_stopping_gain_interval, 0) <= 0.01
            then case when stopping_helps(dataset) then 'contradicts' else 'supports' end
        when early_stopping_gain - coalesce(early_stopping_gain_interval, 0) > 0.01
            then case when stopping_helps(dataset) then 'supports' else 'contradicts' end
        else 'open'
    end as outcome,
    case
        when 2 * fits <= n then format('{} of {} fitted in {} epochs', fits, n, epochs_run)
        else format('the best epoch was {:.2f} points better than the last',
            100 * early_stopping_gain)
    end as why,
    setting
from outcomes
where regularizer = 'none' and randomization = 'true_labels' and stop = 'epochs'
union all
select
    'D', 'batch norm', dataset, model, true, 'true labels', n, gain, width,
    case
        when not fitted or width is null then 'open'
        when gain + width < 0.01 or gain - width > 0.06 then 'contradicts'
        when gain - width > 0 and gain between 0.01 and 0.06 then 'supports'
        else 'open'
    end,
    case
        when not fitted then 'not all fitted'
        when width is null then format('{:.2f} points from one seed, without an interval', 100 * gain)
        else format('{:.2f} ± {:.2f} points better than without', 100 * gain, 100 * width)
    end,
    setting
from pairs;
