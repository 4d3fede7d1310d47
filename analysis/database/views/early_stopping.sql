-- Per draw that is done: its test error at the end, and the lowest it ever had. `gain` is their
-- difference, an oracle's: the test set itself chooses the epoch, so that no rule which stops
-- by other data can gain more.
create view early_stopping as
select
    trial_id, dataset, model, batch_norm, randomization, corruption, regularizer, seed, epochs_run,
    final_test_error, best_test_error, best_test_epoch,
    final_test_error - best_test_error as gain, setting_id
from draws
where status = 'done';
