-- Per draw that is done: what was measured of its weights and margins (NULL for trials from
-- before these were recorded), beside the generalization gap that they might explain.
--
-- Norms are Euclidean over all trainable parameters. `spectral_log_product` is the sum over weight
-- matrices of ln(largest singular value). A margin is the logit of the given label less the
-- largest other one, over the training set. A convolution's matrix is (out, in * height * width).
-- `normalized_margin` is the 10th percentile of the margins over the product of the spectral norms,
-- which no rescaling of the layers changes in a ReLU network without biases; with batch or local
-- response normalization it does, so that there it compares nothing.
-- `rademacher`: on random labels, how well the fitted ones correlate with the drawn ones, from 0 for
-- a guess to 1 for certainty (views/rules.sql), a lower bound of the empirical Rademacher complexity
-- of what training can reach. NULL on other labels.
create view measures as
select
    trial_id, setting_id, dataset, model, batch_norm, randomization, corruption, regularizer, seed,
    final_train_error as train_error, final_test_error as test_error,
    final_test_error - final_train_error as gap,
    weight_norm, initial_weight_norm, distance_from_initialization, spectral_log_product,
    margin_min, margin_p10, margin_median,
    margin_p10 / exp(spectral_log_product) as normalized_margin,
    case when randomization = 'random_labels'
         then correlation(final_train_error, dataset) end as rademacher
from draws
join (
    select
        trial_id, weight_norm, initial_weight_norm, distance_from_initialization,
        spectral_log_product, margin_min, margin_p10, margin_median
    from stored_trials
) using (trial_id)
where status = 'done';
