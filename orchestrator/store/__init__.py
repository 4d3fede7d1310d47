"""The results folder: rows of trials as Parquet, readable at any instant.

gensweep.json        marks the folder and its format
live/ID.parquet      one trial: its row, with its epochs and steps inside; replaced whole
tables/G-*.parquet   what compaction made of finished trials: trials, epochs and steps
manifest.json        the generation G in force, and its exact files
sweeps/NAME.parquet  what a sweep consists of, and what in the paper it feeds
locks/               who is launching or compacting
"""
