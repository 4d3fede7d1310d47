-- One row per setting and seed, of `classifiers`: what every statistic over seeds is made of.
--
-- Of trials that differ in what they record alone, such as `log_every`, the one that got furthest:
-- they are one draw, and would pass for two.
create table draws as
from classifiers
qualify row_number() over (
    partition by setting_id, seed
    order by list_position(
        ['done', 'diverged', 'running', 'interrupted', 'failed', 'planned'], status), trial_id
) = 1;
