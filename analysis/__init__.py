"""From rows to answers: reads the store through DuckDB; knows neither Ray nor torch."""
