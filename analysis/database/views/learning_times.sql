-- Per followed trial, apart for examples whose label was changed and for all others: when they
-- were learned. `median_epoch`: after which half of them had been predicted as their given label
-- at least once; `median_for_good`: since which half of them always were. An example that never
-- was counts as later than every epoch, so that both are NULL where half has not come so far.
-- `forgotten`: how often an example was forgotten, on average.
create view learning_times as
select
    trial_id, changed, examples, learned,
    case when isfinite(median_first) then median_first end as median_epoch,
    learned_for_good,
    case when isfinite(median_since) then median_since end as median_for_good,
    forgotten
from (
    select
        trial_id, changed, count(*) as examples,
        count(first_learned) / count(*) as learned,
        count(learned_for_good) / count(*) as learned_for_good,
        quantile_disc(coalesce(first_learned, 'inf'::double), 0.5) as median_first,
        quantile_disc(coalesce(learned_for_good, 'inf'::double), 0.5) as median_since,
        avg(forgotten) as forgotten
    from examples
    group by trial_id, changed
);
