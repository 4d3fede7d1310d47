-- Per draw with an explicit regularizer that is done: itself beside its partner, the same trial
-- (seed and every other field) without any. `*_without` are the partner's errors at the end of
-- training, and `*_difference` is with minus without: below 0 where the regularizer lowers it.
create view regularization as
with errors as (
    select
        *, final_train_error as train_error, final_test_error as test_error,
        final_test_error - final_train_error as gap,
        apart_from(setting, 'regularizer') as rest
    from draws
    where status = 'done'
)
select
    r.* exclude (setting, rest, config, max_epochs), w.trial_id as unregularized_trial_id,
    w.train_error as train_error_without, r.train_error - w.train_error as train_error_difference,
    w.test_error as test_error_without, r.test_error - w.test_error as test_error_difference,
    w.gap as gap_without, r.gap - w.gap as gap_difference
from errors r
join errors w using (rest, seed)
where r.regularizer <> 'none' and w.regularizer = 'none';
