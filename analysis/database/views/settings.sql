-- One row per setting of the trials that train a network: everything of a trial but its seed and what
-- it records. `all_seeds`: how many draws have epochs and did not fail; `setting_number`: a number
-- among the settings of this moment, as grouping by numbers is several times as fast as by strings.
create table settings as
select *, row_number() over (order by setting_id) as setting_number
from (
    select
        setting_id, {setting}, max_epochs, setting,
        count(*) filter (status <> 'failed' and epochs_run > 0) as all_seeds
    from draws
    group by all
);
