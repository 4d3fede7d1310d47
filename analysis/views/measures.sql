-- Per trial that is done: what was measured of its weights and margins (NULL for trials from
-- before these were recorded), beside the generalization gap that they might explain.
--
-- Norms are Euclidean over all trainable parameters. `spectral_log_product` is the sum over weight
-- matrices of ln(largest singular value). A margin is the logit of the given label less the
-- largest other one, over the training set. A convolution's matrix is (out, in * height * width).
-- `normalized_margin` is the 10th percentile of the margins over the product of the spectral norms,
-- which no rescaling of the layers changes in a ReLU network without biases; with batch or local
-- response normalization it does, so that there it compares nothing. `rademacher` is `(K e - K + 1) / (1 - K)` of the training error e
-- and K classes: on random labels, how far the fit is from chance (0) to certainty (1), a lower
-- bound of the empirical Rademacher complexity of what training can reach. NULL on other labels.
create view measures as
select
    trial_id, dataset, model, batch_norm, randomization, corruption, regularizer, seed,
    final_train_error as train_error, final_test_error as test_error,
    final_test_error - final_train_error as gap,
    weight_norm, initial_weight_norm, distance_from_initialization, spectral_log_product,
    margin_min, margin_p10, margin_median,
    margin_p10 / exp(spectral_log_product) as normalized_margin,
    case when randomization = 'random_labels'
         then 1 - final_train_error * classes / (classes - 1) end as rademacher
from trials
join (
    select
        trial_id, weight_norm, initial_weight_norm, distance_from_initialization,
        spectral_log_product, margin_min, margin_p10, margin_median
    from stored_trials
) using (trial_id)
left join datasets using (dataset)
where status = 'done';
