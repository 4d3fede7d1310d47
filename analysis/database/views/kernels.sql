-- Interpolation with kernels, a row per trial: how it was solved, and what the solution is worth.
-- Errors are fractions, times are seconds; `l2` and `jitter` are in units of the mean of K's
-- diagonal. `model` is what the kernel sees, `whole` whether it is trained on the whole training set.
create view kernels as
with measured as (
    select
        trial_id,
        measured(name, value, 'test_error') as test_error,
        measured(name, value, 'train_error') as train_error,
        measured(name, value, 'solution_norm') as solution_norm,
        measured(name, value, 'signed_norm') as signed_norm,
        measured(name, value, 'residual') as residual,
        measured(name, value, 'refinements')::bigint as refinements,
        measured(name, value, 'jitter') as jitter,
        round(measured(name, value, 'bandwidth'), 7) as bandwidth,
        measured(name, value, 'matrix_seconds') as matrix_seconds,
        measured(name, value, 'factor_seconds') as factor_seconds,
        measured(name, value, 'solve_seconds') as solve_seconds,
        measured(name, value, 'test_seconds') as test_seconds,
        measured(name, value, 'seconds') as seconds
    from measurements
    where trainable = 'kernel'
    group by trial_id
),
tried as (
    select
        trial_id, setting_id, dataset, model, randomization, seed, status, device,
        theory_settings as s
    from trials
    where trainable = 'kernel'
)
select
    trial_id, dataset, model, randomization, s->>'kernel' as kernel,
    coalesce(bandwidth, nullif((s->>'bandwidth')::double, 0)) as bandwidth,
    (s->>'l2')::double as l2, coalesce(nullif((s->>'n')::bigint, 0), train) as n,
    coalesce((s->>'n')::bigint in (0, train), false) as whole,
    case when model = 'random_features' then (s->>'filters')::bigint end as filters,
    s->>'precision' as precision, seed, status, test_error, train_error, solution_norm,
    signed_norm, residual, refinements, jitter, matrix_seconds, factor_seconds, solve_seconds,
    test_seconds, seconds, device, setting_id
from tried
left join measured using (trial_id)
left join datasets using (dataset);
