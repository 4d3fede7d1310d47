-- Per setting and step: the training loss (mean cross-entropy in nats over a logging window) over
-- seeds, as its mean with a 95 % interval (Student's t; NULL with one seed). A setting is
-- everything of a trial but its seed. As in `learning_curves`, each row is over the `seeds` that
-- got as far, of the `all_seeds` of its setting.
create view loss_curves as
with members as (
    select setting, unnest(trial_ids) as trial_id from settings
),
curves as (
    select
        row_key(setting, step) as key,
        count(*) as seeds,
        avg(train_loss) as train_loss,
        half_width(train_loss) as train_loss_interval
    from steps
    join members using (trial_id)
    group by all
)
select
    dataset, model, batch_norm, randomization, corruption, regularizer,
    key_row(key)::int as step, c.* exclude (key), all_seeds,
    max_epochs, stop, batch_size, lr, lr_decay, momentum,
    weight_decay, dropout, rotation, precision
from curves c
join settings on setting = key_setting(key);
