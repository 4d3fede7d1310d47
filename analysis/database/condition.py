"""`--only`: which planned trials an SQL condition picks."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from gensweep.analysis.database.errors import QueryError
from gensweep.trainables.classifier.trial import ClassifierTrial


def matching_ids(planned: pa.Table, condition: str) -> set[str]:
    """Ids of the planned trials (SWEEP rows) for which the condition holds.

    Raises QueryError where it is not a condition on their columns.
    """
    with duckdb.connect(config={"enable_external_access": False}) as connection:
        for name, field in ClassifierTrial.fields().items():
            if field.column != name:
                planned = planned.append_column(name, planned[field.column])
        connection.register("planned", planned)
        connection.execute("set lock_configuration = true")
        query = f"select trial_id from planned where ({condition}\n)"
        try:
            # On its own it must be whole too, so that it cannot close the bracket around it.
            alone = connection.extract_statements(f"select {condition}")
            if len(alone) != 1 or len(connection.extract_statements(query)) != 1:
                raise QueryError("--only", "is not a single condition")
            return {row[0] for row in connection.execute(query).fetchall()}
        except duckdb.Error as error:
            what = str(error).splitlines()[0]
            hidden = ("sweep", "config", "setting", "setting_id", "max_epochs")
            columns = ", ".join(n for n in planned.column_names if n not in hidden)
            raise QueryError("--only", what, f"an SQL condition on {columns}") from error
