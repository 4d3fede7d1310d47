-- What decides the claims: a row per case that supports or contradicts one, or leaves it open.
-- `setting` is what its trials have in common, as JSON without what is default.
create view evidence as
from claim_a union all by name from claim_b union all by name
from claim_c union all by name
from claim_d union all by name from claim_d_linear union all by name from claim_e
union all by name from claim_e_capacity;
