-- What the comparison with the paper and the verdicts on its claims agree on.

-- Whether a trial that has not fitted its data after so many epochs counts as one that does not.
-- After 100 epochs at the paper's decay of 0.95 the learning rate is 0.6 % of the first; augmented
-- images, which never repeat, get the 400 of table 4.
create macro long_enough(epochs, regularizer) as
    epochs >= case when regexp_matches(regularizer, 'crop|flip|color|rotation') then 400 else 100 end;

-- A setting's mean training error for finding a model's best setting: what diverged counts as 1.
create macro charged(train_error, n, diverged) as
    (coalesce(train_error * (n - diverged), 0) + diverged) / n;

-- What is known of datasets: of one that this process has not heard of, what is stored with trials.
create view known_datasets as
from registered_datasets
union all by name
select
    dataset, max(classes) as classes, max(train_examples) as train, max(test_examples) as test,
    bool_or(dataset_digest is not null) as encoded
from stored_trials
where classes is not null and dataset not in (select dataset from registered_datasets)
group by dataset;

-- The largest training error that counts as fitted. The paper sets it: that of the networks which it
-- calls fitted, rounded up to a whole per cent. On CIFAR-10 they end at 0.79 %, on ImageNet at
-- 12.19 % (its registry entry). On a dataset that is not the paper's it is 1 %, as on CIFAR-10.
create macro fit_error(of_dataset) as coalesce(
    (select map(list(d.dataset), list(d.fit_error)) from known_datasets d)[of_dataset], 0.01);
create macro fitted(train_error, of_dataset) as
    coalesce(train_error <= fit_error(of_dataset), false);

-- A ratio of steps until the training data count as fitted; tables of times count to error 0.
create macro times_the_steps(ratio, of_data, of_dataset) as format(
    '{:.2f} times the steps of {} to a training error of {:g} %',
    ratio, of_data, 100 * fit_error(of_dataset));

-- Whether table 2's rows can be asked of a dataset: of ImageNet, of its smaller versions, and of a
-- folder of images.
create macro like_imagenet(of_dataset) as list_contains(
    (select list(d.dataset) from known_datasets d where d.encoded or d.classes = 1000), of_dataset);

-- Whether the paper finds that early stopping helps. It has no gain on CIFAR-10, and one of 3.36
-- points on ImageNet (table 2, no regularizer); claim D is about what it has found.
create macro stopping_helps(of_dataset) as of_dataset = 'imagenet';

-- The error of a guess among as many classes as a dataset has; NULL for one that is not known.
-- (A parameter must not have the name of a column of a view that the macro reads.)
create macro chance(of_dataset) as
    1 - 1 / (select map(list(d.dataset), list(d.classes)) from known_datasets d)[of_dataset];

-- The largest test error that we call generalizing: 20 points below that of a guess.
create macro generalizes(of_dataset) as chance(of_dataset) - 0.2;

-- How well fitted labels correlate with the drawn ones: (K accuracy - 1) / (K - 1) of K classes.
-- On random labels it bounds the empirical Rademacher complexity from below: 0 for a guess, 1
-- where any labels can be fitted.
create macro correlation(train_error, of_dataset) as 1 - train_error / chance(of_dataset);

-- What such a correlation, plus or minus `half`, says of claim E: at least 0.95 supports
-- it, less contradicts it after long enough a training. Where a draw diverged it is open.
create macro complexity_outcome(bound, half, long, diverged) as
    case
        when diverged > 0 then 'open'
        when bound - half >= 0.95 then 'supports'
        when long and bound + half < 0.95 then 'contradicts'
        else 'open'
    end;
create macro complexity_why(bound, epochs, n, diverged) as
    case
        when diverged > 0 then format('{} of {} diverged', diverged, n)
        else format('at least {:.3f} in {} epochs', bound, epochs)
    end;

-- How far ours may lie from a number of the paper that we call the same: a percentage point for
-- errors and gains, a tenth of a norm, half of a ratio of times, nothing for a count.
create macro tolerance(metric, value) as
    case metric
        when 'parameters' then 0
        when 'bandwidth' then 0
        when 'solution_norm' then value / 10
        when 'convergence_ratio' then 0.5
        when 'rademacher' then 0.05
        else 0.01
    end;

-- The distance at which weights count as those of minimum norm, in units of that norm.
create macro near_minimum_norm() as 1e-3;
