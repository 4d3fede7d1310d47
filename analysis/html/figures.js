"use strict";
// Draws the charts, lets the legend hide their series, and lists their values when asked.
(() => {
  const config = JSON.parse(document.getElementById("config").textContent);
  const options = { mode: "vega-lite", renderer: "svg", actions: false, config };

  const draw = async (card) => {
    const specs = JSON.parse(card.querySelector(".specs").textContent);
    const places = card.querySelectorAll(".chart");
    const hidden = new Set();
    const views = [];
    for (const [index, spec] of specs.entries())
      views.push((await vegaEmbed(places[index], spec, options)).view);

    for (const button of card.querySelectorAll(".legend button"))
      button.addEventListener("click", async () => {
        const series = Number(button.dataset.series);
        const shown = hidden.delete(series);
        if (!shown) hidden.add(series);
        button.setAttribute("aria-pressed", String(shown));
        for (const view of views) await view.signal("hidden", [...hidden]).runAsync();
      });

    const values = card.querySelector(".values");
    const list = () => specs.forEach((spec) => values.lastElementChild.append(listed(spec)));
    values.addEventListener("toggle", list, { once: true });
  };

  const cell = (tag, content, scope) => {
    const made = document.createElement(tag);
    made.textContent = content ?? "–";
    if (scope) made.scope = scope;
    else made.className = "number";
    return made;
  };

  // The points of a chart as a table, for those who cannot point at them.
  const listed = (spec) => {
    const names = spec.params.find((param) => param.name === "names").value;
    const { x, y } = spec.encoding;
    const headings = ["series", x.title, y.title, "low", "high"];
    const table = document.createElement("table");
    table.createCaption().textContent = spec.description;
    table.createTHead().insertRow().append(...headings.map((h) => cell("th", h, "col")));
    const body = table.createTBody();
    for (const point of spec.data.values) {
      const numbers = [point.x, point.y, point.low, point.high];
      body
        .insertRow()
        .append(cell("th", names[point.s], "row"), ...numbers.map((n) => cell("td", n)));
    }
    return table;
  };

  // One after the other, so that the page answers in between.
  const cards = [...document.querySelectorAll(".specs")].map((s) => s.closest("section"));
  const all = cards.reduce((before, card) => before.then(() => draw(card)), Promise.resolve());
  all.then(() => (document.documentElement.dataset.drawn = "yes"));

  // Paper has another width than the window.
  matchMedia("print").addEventListener("change", () => dispatchEvent(new Event("resize")));
})();
