"use strict";
// Draws the charts, lets the legend hide their series, and lists their values when asked.
(() => {
  const config = JSON.parse(document.getElementById("config").textContent);
  const options = { mode: "vega-lite", renderer: "svg", actions: false, config };

  const draw = async (card) => {
    const { charts, layers } = JSON.parse(card.querySelector(".specs").textContent);
    const specs = charts.map((chart) => ({ ...chart, layer: layers[chart.layer] }));
    const places = [...card.querySelectorAll(".chart")];
    const hidden = new Set();
    const views = [];
    const hide = (view) => view.signal("hidden", [...hidden]).runAsync();

    const show = async (wanted) => {
      for (const [index, place] of places.entries())
        if (wanted(place)) {
          const { view } = await vegaEmbed(place, specs[index], options);
          views.push(view);
          if (hidden.size) await hide(view);
        }
    };

    const buttons = [...card.querySelectorAll(".legend [data-series]")];
    const every = card.querySelector(".every");
    const toggle = async (some, shown) => {
      for (const button of some) {
        const series = Number(button.dataset.series);
        shown ? hidden.delete(series) : hidden.add(series);
        button.setAttribute("aria-pressed", String(shown));
      }
      if (every) every.textContent = hidden.size ? "Show all" : "Hide all";
      for (const view of views) await hide(view);
    };
    every?.addEventListener("click", () => toggle(buttons, hidden.size > 0));
    for (const button of buttons)
      button.addEventListener("click", () =>
        toggle([button], button.getAttribute("aria-pressed") === "false"),
      );

    const values = card.querySelector(".values");
    const list = () => specs.forEach((spec) => values.lastElementChild.append(listed(spec)));
    values.addEventListener("toggle", list, { once: true });

    // What is folded has no width to be drawn in.
    const more = card.querySelector(".more");
    more?.addEventListener("toggle", () => show((p) => more.contains(p)), { once: true });
    await show((place) => !more?.contains(place));
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
