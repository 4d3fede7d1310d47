-- One row per trial that was planned or run. Errors are fractions, times are seconds.
--
-- A table, as nearly every other view asks it: opening the files anew for each takes longer than
-- what they ask.
create table trials as
select
    trial_id, trainable, dataset, model, randomization, corruption, regularizer,
    crop, flip, rotation, weight_decay, dropout, batch_norm, seed,
    lr, lr_decay, momentum, batch_size, max_epochs, parameters,
    status, epochs, steps, fit_epoch, fit_step,
    final_train_loss, final_train_error, final_test_error, best_test_error, best_test_epoch,
    wall_seconds, images_per_second, attempts, host, device, git_commit, versions,
    started_at, finished_at, error,
    stop, precision, config, theory_settings
from (
    select * replace (
        -- What nobody has claimed does not run, whatever a killed worker left behind.
        case when status = 'running' and trial_id not in (from claimed)
             then 'interrupted' else status end as status
    )
    from stored_trials
    union all by name
    select * exclude (sweep, feed), 'planned' as status
    from (from stored_sweeps qualify row_number() over (partition by trial_id) = 1)
    where trial_id not in (select trial_id from stored_trials)
)
where getvariable('sweep') is null
   or trial_id in (select trial_id from stored_sweeps where sweep = getvariable('sweep'));
