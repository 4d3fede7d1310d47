-- The paper's claims, each with a verdict per dataset from the rows of `evidence`.
--
-- A claim on all networks (`holds for` every) is contradicted by one case; otherwise one case is
-- enough to support it. One on most of them is decided by the majority of the cases that are not
-- open. Else there are not enough runs, nor are there for `fit` unless a case that supports it is on
-- random labels: what else was fitted is less than the claim. `n` says how sure that is: the least
-- number of seeds behind a case that decides; with 1 it is one draw. `sql` shows the cases.
create view claims as
with stated (claim, part, holds_for, trainables, statement, needs) as (values
    ('A', 'fit', 'every', ['classifier'],
        'Networks fit random labels and noise',
        'unregularized trials on random labels'),
    ('A', 'time', 'every', ['classifier'],
        'Random labels take at most a small factor (10) longer to fit',
        'trials on true and on random labels, with the same seeds'),
    ('A''', 'noise is faster', 'most', ['classifier'],
        'Gaussian noise is fitted sooner than random labels',
        'trials on gaussian and on random labels, with the same seeds'),
    ('B', 'not necessary', 'every', ['classifier'],
        'Networks generalize without explicit regularization',
        'unregularized trials on true labels'),
    ('B', 'not sufficient', 'most', ['classifier'],
        'Regularized networks still fit random labels',
        'regularized trials on random labels'),
    ('C', 'expressivity', 'every', ['expressivity'],
        '2n + d weights express any labels of n points in d dimensions',
        'trials of the trainable expressivity'),
    ('D', 'minimum norm', 'every', ['min_norm'],
        'SGD on a linear model finds the solution of minimum norm',
        'trials of the trainable min_norm'),
    ('D', 'early stopping', 'most', ['classifier'],
        'Early stopping gains at most a point of test error',
        'unregularized trials on true labels that train all their epochs (not stop = "fit")'),
    ('D', 'batch norm', 'most', ['classifier'],
        'Batch norm improves the test error by some points',
        'trials with and without batch_norm, with the same seeds'),
    ('E', 'capacity', 'every', ['classifier', 'capacity'],
        'The empirical Rademacher complexity is close to 1',
        'unregularized trials on random labels, or of the trainable capacity')
),
tried as ( -- where a claim has something to say
    select distinct claim, part, dataset
    from trials
    join trainables using (trainable)
    join stated on list_contains(
        stated.trainables, case when network then 'classifier' else trainable end)
    where status in ('done', 'diverged')
),
weighed as (
    select
        claim, part, dataset,
        count(*) filter (outcome = 'supports') as supports,
        count(*) filter (outcome = 'contradicts') as contradicts,
        count(*) filter (outcome = 'open') as open,
        coalesce(bool_or(outcome = 'supports' and data = 'random labels'), false) as randomly,
        list({
            'outcome': outcome, 'n': n,
            'text': format('{}, {}: {}', model_label(model, batch_norm), data, why)
        } order by n, case when part in ('batch norm', 'capacity') then -value else value end desc,
            model, batch_norm, data, why) as cases -- the least sure first, then the least clear
    from evidence
    group by all
),
judged as (
    select
        stated.* replace (
            case when part = 'early stopping' and stopping_helps(dataset)
                 then 'Early stopping gains more than a point of test error' else statement end
                as statement
        ),
        tried.dataset, coalesce(supports, 0) as supports,
        coalesce(contradicts, 0) as contradicts, coalesce(open, 0) as open, cases,
        case
            when holds_for = 'every' and contradicts > 0 then 'contradicted'
            when part = 'fit' and not coalesce(randomly, false) then 'not enough runs'
            when holds_for = 'every' and supports > 0 then 'supported'
            when contradicts > supports then 'contradicted'
            when supports > contradicts then 'supported'
            else 'not enough runs'
        end as verdict
    from stated
    left join tried using (claim, part)
    left join weighed using (claim, part, dataset)
),
decided as (
    select
        *,
        case verdict
            when 'supported' then list_filter(cases, lambda c: c.outcome = 'supports')
            when 'contradicted' then list_filter(cases, lambda c: c.outcome = 'contradicts')
            else cases
        end as deciding
    from judged
)
select
    claim, part, statement, dataset, verdict,
    case when verdict = 'not enough runs' then 0 else deciding[1].n end as n,
    supports, contradicts, open,
    coalesce(
        case when verdict = 'not enough runs' and supports > 0 and contradicts = 0
            then format('needs {}; ', needs) else '' end
        || format('{} for, {} against, {} open; {}', supports, contradicts, open, deciding[1].text),
        'needs ' || needs
    ) as reason,
    format('from evidence where part = ''{}''', part)
        || coalesce(format(' and dataset = ''{}''', dataset), '') as sql
from decided
order by claim, list_position(['fit', 'not necessary', 'minimum norm'], part), part, dataset;
