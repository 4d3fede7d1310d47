-- What decides claim D on linear models: SGD finds the solution of minimum norm. Per setting, from
-- weights of zero, over seeds.
--
-- It supports the claim where every seed ends within a thousandth of the closed form's norm of the
-- closed form. It contradicts it where a seed has fitted its labels so closely that, had it kept
-- within the span of the data, it would have to be that near (`distance_bound`), and is not. What
-- has not come so far is open: with a large condition number a small loss does not yet tell one fit
-- from another. So is what diverged, with steps that are not small, and what no weights fit exactly.
create view claim_d_linear as
with last as (
    from min_norm
    where start = 'zero' and status in ('done', 'diverged')
    qualify row_number() over (partition by trial_id order by step desc) = 1
),
cases as (
    select
        dataset, data, corruption, method, batch_size, lr, precision, steps,
        count(*) as n,
        count(*) filter (status = 'diverged') as diverged,
        count(*) filter (solution_loss > 1e-8) as unfitted,
        count(*) filter (distance <= near_minimum_norm()) as near,
        count(*) filter (
            distance > near_minimum_norm() and distance_bound <= near_minimum_norm()
        ) as away,
        avg(distance) as distance,
        half_width(distance) as width,
        max(distance) as farthest,
        max(condition) as condition
    from last
    group by all
)
select
    'D' as claim, 'minimum norm' as part, dataset,
    case method
        when 'gd' then 'gradient descent' else format('SGD (batch {})', batch_size)
    end as model,
    null::boolean as batch_norm,
    data || case when corruption > 0 then format(', p={:g}', corruption) else '' end as data,
    n, distance as value, width as interval,
    case
        when diverged > 0 or unfitted > 0 then 'open'
        when away > 0 then 'contradicts'
        when near = n then 'supports'
        else 'open'
    end as outcome,
    case
        when diverged > 0 then format('{} of {} diverged at lr {:g}', diverged, n, lr)
        when unfitted > 0 then 'no weights fit these labels exactly'
        when away > 0 then format('{:.1e} of its norm away, though the labels are fitted', farthest)
        when near = n
            then format('at most {:.1e} of its norm away after {} steps', farthest, steps)
        else format('still {:.1e} of its norm away after {} steps, at condition {:.1e}',
            farthest, steps, condition)
    end as why
from cases;
