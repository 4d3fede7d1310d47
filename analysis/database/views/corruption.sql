-- Per setting and label corruption p: errors over seeds, with 95 % intervals of the mean
-- (Student's t; NULL with one seed). A setting is everything of a trial but its seed and labels,
-- so that seeds are averaged and nothing else.
--
-- Errors and fractions are those at the end of training; `fitted_test_error` is the test error at
-- the first epoch with training error 0, over those seeds that have one (`fitted`). All are over the
-- `seeds` that are done; `diverged` more have no errors.
create view corruption as
with labelled as (
    from classifiers
    where status in ('done', 'diverged')
        and randomization in ('true_labels', 'partial_labels', 'random_labels')
    -- Of one seed, one: settings that decide nothing, such as log_every, make no further sample.
    qualify row_number() over (
        partition by hash( -- sorts faster than so many columns
            dataset, model, batch_norm, randomization, corruption, regularizer, seed,
            max_epochs, stop, batch_size, lr, lr_decay, momentum,
            weight_decay, dropout, rotation, precision
        )
        order by status desc, trial_id
    ) = 1
),
moments as (
    select
        trial_id,
        max(e.test_error) filter (epoch = fit_epoch) as fitted_test_error,
        max(clean_train_error) filter (epoch = epochs) as clean_train_error,
        max(corrupted_train_error) filter (epoch = epochs) as corrupted_train_error,
        max(memorized_fraction) filter (epoch = epochs) as memorized_fraction,
        max(recovered_fraction) filter (epoch = epochs) as recovered_fraction
    from epochs e
    join labelled using (trial_id)
    where status = 'done' and epoch in (fit_epoch, epochs)
    group by trial_id
),
ended as (
    from labelled
    select * replace (
        case when status = 'done' then fit_epoch end as fit_epoch,
        case when status = 'done' then final_train_error end as final_train_error,
        case when status = 'done' then final_test_error end as final_test_error
    )
)
select
    dataset, model, batch_norm, regularizer, corruption,
    count(*) filter (status = 'done') as seeds,
    count(fit_epoch) as fitted,
    avg(final_train_error) as train_error,
    half_width(final_train_error) as train_error_interval,
    avg(final_test_error) as test_error,
    half_width(final_test_error) as test_error_interval,
    avg(final_test_error - final_train_error) as gap,
    half_width(final_test_error - final_train_error) as gap_interval,
    max_epochs, stop, batch_size, lr, lr_decay, momentum,
    weight_decay, dropout, rotation, precision,
    avg(fitted_test_error) as fitted_test_error,
    half_width(fitted_test_error) as fitted_test_error_interval,
    avg(clean_train_error) as clean_train_error,
    avg(corrupted_train_error) as corrupted_train_error,
    avg(memorized_fraction) as memorized_fraction,
    avg(recovered_fraction) as recovered_fraction,
    count(*) filter (status = 'diverged') as diverged
from ended
left join moments using (trial_id)
group by all
having seeds > 0;
