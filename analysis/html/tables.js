"use strict";
// Sorting by a click on a heading, and copying of SQL.
(() => {
  const number = (text) => (text === "" ? NaN : Number(text));
  const order = new Intl.Collator(undefined, { numeric: true });

  const keys = (table, column) =>
    [...table.tBodies[0].rows].map((row) => {
      const cell = row.cells[column];
      const key = cell.dataset.sort ?? cell.textContent;
      return { row, key, number: number(key) };
    });

  // Numbers as numbers; what is none (not reached, not run) stays behind them either way.
  const compare = (numeric, sign) => (a, b) => {
    if (!numeric) return sign * order.compare(a.key, b.key);
    if (Number.isNaN(a.number) || Number.isNaN(b.number))
      return Number.isNaN(a.number) - Number.isNaN(b.number);
    return sign * (a.number - b.number);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("thead button");
    if (!button) return;
    const heading = button.closest("th");
    const table = heading.closest("table");
    const up = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const found = keys(table, heading.cellIndex);
    found.sort(compare(heading.classList.contains("number"), up ? 1 : -1));
    table.tBodies[0].append(...found.map((entry) => entry.row));
  });

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false; // the text is selected below, for the reader's own keys
    }
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const code = button.parentElement.querySelector("code");
    const done = await copied(code.textContent);
    if (!done) getSelection().selectAllChildren(code);
    button.textContent = done ? "Copied" : "Selected";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
})();
