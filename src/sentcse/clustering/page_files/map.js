"use strict";
(() => {
  const { points, styles, colours } = JSON.parse(document.getElementById("data").textContent);
  const canvas = document.getElementById("map");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const place = (axis) => points.reduce(([low, high], point) => [Math.min(low, point[axis]), Math.max(high, point[axis])], [Infinity, -Infinity]);
  const [left, right] = place(0), [bottom, top] = place(1);
  let chosen = null, query = "", at = null;

  const colour = (rank) => colours[dark.matches ? 1 : 0][styles[rank].colour];
  const matches = (point) => (chosen === null || point[2] === chosen) && (query === "" || point[3].toLowerCase().includes(query));
  const outline = [
    (draw, x, y, r) => draw.arc(x, y, r, 0, 2 * Math.PI),
    (draw, x, y, r) => draw.rect(x - r, y - r, 2 * r, 2 * r),
    (draw, x, y, r) => [[0, -1.3], [1.2, 1], [-1.2, 1]].forEach(([a, b], i) => draw[i ? "lineTo" : "moveTo"](x + a * r, y + b * r)),
    (draw, x, y, r) => [[0, -1.4], [1.4, 0], [0, 1.4], [-1.4, 0]].forEach(([a, b], i) => draw[i ? "lineTo" : "moveTo"](x + a * r, y + b * r)),
    (draw, x, y, r) => [[0, 1.3], [1.2, -1], [-1.2, -1]].forEach(([a, b], i) => draw[i ? "lineTo" : "moveTo"](x + a * r, y + b * r)),
  ];

  function scale() {
    const { width, height } = canvas.getBoundingClientRect();
    const inside = (value, low, high, length) => 14 + ((value - low) / (high - low || 1)) * (length - 28);
    return { width, height, x: (point) => inside(point[0], left, right, width), y: (point) => height - inside(point[1], bottom, top, height) };
  }

  function draw() {
    const view = scale(), ratio = devicePixelRatio || 1, radius = points.length > 5000 ? 1.8 : 3;
    canvas.width = view.width * ratio;
    canvas.height = view.height * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const rest = getComputedStyle(document.documentElement).getPropertyValue("--rest");
    for (const front of [false, true]) {
      for (const point of points) {
        if (matches(point) !== front) continue;
        context.fillStyle = front ? colour(point[2]) : rest;
        context.beginPath();
        outline[styles[point[2]].shape](context, view.x(point), view.y(point), front ? radius : radius * 0.7);
        context.fill();
      }
    }
    if (at !== null) {
      context.strokeStyle = getComputedStyle(document.body).color;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(view.x(at), view.y(at), 8, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect(), view = scale();
    let best = null, distance = 18 ** 2;
    for (const point of points) {
      if (!matches(point)) continue;
      const apart = (view.x(point) - event.clientX + box.left) ** 2 + (view.y(point) - event.clientY + box.top) ** 2;
      if (apart < distance) [best, distance] = [point, apart];
    }
    return best;
  }

  function show(point) {
    at = point;
    const name = document.querySelector(`button[data-rank="${point[2]}"] span`).textContent;
    document.getElementById("hovered").textContent = `${point[3]} (${name}${point[4] === "" ? "" : `; label ${point[4]}`})`;
    draw();
  }

  function refresh() {
    at = null;
    const found = points.filter(matches), hits = document.getElementById("hits");
    document.getElementById("found").textContent = query === "" && chosen === null ? "" : `${found.length.toLocaleString("en")} of ${points.length.toLocaleString("en")} sentences`;
    hits.replaceChildren(...(query === "" ? [] : found.slice(0, 10)).map((point) => Object.assign(document.createElement("li"), { textContent: point[3] })));
    for (const button of document.querySelectorAll("button[data-rank]")) button.setAttribute("aria-pressed", String(Number(button.dataset.rank) === chosen));
    draw();
  }

  canvas.addEventListener("pointermove", (event) => { const point = nearest(event); if (point !== null && point !== at) show(point); });
  canvas.addEventListener("pointerdown", (event) => { const point = nearest(event); if (point !== null) show(point); });
  document.getElementById("search").addEventListener("input", (event) => { query = event.target.value.trim().toLowerCase(); refresh(); });
  document.getElementById("all").addEventListener("click", () => { chosen = null; refresh(); });
  for (const button of document.querySelectorAll("button[data-rank]")) {
    const rank = Number(button.dataset.rank), mark = button.querySelector("svg"), path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const steps = [];
    const pen = {
      arc: (x, y, r) => steps.push(`M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`),
      rect: (x, y, w, h) => steps.push(`M${x} ${y}h${w}v${h}h${-w}z`),
      moveTo: (x, y) => steps.push(`M${x} ${y}`),
      lineTo: (x, y) => steps.push(`L${x} ${y}`),
    };
    outline[styles[rank].shape](pen, 8, 8, 5);
    path.setAttribute("d", steps.join(""));
    path.setAttribute("fill", colour(rank));
    mark.append(path);
    button.addEventListener("click", () => { chosen = chosen === rank ? null : rank; refresh(); });
  }
  dark.addEventListener("change", () => {
    for (const button of document.querySelectorAll("button[data-rank]")) button.querySelector("path").setAttribute("fill", colour(Number(button.dataset.rank)));
    draw();
  });
  addEventListener("resize", draw);
  draw();
})();
