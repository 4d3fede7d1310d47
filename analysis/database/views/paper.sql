-- Every number of the paper. Errors are fractions in [0, 1]; `printed` is how the paper has it, in
-- `unit`. `bound` says whether the number is meant as =, ~ (about), <= or >=; `value` is NULL where
-- the paper says in words that there is none. `certainty`: T read in a transcription of the paper,
-- N second-hand notes that agree with each other, M remembered.
create view paper as from paper_numbers;
