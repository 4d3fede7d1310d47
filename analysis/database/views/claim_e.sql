-- What decides claim E: the empirical Rademacher complexity is close to 1, that of what training
-- reaches. Per model: its setting without a regularizer that fitted random labels best, for the
-- complexity is that of the best fit. Where a seed diverged nothing was measured of that draw of
-- labels.
create view claim_e as
with fitted_best as (
    select
        dataset, model, batch_norm,
        arg_min(
            {
                'n': n, 'diverged': diverged, 'long': long, 'epochs': epochs_run,
                'error': train_error, 'width': train_error_interval, 'setting': setting
            },
            charged(train_error, n, diverged)
        ) as best
    from outcomes
    where regularizer = 'none' and randomization = 'random_labels'
    group by all
),
bounded as (
    select
        dataset, model, batch_norm, best.long as long, best.n as n, best.epochs as epochs,
        best.diverged as diverged,
        correlation(best.error, dataset) as bound,
        coalesce(best.width, 0) / chance(dataset) as half, best.setting as setting
    from fitted_best
)
select
    'E' as claim, 'capacity' as part, dataset, model, batch_norm, 'random labels' as data,
    n, bound as value, nullif(half, 0) as interval,
    complexity_outcome(bound, half, long, diverged) as outcome,
    complexity_why(bound, epochs, n, diverged) as why,
    setting
from bounded;
