-- Per setting and step: the training loss (mean cross-entropy in nats over a logging window) over
-- seeds, as its mean with a 95 % interval (Student's t; NULL with one seed). As in
-- `learning_curves`, each row is over the `seeds` that got as far, of the `all_seeds` of its setting.
create view loss_curves as
with members as (
    select setting_number, trial_id from draws join settings using (setting_id)
    where status <> 'failed' and epochs_run > 0
),
curves as (
    select
        row_key(setting_number, step) as key,
        count(*) as seeds,
        avg(train_loss) as train_loss,
        half_width(train_loss) as train_loss_interval
    from steps
    join members using (trial_id)
    group by all
)
select key_row(key)::int as step, c.* exclude (key), s.* exclude (setting, setting_number)
from curves c
join settings s on setting_number = key_setting(key);
