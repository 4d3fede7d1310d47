-- Theorem 1, a row per trial: what was fitted with how many weights, and how well. Figures are those
-- of the construction, or of the last epoch of SGD; `fit_epoch` is SGD's first with training error 0.
create view expressivity as
with last as (
    select
        trial_id, name, arg_max(value, coalesce(place, 0)) as value,
        min(place) filter (name = 'fits' and value = 1) as fit_epoch
    from measurements
    where trainable = 'expressivity'
    group by trial_id, name
),
measured as (
    select
        trial_id,
        measured(name, value, 'dimensions') as dimensions,
        measured(name, value, 'width') as width,
        measured(name, value, 'train_error') as train_error,
        measured(name, value, 'fits') as fits,
        measured(name, value, 'max_residual') as max_residual,
        measured(name, value, 'train_loss') as train_loss,
        measured(name, value, 'condition') as condition,
        measured(name, value, 'smallest_gap') as smallest_gap,
        measured(name, value, 'equal_projections') as equal_projections,
        measured(name, value, 'draws') as draws,
        measured(name, value, 'construct_seconds') as construct_seconds,
        measured(name, value, 'seconds') as seconds,
        any_value(fit_epoch) as fit_epoch
    from last
    group by trial_id
),
tried as (
    select
        trial_id, setting_id, dataset, randomization, seed, status, parameters,
        theory_settings as s
    from trials
    where trainable = 'expressivity'
)
select
    trial_id, dataset, randomization, (s->>'n')::bigint as n,
    coalesce(dimensions::bigint, nullif((s->>'d')::bigint, 0)) as d,
    (s->>'classes')::bigint as classes, s->>'output' as output, s->>'precision' as precision,
    s->>'method' as method, (s->>'depth')::bigint as depth, (s->>'knot')::double as knot,
    (s->>'epochs')::bigint as epochs, (s->>'batch_size')::bigint as batch_size,
    (s->>'lr')::double as lr, (s->>'momentum')::double as momentum, seed, status, parameters,
    width::bigint as width, train_error, fits = 1 as fits, max_residual, train_loss, condition,
    smallest_gap, equal_projections::bigint as equal_projections, draws::bigint as draws,
    construct_seconds, seconds, fit_epoch::bigint as fit_epoch, setting_id
from tried
left join measured using (trial_id);
