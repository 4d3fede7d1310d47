"""The results folder: rows of trials as Parquet, readable at any instant.

gensweep.json        marks the folder and its format
live/ID.parquet      one trial: its row, with its epochs and steps inside; replaced whole
tables/G-*.parquet   what compaction made of finished trials: trials, epochs and steps
manifest.json        the generation G in force, and its exact files
sweeps/NAME.parquet  what a sweep consists of, and what in the paper it feeds
checkpoints/ID.ckpt  from where a trial goes on that has not ended
leases/ID.json       who is at work, and on which trials
quarantine/          files that were damaged, out of everybody's way
"""
