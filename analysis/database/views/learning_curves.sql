-- Per setting and evaluated epoch: the learning curve over seeds, as means with 95 % intervals
-- (Student's t; NULL with one seed). All draws that have epochs count, those under way and diverged
-- ones too, but for failed ones.
--
-- `best_test_error` is the mean over seeds of each one's lowest test error so far: what stopping
-- early could have had at most, as the test set itself chooses the epoch.
-- Each row is over the `seeds` that got as far as its epoch, of the `all_seeds` of its setting.
-- Where seeds end at different epochs (stop = 'fit', or under way), the later rows are over a few
-- of them, and not a fair sample: `where seeds = all_seeds` compares like with like.
create view learning_curves as
with members as ( -- numbered, as windows over numbers are several times faster than over strings
    select setting_number, trial_id, row_number() over () as member
    from draws
    join settings using (setting_id)
    where status <> 'failed'
),
rows as (
    select setting_number, member, epoch, step, train_loss, train_error, test_error, e.best_test_error,
        train_top5_error, test_top5_error, best_test_top5_error
    from stored_epochs e
    join members using (trial_id)
),
points as (
    select * exclude (member) from rows where best_test_error is not null
    union all by name
    select
        * exclude (member, best_test_error), -- which older rows lack
        min(test_error) over (partition by member order by epoch) as best_test_error
    from rows
    where best_test_error is null
),
curves as (
    select
        row_key(setting_number, epoch) as key,
        max(step) as step,
        count(*) as seeds,
        avg(train_loss) as train_loss,
        half_width_of(count(*), train_loss) as train_loss_interval,
        avg(train_error) as train_error,
        half_width_of(count(*), train_error) as train_error_interval,
        avg(test_error) as test_error,
        half_width_of(count(*), test_error) as test_error_interval,
        avg(best_test_error) as best_test_error,
        half_width_of(count(*), best_test_error) as best_test_error_interval,
        avg(train_top5_error) as train_top5_error,
        half_width(train_top5_error) as train_top5_error_interval,
        avg(test_top5_error) as test_top5_error,
        half_width(test_top5_error) as test_top5_error_interval,
        avg(best_test_top5_error) as best_test_top5_error,
        half_width(best_test_top5_error) as best_test_top5_error_interval
    from points
    group by all
)
select key_row(key)::int as epoch, c.* exclude (key), s.* exclude (setting, setting_number)
from curves c
join settings s on setting_number = key_setting(key);
