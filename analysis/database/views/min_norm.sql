-- Linear regressions with more features than examples: one row per trial and step at which its
-- weights were looked at. A trial that is done has its last row at `step` = `steps`.
--
-- `data` says what the examples are; `d`, `rank` and `condition` (the largest over the smallest
-- eigenvalue of X'X in the span of the data) what they turned out to be. `distance` is that from
-- the closed-form solution of minimum norm, `distance_to_limit` that from the same plus the start's
-- part outside the span, `distance_bound` the most that the latter can be by the residuals, as long
-- as the part outside has not moved, and `outside_moved` how far it has: all four in units of
-- `minimum_norm`. `norm` and `outside` are of the weights and of their part outside. Losses are
-- mean squared distances to the one-hot labels; `solution_*` is of the closed form.
create view min_norm as
with looked as (
    select
        trial_id, cast(place as bigint) as step,
        measured(name, value, 'distance') as distance,
        measured(name, value, 'distance_to_limit') as distance_to_limit,
        measured(name, value, 'distance_bound') as distance_bound,
        measured(name, value, 'norm') as norm,
        measured(name, value, 'outside') as outside,
        measured(name, value, 'outside_moved') as outside_moved,
        measured(name, value, 'train_loss') as train_loss,
        measured(name, value, 'train_error') as train_error,
        measured(name, value, 'test_error') as test_error
    from measurements
    where trainable = 'min_norm' and place is not null
    group by all
),
found as (
    select
        trial_id,
        measured(name, value, 'features')::bigint as d,
        measured(name, value, 'rank')::bigint as rank,
        measured(name, value, 'condition') as condition,
        measured(name, value, 'step_size') as step_size,
        measured(name, value, 'minimum_norm') as minimum_norm,
        measured(name, value, 'solution_loss') as solution_loss,
        measured(name, value, 'solution_test_error') as solution_test_error
    from measurements
    where trainable = 'min_norm' and place is null
    group by all
),
planned as (
    select
        trial_id, setting_id, dataset, seed, status, corruption,
        theory_settings->>'features' as features,
        (theory_settings->>'n')::bigint as n,
        theory_settings->>'method' as method,
        theory_settings->>'start' as start,
        (theory_settings->>'scale')::double as scale,
        (theory_settings->>'lr')::double as lr,
        (theory_settings->>'steps')::bigint as steps,
        (theory_settings->>'batch_size')::bigint as batch_size,
        (theory_settings->>'bandwidth')::double as bandwidth,
        theory_settings->>'precision' as precision
    from trials
    where trainable = 'min_norm'
)
select
    trial_id, dataset,
    format('n={}, {}', n,
        case
            when dataset = 'gaussian' then format('d={}', d)
            when features = 'relu' then format('{} ReLU features', d)
            when features = 'kernel' then format('kernel {:g}', bandwidth)
            else features || ' pixels'
        end
    ) as data,
    features, n, d, bandwidth, corruption, method, batch_size, lr, start, scale, precision, seed,
    steps, status, rank, condition, step_size, minimum_norm, solution_loss, solution_test_error,
    step, distance, distance_to_limit, distance_bound, norm, outside, outside_moved,
    train_loss, train_error, test_error, setting_id
from planned
join found using (trial_id)
join looked using (trial_id);
