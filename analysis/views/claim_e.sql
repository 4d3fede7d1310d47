-- What decides claim E: the empirical Rademacher complexity is close to 1. Per model: its setting
-- without a regularizer that fitted random labels best, for the complexity is that of the best fit.
-- A correlation of fitted and drawn labels (with its interval) of at least 0.95 supports the claim;
-- less contradicts it, if one of the settings was trained long enough.
create view claim_e as
with fitted_best as (
    select
        dataset, model, batch_norm, bool_or(long) as long,
        arg_min(
            {'n': n, 'error': train_error, 'width': train_error_interval, 'epochs': epochs},
            coalesce(train_error, 1)
        ) as best
    from outcomes
    where regularizer = 'none' and randomization = 'random_labels'
    group by all
),
bounded as (
    select
        dataset, model, batch_norm, long, best.n as n, best.epochs as epochs,
        correlation(best.error, dataset) as bound,
        coalesce(best.width, 0) / chance(dataset) as half
    from fitted_best
)
select
    'E' as claim, 'capacity' as part, dataset, model, batch_norm, 'random labels' as data,
    n, bound as value, nullif(half, 0) as interval,
    case
        when bound - half >= 0.95 then 'supports'
        when long and coalesce(bound + half < 0.95, true) then 'contradicts'
        else 'open'
    end as outcome,
    coalesce(format('at least {:.3f} in {} epochs', bound, epochs), 'diverged') as why
from bounded;
