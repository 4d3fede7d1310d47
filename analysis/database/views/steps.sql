-- The training loss (mean cross-entropy in nats) over each logging window, which ends at `step`.
create view steps as
select trial_id, step, train_loss
from stored_steps
where getvariable('sweep') is null
   or trial_id in (select trial_id from stored_sweeps where sweep = getvariable('sweep'));
