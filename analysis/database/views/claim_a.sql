-- What decides claim A: networks fit random labels and noise, and soon; and A': noise sooner.
-- Only trials without a regularizer count.
--
-- `fit`, per model and data: its best setting supports the claim if most of its seeds fitted. If most of them did not in spite of long training, that contradicts it. The best
-- is one of which most seeds fitted, if there is any, and of such the one with the least training error.
-- `time`, per setting: the steps to the fit on random labels, over those on true labels, seed by seed. At most 10 (with the interval) supports the claim, more contradicts it. No
-- seed is left out: one that diverged has no time, and leaves open what it could still change.
-- `noise is faster`, per setting: the steps on Gaussian noise over those on random labels, seed by
-- seed; below 1 (with the interval) supports the claim, above contradicts it. A time that was not
-- reached counts as where it stopped, if that settles which of the two is shorter.
create view claim_a as
with fit as (
    select
        dataset, model, batch_norm, randomization, corruption,
        arg_min(
            {
                'n': n, 'fits': fits, 'long': long, 'epochs': epochs_run,
                'error': train_error, 'width': train_error_interval, 'setting': setting
            },
            charged(train_error, n, diverged) + case when 2 * fits > n then 0 else 1 end
        ) as best
    from outcomes
    where regularizer = 'none' and randomization <> 'true_labels'
    group by all
),
limits as materialized ( -- looked up per trial, and not per epoch
    select trial_id, fit_error(dataset) as enough from draws
),
steps as (
    select trial_id, min(step) filter (train_error <= enough) as reached, max(step) as last
    from epochs
    join limits using (trial_id)
    group by trial_id
),
seeds as ( -- trials that differ in how long they may run go the same way; what diverged got nowhere
    select
        dataset, model, batch_norm, seed, training,
        min(reached) filter (randomization = 'true_labels') as true_steps,
        min(reached) filter (randomization = 'random_labels') as reached,
        max(went) filter (randomization = 'random_labels') as last,
        min(reached) filter (randomization = 'gaussian') as noise_reached,
        max(went) filter (randomization = 'gaussian') as noise_last
    from (
        select
            *, apart_from(apart_from(setting, 'data'), 'length') as training,
            case when status = 'done' then last else 0 end as went
        from draws
        left join steps using (trial_id)
        where regularizer = 'none' and status in ('done', 'diverged')
    )
    group by all
),
times as (
    select
        dataset, model, batch_norm, training as setting, count(last) as n,
        count(true_steps) as pairs,
        avg(coalesce(reached, last) / true_steps) as ratio,
        coalesce(half_width(coalesce(reached, last) / true_steps), 0) as width,
        count(last) - count(reached / true_steps) as missing
    from seeds
    where last is not null
    group by dataset, model, batch_norm, training
),
races as (
    select
        dataset, model, batch_norm, training as setting,
        count(*) as n, count(*) - count(ratio) as missing,
        avg(ratio) as ratio, coalesce(half_width(ratio), 0) as width
    from (
        select
            *,
            case
                when reached is not null and noise_reached is not null
                    then noise_reached / reached
                when noise_reached < last then noise_reached / last
                when noise_last > reached then noise_last / reached
            end as ratio
        from seeds
        where last is not null and noise_last is not null
    )
    group by dataset, model, batch_norm, training
)
select
    'A' as claim, 'fit' as part, dataset, model, batch_norm,
    replace(randomization, '_', ' ')
        || case when randomization = 'partial_labels' then format(' p={:g}', corruption) else '' end
        as data,
    best.n as n, best.error as value, best.width as interval,
    case
        when 2 * best.fits > best.n then 'supports'
        when 2 * best.fits < best.n and best.long then 'contradicts'
        else 'open'
    end as outcome,
    format('{} of {} fitted in {} epochs: training error {}',
        best.fits, best.n, best.epochs, coalesce(format('{:.2f} %', 100 * best.error), 'diverged'))
        as why,
    best.setting as setting
from fit
union all by name
select
    'A' as claim, 'time' as part, dataset, model, batch_norm, 'random labels' as data,
    case when ratio - width > 10 then pairs else n end as n,
    ratio as value, nullif(width, 0) as interval,
    case
        when ratio - width > 10 then 'contradicts'
        when missing = 0 and ratio + width <= 10 then 'supports'
        else 'open'
    end as outcome,
    case
        when ratio - width > 10 and missing > 0
            then 'at least ' || times_the_steps(ratio, 'true labels', dataset)
        when missing > 0 then format('{} of {} have no time to compare', missing, n)
        else times_the_steps(ratio, 'true labels', dataset)
    end as why,
    setting
from times
union all by name
select
    'A''' as claim, 'noise is faster' as part, dataset, model, batch_norm,
    'gaussian, random labels' as data,
    n, ratio as value, nullif(width, 0) as interval,
    case
        when missing > 0 then 'open'
        when ratio + width < 1 then 'supports'
        when ratio - width > 1 then 'contradicts'
        else 'open'
    end as outcome,
    case
        when missing > 0 then format('{} of {} do not settle which is sooner', missing, n)
        else times_the_steps(ratio, 'random labels', dataset)
    end as why,
    setting
from races;
