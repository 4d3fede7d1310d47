-- What decides claim E of random signs that were fitted as such: the empirical Rademacher complexity
-- of a network's functions on n images. Per model: its largest n, as on a smaller sample it is
-- larger, and there its setting that fits best. A correlation of fitted and drawn signs (its mean
-- over draws, with the interval) of at least 0.95 supports the claim; less contradicts it, if it was
-- trained long enough. Where a draw diverged it is open.
create view claim_e_capacity as
with fitted_best as (
    select
        dataset, model, batch_norm, n,
        count(*) as draws,
        count(*) filter (status = 'diverged') as diverged,
        bool_and(correlation = 1 or long_enough(epochs_run, 'none')) as long,
        max(epochs_run) as epochs_run,
        avg(correlation) as bound,
        half_width(correlation) as half
    from capacity
    where measure = 'rademacher' and labels = 'random'
    group by dataset, model, batch_norm, n, epochs, batch_size, lr, lr_decay, momentum
    qualify row_number() over (
        partition by dataset, model, batch_norm
        order by n desc, charged((1 - bound) / 2, draws, diverged), epochs desc
    ) = 1
)
select
    'E' as claim, 'capacity' as part, dataset, model, batch_norm,
    format('random signs of {} images', n) as data,
    draws as n, bound as value, nullif(half, 0) as interval,
    case
        when diverged > 0 then 'open'
        when bound - coalesce(half, 0) >= 0.95 then 'supports'
        when long and bound + coalesce(half, 0) < 0.95 then 'contradicts'
        else 'open'
    end as outcome,
    case
        when diverged > 0 then format('{} of {} diverged', diverged, draws)
        else format('at least {:.3f} in {} epochs', bound, epochs_run)
    end as why
from fitted_best;
