-- One row per trial and epoch. Training figures are full passes in evaluation mode over the
-- unaugmented training set as randomized; `seconds` is the time the epoch's training took.
create view epochs as
select
    trial_id, epoch, step, lr, train_loss, train_error, test_loss, test_error,
    corrupted_train_error, clean_train_error, memorized_fraction, recovered_fraction, seconds,
    train_top5_error, test_top5_error
from stored_epochs
where getvariable('sweep') is null
   or trial_id in (select trial_id from stored_sweeps where sweep = getvariable('sweep'));
