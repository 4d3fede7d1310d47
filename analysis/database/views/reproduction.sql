-- Every number of the paper beside ours, a row per setting of ours (everything of a trial but its
-- seed) with which it can be compared, and one row where there is none. The rows of table 2 are there
-- once more, without a number of the paper, for each other dataset and model that they were run of
-- (see `like_imagenet`).
--
-- `ours`: the mean over the `n` trials that ended, with its 95 % interval (NULL with one seed);
-- NULL where a trial has no such number, because it diverged or did not get there. `fitted` of them
-- have a training error that counts as fitted. `difference` is ours less the paper's. `within` is what may
-- lie between them: our interval or the stated tolerance, whichever is larger. The verdict:
--   not in the paper  no number of the paper's is of this dataset and model;
--   not run     no trial of ours ended;
--   smaller     a kernel of ours that was given fewer training examples, or filters, than the paper's;
--   not fitted  ours are not trained as far as the paper's. Test errors and gains are compared only
--               where our training error is at most a point above the paper's (or counts as fitted,
--               where it says none); a training error that is too high, or a time that was not reached, says
--               nothing before the trials were trained long enough (see `long_enough`);
--   agrees      the difference, or what of it is beyond a bound, is at most `within`;
--   differs     otherwise.
-- Of kernels that differ in how many examples and filters they have, those with the most count.
-- Where the paper failed to converge, ours agree if none fitted in as long, and differ if any did.
create view reproduction as
with tried as materialized (
    select
        *, apart_from(apart_from(setting, 'data'), 'length') as training,
        apart_from(setting, 'batch_norm') as but_batch_norm,
        fit_error(dataset) as enough, fitted(final_train_error, dataset) as fits
    from draws
    where status in ('done', 'diverged')
        and (dataset in (select dataset from paper) or like_imagenet(dataset))
),
steps as ( -- to the fit
    select trial_id, min(step) filter (train_error <= enough) as reached
    from epochs
    join (select trial_id, enough from tried) using (trial_id)
    group by trial_id
),
truths as ( -- trials that differ in how long they may run go the same way
    select training, seed, min(reached) as true_steps
    from tried
    join steps using (trial_id)
    where randomization = 'true_labels'
    group by all
),
measured as (
    select
        trial_id,
        unnest([
            {'metric': 'train_error', 'value': final_train_error},
            {'metric': 'test_error', 'value': final_test_error},
            {'metric': 'best_test_error', 'value': best_test_error},
            {'metric': 'train_top5_error', 'value': final_train_top5_error},
            {'metric': 'test_top5_error', 'value': final_test_top5_error},
            {'metric': 'best_test_top5_error', 'value': best_test_top5_error},
            {
                'metric': 'early_stopping_gain', -- what stops at the fit was stopped early itself
                'value': case when stop = 'epochs' then final_test_error - best_test_error end
            },
            {'metric': 'rademacher', 'value': correlation(final_train_error, dataset)}
        ], recursive := true)
    from tried
    union all
    select trial_id, 'convergence_ratio', reached / true_steps
    from tried
    join steps using (trial_id)
    join truths using (training, seed)
    where randomization = 'random_labels'
    union all
    select -- NULL where the partner is not trained as far, so that no seed is left out
        with_it.trial_id, 'batch_norm_gain',
        case when without.status = 'done' and without.fits
             then without.final_test_error - with_it.final_test_error end
    from tried with_it
    join tried without using (but_batch_norm, seed)
    where with_it.batch_norm and not without.batch_norm
),
interpolated as (
    from kernels
    where status = 'done'
        and kernel = case model when 'random_features' then 'linear' else 'gaussian' end
    qualify dense_rank() over (
        partition by dataset, model, randomization, kernel, bandwidth, l2
        order by n desc, filters desc
    ) = 1
),
solved as (
    select
        * exclude (n), n as examples,
        unnest([
            {'metric': 'test_error', 'value': test_error},
            {'metric': 'solution_norm', 'value': solution_norm},
            {'metric': 'bandwidth', 'value': bandwidth}
        ], recursive := true)
    from interpolated
),
counted as (
    select
        setting_id, metric,
        count(*) as n,
        count(*) filter (done and fits) as fitted,
        bool_and(not done or fits or long_enough(epochs_run, regularizer)) as long,
        case when bool_and(done) then avg(final_train_error) end as train_error,
        case when bool_and(done and value is not null) then avg(value) end as ours,
        case when bool_and(done and value is not null) then half_width(value) end as interval
    from measured
    join (select *, status = 'done' as done from tried) using (trial_id)
    group by all
),
ours as (
    select
        'classifier' as trainable, c.* exclude (setting_id),
        s.* exclude (setting, setting_number, all_seeds)
            replace (in_the_paper(regularizer) as regularizer)
    from counted c
    join settings s using (setting_id)
    union all by name
    select
        'classifier' as trainable,
        dataset, model, batch_norm, 'parameters' as metric, count(*) as n,
        avg(parameters) as ours
    from tried
    where parameters is not null
    group by all
    union all by name
    select
        'kernel' as trainable,
        dataset, model, randomization, case when l2 > 0 then 'l2' else 'none' end as regularizer,
        metric, count(*) as n, count(*) filter (fitted(train_error, dataset)) as fitted,
        avg(train_error) as train_error, avg(value) as ours, half_width(value) as interval,
        precision, kernel, bandwidth, l2, examples, whole, filters
    from solved
    group by all
),
cells as ( -- of table 2
    select
        randomization, regularizer, unit, min(position) as place,
        unnest([
            {'metric': 'train_error', 'number': 1},
            {'metric': 'test_error', 'number': 2},
            {'metric': 'best_test_error', 'number': 3},
            {'metric': 'train_top5_error', 'number': 4},
            {'metric': 'test_top5_error', 'number': 5},
            {'metric': 'best_test_top5_error', 'number': 6}
        ], recursive := true)
    from paper
    where source = 'table_2'
    group by randomization, regularizer, unit
),
others as (
    select distinct dataset, model, batch_norm
    from tried
    where like_imagenet(dataset)
        and (dataset, model, batch_norm) not in (
            select (dataset, model, batch_norm) from paper where source = 'table_2')
),
asked as (
    from paper
    union all by name
    select
        (select count(*) from paper)
            + row_number() over (order by dataset, model, batch_norm desc, place, number) - 1
            as position,
        'table_2' as source, cells.randomization, 'classifier' as trainable,
        others.*, cells.regularizer, metric, unit,
        format('{}, {}, {}', model_label(model, batch_norm), replace(randomization, '_', ' '),
            case regularizer when 'none' then 'no regularizer' else regularizer end) as item
    from others
    cross join cells
),
beside as (
    select
        position, source, item, p.trainable, p.dataset, p.model, p.batch_norm, p.randomization,
        p.regularizer, p.metric, p.value as paper, bound, printed, unit, certainty,
        coalesce(
            max(p.value) filter (p.metric = 'train_error') over (partition by source, item) + 0.01,
            fit_error(p.dataset)
        ) as far_enough,
        ours.* exclude (
            trainable, dataset, model, batch_norm, randomization, regularizer, metric),
        ours - p.value as difference,
        greatest(coalesce(interval, 0), tolerance(p.metric, p.value)) as within
    from asked p
    left join ours on (p.trainable, p.dataset, p.model) = (ours.trainable, ours.dataset, ours.model)
        and p.batch_norm is not distinct from ours.batch_norm
        and p.randomization is not distinct from ours.randomization
        and p.regularizer is not distinct from ours.regularizer
        and p.metric = ours.metric
    where printed is not null or (n > 0 and (ours is not null or train_error is null))
)
select
    position, source, item, trainable, dataset, model, batch_norm, randomization, regularizer, metric,
    paper, bound, printed, unit, certainty,
    ours, interval, coalesce(n, 0) as n, fitted, difference,
    case when difference is not null then within end as within,
    case
        when n is null then 'not run'
        when printed is null then 'not in the paper'
        when metric <> 'bandwidth' and (not whole or filters < 32000) then 'smaller'
        when paper is null and fitted > 0 then 'differs'
        when paper is null and long then 'agrees'
        when ours is null then 'not fitted'
        when metric not in (
                'parameters', 'bandwidth', 'train_error', 'train_top5_error', 'convergence_ratio',
                'rademacher')
            and coalesce(l2, 0) = 0 -- which is not meant to interpolate
            and train_error > far_enough then 'not fitted'
        when case bound when '<=' then difference when '>=' then -difference
            else abs(difference) end <= within then 'agrees'
        when metric in ('train_error', 'train_top5_error', 'rademacher') and not long then 'not fitted'
        else 'differs'
    end as verdict,
    beside.* exclude (
        position, source, item, trainable, dataset, model, batch_norm, randomization, regularizer,
        metric, paper, bound, printed, unit, certainty, ours, interval, n, fitted, difference,
        within, far_enough, train_error, long, whole)
from beside;
