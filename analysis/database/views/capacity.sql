-- Measures of capacity: a row per trial of the trainable `capacity` that is done or diverged.
--
-- `labels` is NULL where a measure looks at none. Of the measure `rademacher`: `correlation` of the
-- fitted labels with the given ones, on random signs a lower bound of the empirical Rademacher
-- complexity for one draw; `epochs_run` that were trained, of `epochs`. Of `vc`: `parameters` with an
-- output per class, `weights` with one output, `layers`, `vc_order` = W L log2 W, `vc_bound` (of
-- perceptrons alone), and `vacuous`: whether what bounds the VC dimension is at least n. Of
-- `stability`, over its replacements: the largest change of a loss over all examples and the mean one
-- over the test examples, of cross-entropy in nats (`loss`) and of counted errors (`error`);
-- `left_out_loss` and `left_out_error`: by how much larger the loss of an example is where it was
-- left out of training; `noise`: the largest change of the loss with nothing replaced.
-- `train_error` and `test_error` are those of the network that was trained on the whole sample.
create view capacity as
with told as (
    select
        trial_id, setting_id, dataset, model, seed, status, theory_settings->>'measure' as measure,
        has_batch_norm(model) and (theory_settings->>'batch_norm')::boolean as batch_norm,
        (theory_settings->>'n')::bigint as n,
        case when theory_settings->>'measure' <> 'vc' then theory_settings->>'labels' end as labels,
        (theory_settings->>'replacements')::bigint as replacements,
        (theory_settings->>'epochs')::bigint as epochs,
        (theory_settings->>'batch_size')::bigint as batch_size,
        (theory_settings->>'lr')::double as lr,
        (theory_settings->>'lr_decay')::double as lr_decay,
        (theory_settings->>'momentum')::double as momentum
    from trials
    where trainable = 'capacity' and status in ('done', 'diverged')
),
found as (
    select
        trial_id,
        measured(name, value, 'correlation') as correlation,
        measured(name, value, 'epochs')::bigint as epochs_run,
        arg_max(value, coalesce(place, 'inf')) filter (name = 'train_error') as train_error,
        measured(name, value, 'test_error') as test_error,
        measured(name, value, 'parameters')::bigint as parameters,
        measured(name, value, 'weights')::bigint as weights,
        measured(name, value, 'layers')::bigint as layers,
        measured(name, value, 'vc_order') as vc_order,
        measured(name, value, 'vc_bound') as vc_bound,
        max(value) filter (place > 0 and name like '%\_loss\_change\_max' escape '\')
            as largest_loss_change,
        max(value) filter (place > 0 and name like '%\_error\_change\_max' escape '\')
            as largest_error_change,
        avg(value) filter (place > 0 and name = 'test_loss_change_mean') as mean_loss_change,
        avg(value) filter (place > 0 and name = 'test_error_change_mean') as mean_error_change,
        avg(value) filter (name = 'left_out_loss') as left_out_loss,
        avg(value) filter (name = 'left_out_error') as left_out_error,
        max(value) filter (place = 0 and name like '%\_loss\_change\_max' escape '\') as noise
    from measurements
    where trainable = 'capacity'
    group by trial_id
)
select
    trial_id, dataset, model, batch_norm, measure, n, labels, seed, status,
    correlation, train_error, test_error, epochs_run, epochs,
    parameters, weights, layers, vc_order, vc_bound, coalesce(vc_bound, vc_order) >= n as vacuous,
    case when measure = 'stability' then replacements end as replacements,
    largest_loss_change, largest_error_change, mean_loss_change, mean_error_change,
    left_out_loss, left_out_error, noise,
    batch_size, lr, lr_decay, momentum, setting_id
from told
left join found using (trial_id);
