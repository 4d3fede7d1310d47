-- What decides claim A: networks fit random labels and noise, and soon; and A': noise sooner.
-- Only trials without a regularizer count.
--
-- `fit`, per model and data: its setting with the least training error supports the claim if most of
-- its seeds fitted (training error at most 1 %). If none of its settings did, and one was trained
-- long enough, that contradicts it.
-- `time`, per setting: the steps to a training error of 1 % on random labels, over those on true
-- labels, seed by seed. At most 10 (with the interval) supports the claim, more contradicts it.
-- `noise is faster`, per setting: the steps on Gaussian noise over those on random labels, seed by
-- seed; below 1 (with the interval) supports the claim, above contradicts it. A time that was not
-- reached counts as where it stopped, if that settles which of the two is shorter.
create view claim_a as
with fit as (
    select
        dataset, model, batch_norm, randomization, corruption, bool_or(long) as long,
        arg_min(
            {
                'n': n, 'fits': fits, 'epochs': epochs,
                'error': train_error, 'width': train_error_interval
            },
            coalesce(train_error, 1)
        ) as best
    from outcomes
    where regularizer = 'none' and randomization <> 'true_labels'
    group by all
),
seeds as (
    select
        t.dataset, t.model, t.batch_norm, t.seed, max_epochs, lr, batch_size, momentum, lr_decay,
        stop, precision,
        max(value) filter (t.randomization = 'random_labels') as labels,
        max(value) filter (t.randomization = 'gaussian') as noise,
        bool_or(censored) filter (t.randomization = 'random_labels') as labels_censored,
        bool_or(censored) filter (t.randomization = 'gaussian') as noise_censored,
        max(ratio) filter (t.randomization = 'random_labels') as ratio
    from convergence c
    join trials t using (trial_id)
    where metric = 'train_error' and threshold = 1e-2 and unit = 'steps'
        and t.regularizer = 'none' and t.status = 'done'
        and t.randomization in ('random_labels', 'gaussian')
    group by all
),
times as (
    select
        dataset, model, batch_norm,
        count(labels) as n_labels,
        avg(ratio) as ratio, coalesce(half_width(ratio), 0) as ratio_width,
        count(*) filter (labels_censored or (labels is not null and ratio is null)) as no_ratio,
        count(noise / labels) as n_noise,
        avg(noise / labels) as noise, coalesce(half_width(noise / labels), 0) as noise_width,
        count(*) filter (
            (noise_censored and labels_censored)
            or (noise_censored and noise <= labels) or (labels_censored and labels <= noise)
        ) as no_noise
    from seeds
    group by
        dataset, model, batch_norm, max_epochs, lr, batch_size, momentum, lr_decay, stop, precision
)
select
    'A' as claim, 'fit' as part, dataset, model, batch_norm,
    replace(randomization, '_', ' ')
        || case when randomization = 'partial_labels' then format(' p={:g}', corruption) else '' end
        as data,
    best.n as n, best.error as value, best.width as interval,
    case when 2 * best.fits > best.n then 'supports' when long then 'contradicts' else 'open' end
        as outcome,
    format('{} of {} fitted in {} epochs: training error {}',
        best.fits, best.n, best.epochs, coalesce(format('{:.2f} %', 100 * best.error), 'diverged'))
        as why
from fit
union all by name
select
    'A' as claim, 'time' as part, dataset, model, batch_norm, 'random labels' as data,
    n_labels as n, ratio as value, nullif(ratio_width, 0) as interval,
    case
        when ratio - ratio_width > 10 then 'contradicts'
        when no_ratio = 0 and ratio + ratio_width <= 10 then 'supports'
        else 'open'
    end as outcome,
    case
        when no_ratio > 0 then format('{} of {} have no time to compare', no_ratio, n_labels)
        else format('{:.2f} times the steps of true labels', ratio)
    end as why
from times
where n_labels > 0
union all by name
select
    'A''' as claim, 'noise is faster' as part, dataset, model, batch_norm,
    'gaussian, random labels' as data,
    n_noise as n, noise as value, nullif(noise_width, 0) as interval,
    case
        when no_noise > 0 then 'open'
        when noise + noise_width < 1 then 'supports'
        when noise - noise_width > 1 then 'contradicts'
        else 'open'
    end as outcome,
    case
        when no_noise > 0 then format('{} of {} do not settle which is sooner', no_noise, n_noise)
        else format('{:.2f} times the steps of random labels', noise)
    end as why
from times
where n_noise > 0;
