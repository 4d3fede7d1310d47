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
steps as (
    select
        trial_id, min(step) filter (fitted(train_error)) as reached, max(step) as last
    from epochs
    group by trial_id
),
seeds as ( -- trials that differ in how long they may run go the same way
    select
        dataset, model, batch_norm, seed, lr, lr_decay, momentum, batch_size, precision,
        min(reached) filter (randomization = 'true_labels') as true_steps,
        min(reached) filter (randomization = 'random_labels') as reached,
        max(last) filter (randomization = 'random_labels') as last,
        min(reached) filter (randomization = 'gaussian') as noise_reached,
        max(last) filter (randomization = 'gaussian') as noise_last
    from trials
    join steps using (trial_id)
    where regularizer = 'none' and status = 'done'
    group by all
),
times as (
    select
        dataset, model, batch_norm, count(last) as n,
        avg(coalesce(reached, last) / true_steps) as ratio,
        coalesce(half_width(coalesce(reached, last) / true_steps), 0) as width,
        count(last) - count(reached / true_steps) as missing
    from seeds
    where last is not null
    group by dataset, model, batch_norm, lr, lr_decay, momentum, batch_size, precision
),
races as (
    select
        dataset, model, batch_norm, count(*) as n,
        avg(coalesce(noise_reached, noise_last) / coalesce(reached, last)) as ratio,
        coalesce(half_width(coalesce(noise_reached, noise_last) / coalesce(reached, last)), 0)
            as width,
        count(*) filter (
            case
                when reached is null and noise_reached is null then true
                when reached is null then noise_reached >= last
                when noise_reached is null then noise_last <= reached
                else false
            end
        ) as missing
    from seeds
    where last is not null and noise_last is not null
    group by dataset, model, batch_norm, lr, lr_decay, momentum, batch_size, precision
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
    n, ratio as value, nullif(width, 0) as interval,
    case
        when ratio - width > 10 then 'contradicts'
        when missing = 0 and ratio + width <= 10 then 'supports'
        else 'open'
    end as outcome,
    case
        when missing > 0 then format('{} of {} have no time to compare', missing, n)
        else format('{:.2f} times the steps of true labels', ratio)
    end as why
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
        else format('{:.2f} times the steps of random labels', ratio)
    end as why
from races;
