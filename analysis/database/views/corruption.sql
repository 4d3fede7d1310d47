-- Per setting of true or changed labels: errors over seeds, with 95 % intervals of the mean
-- (Student's t; NULL with one seed). `corruption` is the probability p that a label is redrawn.
--
-- Errors and fractions are those at the end of training; `fitted_test_error` is the test error at
-- the first evaluated epoch with training error 0, over those seeds that have one (`fitted`). All
-- are over the `seeds` that are done; `diverged` more have no errors.
create view corruption as
with labelled as (
    from draws
    where status in ('done', 'diverged')
        and randomization in ('true_labels', 'partial_labels', 'random_labels')
),
moments as (
    select
        trial_id,
        max(e.test_error) filter (epoch = fit_epoch) as fitted_test_error,
        max(clean_train_error) filter (epoch = epochs_run) as clean_train_error,
        max(corrupted_train_error) filter (epoch = epochs_run) as corrupted_train_error,
        max(memorized_fraction) filter (epoch = epochs_run) as memorized_fraction,
        max(recovered_fraction) filter (epoch = epochs_run) as recovered_fraction
    from epochs e
    join labelled using (trial_id)
    where status = 'done' and epoch in (fit_epoch, epochs_run)
    group by trial_id
),
ended as (
    from labelled
    select * replace (
        case when status = 'done' then fit_epoch end as fit_epoch,
        case when status = 'done' then final_train_error end as final_train_error,
        case when status = 'done' then final_test_error end as final_test_error
    )
),
errors as (
    select
        setting_id,
        count(*) filter (status = 'done') as seeds,
        count(fit_epoch) as fitted,
        avg(final_train_error) as train_error,
        half_width(final_train_error) as train_error_interval,
        avg(final_test_error) as test_error,
        half_width(final_test_error) as test_error_interval,
        avg(final_test_error - final_train_error) as gap,
        half_width(final_test_error - final_train_error) as gap_interval,
        avg(fitted_test_error) as fitted_test_error,
        half_width(fitted_test_error) as fitted_test_error_interval,
        avg(clean_train_error) as clean_train_error,
        avg(corrupted_train_error) as corrupted_train_error,
        avg(memorized_fraction) as memorized_fraction,
        avg(recovered_fraction) as recovered_fraction,
        count(*) filter (status = 'diverged') as diverged
    from ended
    left join moments using (trial_id)
    group by setting_id
    having seeds > 0
)
select s.* exclude (setting, setting_number, all_seeds), e.* exclude (setting_id)
from errors e
join settings s using (setting_id);
