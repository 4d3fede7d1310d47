-- Per trial with an explicit regularizer that is done: itself beside its partner, the same trial
-- (seed and every setting) without any. `*_without` are the partner's errors at the end of
-- training, and `*_difference` is with minus without: below 0 where the regularizer lowers it.
create view regularization as
with errors as (
    select *, final_train_error as train_error, final_test_error as test_error,
        final_test_error - final_train_error as gap
    from classifiers
    where status = 'done'
),
without as ( -- one, where several differ in what does not matter
    select
        dataset, model, batch_norm, randomization, corruption, seed,
        max_epochs, stop, batch_size, lr, lr_decay, momentum, precision,
        min(trial_id) as unregularized_trial_id,
        arg_min(train_error, trial_id) as train_error_without,
        arg_min(test_error, trial_id) as test_error_without,
        arg_min(gap, trial_id) as gap_without
    from errors
    where regularizer = 'none'
    group by all
)
select
    regularizer, dataset, model, batch_norm, randomization, corruption, seed,
    trial_id, unregularized_trial_id,
    train_error, train_error_without, train_error - train_error_without as train_error_difference,
    test_error, test_error_without, test_error - test_error_without as test_error_difference,
    gap, gap_without, gap - gap_without as gap_difference,
    weight_decay, rotation, dropout,
    max_epochs, stop, batch_size, lr, lr_decay, momentum, precision
from errors
join without using (
    dataset, model, batch_norm, randomization, corruption, seed,
    max_epochs, stop, batch_size, lr, lr_decay, momentum, precision
)
where regularizer <> 'none';
