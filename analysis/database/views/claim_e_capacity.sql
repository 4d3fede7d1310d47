-- What decides claim E of random signs that were fitted as such: the empirical Rademacher complexity
-- of a network's functions on n images. Per model: its largest n, as on a smaller sample it is
-- larger, and there its setting that fits best.
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
    group by setting_id, dataset, model, batch_norm, n, epochs
    qualify row_number() over (
        partition by dataset, model, batch_norm
        order by n desc, charged((1 - bound) / 2, draws, diverged), epochs desc
    ) = 1
)
select
    'E' as claim, 'capacity' as part, dataset, model, batch_norm,
    format('random signs of {} images', n) as data,
    draws as n, bound as value, nullif(half, 0) as interval,
    complexity_outcome(bound, coalesce(half, 0), long, diverged) as outcome,
    complexity_why(bound, epochs_run, draws, diverged) as why
from fitted_best;
