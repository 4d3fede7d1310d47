-- What decides claim C: 2n + d weights express any labels of n points in d dimensions. A case is the
-- construction of one depth and kind of output, in float64, for all samples with random labels that it
-- was tried on. A sample is fitted where any such trial has training error 0.
--
-- All samples fitted supports the claim. A sample that is not contradicts it, unless float64 is at its
-- end: different inputs had equal projections, or the condition number is that of a singular matrix
-- (at least 1 / eps = 2^52). The theorem is about real numbers, so such a sample is no evidence.
create view claim_c as
with sampled as (
    select
        dataset, output, depth, n as points, d, classes, seed,
        min(train_error) as error,
        bool_and(equal_projections > 0 or condition >= 2.0 ** 52) as rounded
    from expressivity
    where method = 'construct' and precision = 'fp64' and randomization = 'random_labels'
        and status = 'done'
    group by all
),
sized as (
    select
        dataset, output, depth, points, d, classes, count(*) as seeds,
        max(error) as error, bool_or(error = 0) as fits,
        bool_or(error > 0 and not rounded) as fails
    from sampled
    group by all
),
weighed as (
    select
        dataset, output, depth,
        min(seeds) filter (error = 0) as fitted_seeds, min(seeds) filter (fails) as failed_seeds,
        min(seeds) as seeds, max(error) as error,
        bool_or(fits) as fits, bool_or(fails) as fails,
        arg_max({'n': points, 'd': d}, points) filter (error = 0) as largest,
        arg_min({'n': points, 'd': d, 'error': error}, points) filter (error > 0) as first
    from sized
    group by all
)
select
    'C' as claim, 'expressivity' as part, dataset,
    format('{}, {}',
        case depth when 1 then 'construction'
            else format('deep construction of {} layers', depth) end,
        case output when 'real' then 'one output' else 'outputs per class' end) as model,
    null::boolean as batch_norm,
    'random labels' as data,
    case when fails then failed_seeds when fits then coalesce(fitted_seeds, seeds) else seeds end
        as n,
    error as value, null::double as interval,
    case when fails then 'contradicts' when fits then 'supports' else 'open' end as outcome,
    case
        when fails or largest is null
            then format('training error {:.4g} at n = {}, d = {}', first.error, first.n, first.d)
        else format('training error 0 up to n = {}, d = {}', largest.n, largest.d)
    end as why
from weighed;
