-- One row per trial that was planned or run. Errors are fractions, times are seconds.
--
-- `epochs` is how many a trial may train, as in a sweep file, and `epochs_run` how many have ended;
-- `max_epochs` is the old name of `epochs`. Trials with one `setting_id` differ in nothing but their
-- seed, and in what they record.
--
-- A table, as nearly every other view asks it: opening the files anew for each takes longer than
-- what they ask.
create table trials as
with stored as (
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
select
    trial_id, trainable, {fields}, parameters,
    status, epochs as epochs_run, steps, fit_epoch, fit_step,
    final_train_loss, final_train_error, final_test_error, best_test_error, best_test_epoch,
    wall_seconds, images_per_second, attempts, host, device, git_commit, versions,
    started_at, finished_at, error,
    coalesce(stored.setting_id, computed_settings.setting_id) as setting_id,
    coalesce(stored.setting, computed_settings.setting) as setting,
    max_epochs, config, theory_settings,
    final_train_top5_error, final_test_top5_error, best_test_top5_error
from stored
left join trainables using (trainable)
left join computed_settings using (trial_id)
where getvariable('sweep') is null
   or trial_id in (select trial_id from stored_sweeps where sweep = getvariable('sweep'));
