"""`gensweep doctor`: what works on this machine, and what does not."""

from __future__ import annotations

from gensweep.analysis.tables.table import Table
from gensweep.cli.codes import Exit
from gensweep.cli.options import RESULTS, Data, FormatOption, Results, SafeCsv, data_folder
from gensweep.cli.output import emit


def doctor(
    results: Results = RESULTS,
    data: Data = None,
    format_: FormatOption = None,
    safe_csv: SafeCsv = False,
) -> int:
    """Check the installation and what it finds on this machine.

    The accelerators, the datasets and the results folder.
    """
    from gensweep.orchestrator.doctor import examine

    findings = examine(results, data_folder(data))
    rows = [[f.what, f.state, f.detail, f.todo] for f in findings]
    emit(
        [Table("doctor", ["check", "state", "detail", "todo"], rows, title="Doctor")],
        format_,
        safe_csv,
    )
    return Exit.UNUSABLE if any(f.state == "broken" for f in findings) else Exit.OK
