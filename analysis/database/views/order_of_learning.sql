-- Per setting with changed labels and evaluated epoch: which part of the training set is learned,
-- over seeds, as means with 95 % intervals (Student's t; NULL with one seed).
--
-- `clean_learned`: the share of examples with their true label that are predicted as it;
-- `memorized` and `recovered`: the share of examples with a changed label that are predicted as
-- the given label, and as the true one. As in `learning_curves`, each row is over the `seeds`
-- that got as far, of the `all_seeds` of its setting.
create view order_of_learning as
with members as (
    select setting_number, trial_id from draws join settings using (setting_id)
    where status <> 'failed' and draws.corruption > 0
),
curves as (
    select
        row_key(setting_number, epoch) as key,
        count(*) as seeds,
        avg(1 - clean_train_error) as clean_learned,
        half_width(1 - clean_train_error) as clean_learned_interval,
        avg(memorized_fraction) as memorized,
        half_width(memorized_fraction) as memorized_interval,
        avg(recovered_fraction) as recovered,
        half_width(recovered_fraction) as recovered_interval
    from epochs
    join members using (trial_id)
    group by all
)
select key_row(key)::int as epoch, c.* exclude (key), s.* exclude (setting, setting_number)
from curves c
join settings s on setting_number = key_setting(key);
