"use strict";
(() => {
  const report = JSON.parse(document.getElementById("report-data").textContent);
  const hidden = report.parts.map(() => new Set());
  const chosen = {};

  const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colourOf = (series) => series < 0 ? variable("--muted") : variable(`--series-${series % report.colours}`);

  // figures come without colours that a dark page could not show
  function painted(figure, part) {
    const copy = structuredClone(figure);
    for (const trace of copy.data) {
      const { series, role, of = [] } = trace.meta;
      const colour = role === "points" && series < 0 ? variable("--ink") : colourOf(series);
      trace.visible = part === null || ![series, ...of].some((each) => hidden[part].has(each));
      if (role === "band") Object.assign(trace, { fillcolor: colour + "2e", line: { width: 0, color: colour } });
      else {
        if (trace.line) trace.line.color = colour;
        if (trace.marker) trace.marker.color = colour;
        for (const error of ["error_x", "error_y"]) if (trace[error]) trace[error].color = colour;
      }
    }
    const axis = {
      gridcolor: variable("--grid"), linecolor: variable("--rule"), zerolinecolor: variable("--ink"), zeroline: false,
      tickcolor: variable("--rule"), fixedrange: true, automargin: true, showline: false, ticks: "",
    };
    copy.layout.xaxis = { ...axis, ...copy.layout.xaxis };
    copy.layout.yaxis = { ...axis, ...copy.layout.yaxis };
    // of two sizes that are close, labels must fit side by side on a phone
    copy.layout.xaxis.tickangle = 0;
    const size = innerWidth < 640 ? 11 : 13;
    Object.assign(copy.layout, {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 64, r: 16, t: 16, b: 56 },
      font: { family: getComputedStyle(document.body).fontFamily, size, color: variable("--ink") },
      hoverlabel: { bgcolor: variable("--panel"), bordercolor: variable("--rule"), font: { color: variable("--ink") }, align: "left" },
    });
    return copy;
  }

  function show(plot, figure, part) {
    const { data, layout } = painted(figure, part);
    plot.style.minHeight = layout.height === undefined ? "" : "0";
    return Plotly.react(plot, data, layout, { responsive: true, displayModeBar: false });
  }

  function draw(plot) {
    const view = report.charts[plot.id][chosen[plot.id] ?? 0];
    return show(plot, view.figure, Number(plot.dataset.part));
  }

  const plots = [...document.querySelectorAll("main .plot")];
  const drawAll = () => plots.forEach(draw);

  for (const group of document.querySelectorAll(".methods")) {
    group.addEventListener("change", (event) => {
      const series = Number(event.target.value), part = Number(group.dataset.part);
      event.target.checked ? hidden[part].delete(series) : hidden[part].add(series);
      plots.filter((plot) => Number(plot.dataset.part) === part).forEach(draw);
    });
  }

  for (const group of document.querySelectorAll(".views")) {
    group.addEventListener("change", (event) => {
      const plot = document.getElementById(group.dataset.for);
      chosen[plot.id] = Number(event.target.value);
      draw(plot);
    });
  }

  // empty cells stay at the end, whichever way the table is sorted
  function compare(a, b, direction) {
    if (a === "" || b === "") return (a === "") - (b === "");
    const numbers = a !== "" && !Number.isNaN(Number(a)) && !Number.isNaN(Number(b));
    return direction * (numbers ? Number(a) - Number(b) : a.localeCompare(b, "en", { numeric: true }));
  }

  for (const table of document.querySelectorAll(".sortable")) {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => heading.firstElementChild.addEventListener("click", () => {
      const direction = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      headings.forEach((each) => each.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", direction);
      const sign = direction === "ascending" ? 1 : -1, body = table.tBodies[0];
      const value = (row) => row.cells[column].dataset.value;
      body.append(...[...body.rows].sort((a, b) => compare(value(a), value(b), sign)));
      document.getElementById("sorted").textContent = `Sorted by ${heading.textContent}, ${direction}.`;
    }));
  }

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  function table(caption, columns, rows) {
    const made = element("table"), head = element("tr"), body = element("tbody");
    const title = element("caption");
    title.append(element("span", caption));
    made.append(title);
    columns.forEach((name, place) => head.append(element("th", name, { scope: "col", class: place ? "wide" : "" })));
    for (const row of rows) {
      const line = element("tr");
      row.forEach((cell, place) => line.append(element("td", cell, { class: place ? "wide" : "" })));
      body.append(line);
    }
    const top = element("thead"), box = element("div", undefined, { class: "scroll", role: "region", tabindex: "0", "aria-label": caption });
    top.append(head);
    made.append(top, body);
    box.append(made);
    return box;
  }

  function command(text) {
    const box = element("div", undefined, { class: "command" }), pre = element("pre");
    pre.append(element("code", text));
    box.append(pre, element("button", "Copy", { type: "button", class: "copy" }));
    return box;
  }

  const dialog = document.getElementById("run");
  let small = null;

  function drawSmall() {
    if (small !== null) show(small.plot, small.figure, null);
  }

  function open(run) {
    document.getElementById("run-title").textContent = run.name;
    const body = document.getElementById("run-body");
    body.replaceChildren();
    if (run.reason) body.append(element("p", run.reason, { class: "warning" }));
    if (run.scores.length) body.append(table("Scores, Spearman x 100", ["score", "trained", "untrained", "difference"], run.scores));
    small = null;
    if (run.curve) {
      const plot = element("div", undefined, { class: "plot small", role: "img", "aria-label": run.curve.label });
      body.append(element("h3", "Learning curve"), plot);
      small = { plot, figure: run.curve.figure };
    }
    body.append(table("Facts", ["what", "value"], run.facts));
    if (run.command) body.append(element("h3", "Command"), command(run.command));
    const more = element("details");
    more.append(element("summary", "All settings that the result depends on"), table("Settings", ["key", "value"], run.settings));
    body.append(more);
    dialog.showModal();
    dialog.scrollTop = 0;
    drawSmall();
    history.replaceState(null, "", `#run-${encodeURIComponent(run.name)}`);
  }

  document.getElementById("run-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => history.replaceState(null, "", "#runs"));
  document.getElementById("run-table").addEventListener("click", (event) => {
    const button = event.target.closest(".open");
    if (button !== null) open(report.runs[Number(button.dataset.run)]);
  });

  document.addEventListener("click", async (event) => {
    if (!event.target.matches(".copy")) return;
    const code = event.target.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      event.target.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      event.target.textContent = "Selected";
    }
    setTimeout(() => { event.target.textContent = "Copy"; }, 2000);
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { drawAll(); drawSmall(); });
  drawAll();
  if (location.hash.startsWith("#run-")) {
    const wanted = report.runs.find((run) => `#run-${encodeURIComponent(run.name)}` === location.hash);
    if (wanted) open(wanted);
  }
})();
