-- Per dataset, model and measure: Spearman's rank correlation with the generalization gap, over
-- the trials that are done. `model` is 'all' over all models together. Ties share their mean rank.
-- `low`, `high`: the 95 % interval by Fisher's transformation with Bonett and Wright's (2000) variance
-- of rank correlations, as if trials were independent; NULL for fewer than 5 trials, for a measure
-- or a gap that is the same in all, and the interval also where the order is the same.
create view correlations as
with measured as (
    select
        dataset, model, batch_norm, gap,
        unnest([
            {'measure': 'weight norm', 'value': weight_norm},
            {'measure': 'distance from initialization', 'value': distance_from_initialization},
            {'measure': 'spectral log product', 'value': spectral_log_product},
            {'measure': 'margin (10th percentile)', 'value': margin_p10},
            {'measure': 'normalized margin', 'value': normalized_margin}
        ], recursive := true)
    from measures
),
pooled as (
    from measured where value is not null
    union all
    select * replace ('all' as model, null as batch_norm) from measured where value is not null
),
ranked as (
    select
        *,
        rank() over by_value + (count(*) over (partition by dataset, model, batch_norm, measure, value) - 1) / 2
            as value_rank,
        rank() over by_gap + (count(*) over (partition by dataset, model, batch_norm, measure, gap) - 1) / 2
            as gap_rank
    from pooled
    window
        by_value as (partition by dataset, model, batch_norm, measure order by value),
        by_gap as (partition by dataset, model, batch_norm, measure order by gap)
),
correlated as (
    select
        dataset, model, batch_norm, measure, count(*) as trials,
        case when count(*) >= 5 and count(distinct value) > 1 and count(distinct gap) > 1
             then round(corr(value_rank, gap_rank), 12) end as spearman -- 1, not almost 1
    from ranked
    group by all
)
select
    dataset, model, batch_norm, measure, trials, spearman,
    tanh(fisher - 1.959964 * sqrt((1 + spearman ** 2 / 2) / (trials - 3))) as low,
    tanh(fisher + 1.959964 * sqrt((1 + spearman ** 2 / 2) / (trials - 3))) as high
from correlated
cross join lateral (select case when abs(spearman) < 1 then atanh(spearman) end as fisher);
