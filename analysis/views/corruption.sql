-- Per setting and label corruption p: errors at the end of training over seeds, with 95 %
-- intervals of the mean (Student's t; NULL with one seed). A setting is everything of a trial but
-- its seed and labels, so that seeds are averaged and nothing else.
create view corruption as
select
    dataset, model, batch_norm, regularizer, corruption,
    count(*) as seeds,
    count(fit_epoch) as fitted,
    avg(final_train_error) as train_error,
    half_width(final_train_error) as train_error_interval,
    avg(final_test_error) as test_error,
    half_width(final_test_error) as test_error_interval,
    avg(final_test_error - final_train_error) as gap,
    half_width(final_test_error - final_train_error) as gap_interval,
    max_epochs, stop, batch_size, lr, lr_decay, momentum,
    weight_decay, dropout, rotation, precision
from trials
where status = 'done' and randomization in ('true_labels', 'partial_labels', 'random_labels')
group by all;
