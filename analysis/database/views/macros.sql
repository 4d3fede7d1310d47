-- What several views say in the same words: intervals of a mean over seeds, and times.

-- The two-sided 95 % quantile of Student's t for the mean of n samples: tabulated up to 31,
-- and from there on Cornish and Fisher's expansion, exact to 1e-4. NULL for fewer than two.
create macro t95(n) as
    case
        when n < 2 then null
        when n <= 31 then [
            12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912,
            2.364624, 2.306004, 2.262157, 2.228139, 2.200985, 2.178813,
            2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922,
            2.093024, 2.085963, 2.079614, 2.073873, 2.068658, 2.063899,
            2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272
        ][n - 1]
        else 1.959964 + 2.372271 / (n - 1) + 2.822499 / (n - 1) ** 2
    end;

-- Half the width of the 95 % interval of a mean; of n values, where the number is known already.
create macro half_width_of(n, x) as t95(n) * stddev_samp(x) / sqrt(n);
create macro half_width(x) as half_width_of(count(x), x);

-- Of a trial's epochs: the time to the one called `first`, or to the last where there is none.
create macro time_to(metric, threshold, first, last_epoch, epoch, step, seconds) as {
    'metric': metric, 'threshold': threshold, 'censored': max(first) is null,
    'epochs': max(epoch) filter (epoch <= coalesce(first, last_epoch)),
    'steps': max(step) filter (epoch <= coalesce(first, last_epoch)),
    'seconds': sum(seconds) filter (epoch <= coalesce(first, last_epoch))
};

-- Whether a model has batch normalization that can be taken out; false for one that is not known.
create macro has_batch_norm(model) as
    list_contains((select list(m.model) from known_models m where m.batch_norm), model);

-- A model as tables name it, such as `inception (no BN)`.
create macro model_label(model, batch_norm) as
    model || case when has_batch_norm(model) and not batch_norm then ' (no BN)' else '' end;

-- A regularizer as the paper's ImageNet tables have it: crops, flips and colours are augmentation.
create macro in_the_paper(regularizer) as
    regexp_replace(regularizer, '^crop\+flip(.*)\+color$', 'augmentation\1');

-- What a traceback says in the end, without the module of the error.
create macro last_line(error) as regexp_replace(
    split_part(rtrim(error, chr(10)), chr(10), -1), '^(?:\w+\.)+(\w+: )', '\1');

-- Of a group of rows of `measurements`: the value of the one that has a name.
create macro measured(name, value, wanted) as any_value(value) filter (name = wanted);

-- A setting and an epoch or step in one number to group by. With two columns DuckDB would count
-- each trial's epochs before it joins the settings: as many groups as rows, and seven times slower.
create macro row_key(setting, place) as (setting << 32) + place;
create macro key_setting(key) as key >> 32;
create macro key_row(key) as key & 4294967295;
