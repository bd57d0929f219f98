"use strict";
// Draws the charts of the page from the values in it. No library, no network.
const WIDTH = 460, HEIGHT = 270, LEFT = 58, RIGHT = 12, TOP = 10, BOTTOM = 38;

function make(name, attributes = {}, text = "") {
  const svg = ["svg", "g", "path", "line", "rect", "circle", "text"].includes(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== "") element.textContent = text;
  return element;
}

function shown(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

function ticks(low, high, most = 5) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(f => f * power).find(s => s >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(i * step);
  return found;
}

const HOUR = 3600e3, DAY = 24 * HOUR;
const SPANS = [HOUR, 3 * HOUR, 6 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 365.25 * DAY, 5 * 365.25 * DAY];

function places(chart, at) {
  if (!chart.dates) {
    const found = ticks(at.x0, at.x1);
    return chart.x === "epoch" ? found.filter(Number.isInteger) : found;
  }
  const step = SPANS.find(span => (at.x1 - at.x0) / span <= 4) || SPANS.at(-1), found = [];
  for (let x = Math.ceil(at.x0 / step) * step; x <= at.x1; x += step) found.push(step >= DAY ? Math.round(x / DAY) * DAY : x);
  return found;
}

function bounds(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) { if (value < low) low = value; if (value > high) high = value; }
  if (low === Infinity) return [0, 1];
  if (low === high) return [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  return [low, high];
}

function within(chart, zoom) {
  return chart.series.map(one => ({ ...one, points: zoom === null ? one.points
    : one.points.filter(([x]) => x >= zoom[0] && x <= zoom[1]) }));
}

function space(chart, series, zoom) {
  const points = series.flatMap(one => one.points);
  const wide = chart.kind === "bars" ? series[0].width / 2 : 0;
  let [x0, x1] = zoom || bounds(points.map(p => p[0]));
  let [y0, y1] = bounds(points.flatMap(p => p.slice(1)));
  if (chart.kind === "bars") { y0 = 0; if (!zoom) { x0 -= wide; x1 += wide; } }
  else { const pad = (y1 - y0) * 0.05; y0 -= pad; y1 += pad; }
  return {
    x0, x1, y0, y1,
    x: value => LEFT + (value - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT),
    y: value => HEIGHT - BOTTOM - (value - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM),
    back: place => x0 + (place - LEFT) / (WIDTH - LEFT - RIGHT) * (x1 - x0),
  };
}

function stamp(chart, value) {
  if (!chart.dates) return shown(value);
  return new Date(value).toISOString().replace("T00:00:00.000Z", "").replace(".000Z", "");
}

function axes(svg, chart, at) {
  for (const value of ticks(at.y0, at.y1)) {
    svg.append(make("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: at.y(value), y2: at.y(value), class: "grid" }));
    svg.append(make("text", { x: LEFT - 6, y: at.y(value) + 4, class: "tick end" }, shown(value)));
  }
  for (const value of places(chart, at)) {
    svg.append(make("text", { x: at.x(value), y: HEIGHT - BOTTOM + 16, class: "tick middle" }, stamp(chart, value)));
  }
  svg.append(make("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM, class: "axis" }));
  svg.append(make("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 4, class: "tick middle" }, chart.x));
}

function mark(svg, chart, at) {
  if (!chart.mark || chart.mark[0] < at.x0 || chart.mark[0] > at.x1) return;
  const x = at.x(chart.mark[0]), late = x > WIDTH * 0.7;
  svg.append(make("line", { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM, class: "mark" }));
  svg.append(make("text", { x: x + (late ? -5 : 5), y: TOP + 9, class: late ? "tick end" : "tick" }, chart.mark[1]));
}

function dashed(one) { return one.dash ? { "stroke-dasharray": one.dash } : {}; }

function paint(svg, chart, one, at) {
  const role = `role-${one.role || "a"}`;
  if (chart.kind === "bars") {
    for (const [x, y] of one.points) {
      const left = at.x(x - one.width / 2), right = at.x(x + one.width / 2);
      svg.append(make("rect", { x: left + 0.5, width: Math.max(0.5, right - left - 1), y: at.y(y), height: at.y(0) - at.y(y), class: `fill ${role}` }));
    }
    return;
  }
  if (one.band) {
    const there = one.points.map(([x, low]) => `${at.x(x)},${at.y(low)}`);
    const back = one.points.slice().reverse().map(p => `${at.x(p[0])},${at.y(p[2])}`);
    if (there.length) svg.append(make("path", { d: `M${there.concat(back).join("L")}Z`, class: `band ${role}` }));
    return;
  }
  const cloud = chart.kind === "points" && one.role !== "c";
  if (!cloud && one.points.length > 1) {
    svg.append(make("path", { d: "M" + one.points.map(([x, y]) => `${at.x(x)},${at.y(y)}`).join("L"), class: `stroke ${role}`, ...dashed(one) }));
  }
  if (cloud || one.dots || one.points.length === 1 || (one.points.length <= 30 && one.role !== "c")) {
    for (const [x, y] of one.points) svg.append(make("circle", { cx: at.x(x), cy: at.y(y), r: one.points.length === 1 ? 4 : cloud ? 2.4 : 2.2, class: `fill ${role}` }));
  }
}

function nearest(series, x) {
  let best = null;
  for (const one of series) for (const point of one.points)
    if (best === null || Math.abs(point[0] - x) < Math.abs(best - x)) best = point[0];
  return best;
}

function tell(chart, series, x) {
  const lines = [`${chart.x} ${stamp(chart, x)}`];
  for (const one of series) {
    const point = one.points.find(p => p[0] === x);
    if (point) lines.push(`${one.name}: ${point.slice(1).map(shown).join(" to ")}`);
  }
  return lines;
}

function draw(figure, chart, zoom = null) {
  const old = figure.querySelector(":scope > svg");
  const series = within(chart, zoom), at = space(chart, series, zoom);
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${chart.title}: ${chart.y} by ${chart.x}` });
  axes(svg, chart, at);
  for (const one of series.filter(s => s.band)) paint(svg, chart, one, at);
  for (const one of series.filter(s => !s.band)) paint(svg, chart, one, at);
  mark(svg, chart, at);
  const cursor = make("line", { y1: TOP, y2: HEIGHT - BOTTOM, class: "cursor", visibility: "hidden" });
  const chosen = make("rect", { y: TOP, height: HEIGHT - BOTTOM - TOP, class: "chosen", visibility: "hidden" });
  svg.append(cursor, chosen);
  if (old) old.replaceWith(svg); else figure.prepend(svg);
  listen(figure, chart, svg, series, at, cursor, chosen, zoom);
}

function listen(figure, chart, svg, series, at, cursor, chosen, zoom) {
  const tip = figure.querySelector(".tip"), reset = figure.querySelector("button");
  reset.hidden = zoom === null;
  reset.onclick = () => draw(figure, chart);
  const place = event => {
    const box = svg.getBoundingClientRect();
    return Math.min(WIDTH - RIGHT, Math.max(LEFT, (event.clientX - box.left) / box.width * WIDTH));
  };
  let from = null;
  svg.onpointermove = event => {
    const here = place(event);
    if (from !== null) {
      chosen.setAttribute("x", Math.min(from, here));
      chosen.setAttribute("width", Math.abs(here - from));
      chosen.setAttribute("visibility", "visible");
      return;
    }
    const x = nearest(series, at.back(here));
    if (x === null) return;
    cursor.setAttribute("x1", at.x(x));
    cursor.setAttribute("x2", at.x(x));
    cursor.setAttribute("visibility", "visible");
    tip.replaceChildren(...tell(chart, series, x).map(text => make("div", {}, text)));
    tip.hidden = false;
    tip.style.left = `${Math.min(at.x(x) / WIDTH * 100, 62)}%`;
  };
  svg.onpointerleave = () => { tip.hidden = true; cursor.setAttribute("visibility", "hidden"); };
  svg.onpointerdown = event => { from = place(event); svg.setPointerCapture(event.pointerId); };
  svg.onpointerup = event => {
    const here = place(event), start = from;
    from = null;
    chosen.setAttribute("visibility", "hidden");
    if (Math.abs(here - start) > 8) draw(figure, chart, [at.back(Math.min(start, here)), at.back(Math.max(start, here))]);
  };
  svg.ondblclick = () => draw(figure, chart);
}

function swatch(one) {
  if (!(one.role || "").startsWith("run-")) return make("span", { class: one.band ? "swatch band" : "swatch", "aria-hidden": "true" });
  const svg = make("svg", { class: "swatch", viewBox: "0 0 38 8", "aria-hidden": "true" });
  svg.append(make("line", { x1: 0, x2: 38, y1: 4, y2: 4, class: `stroke role-${one.role}`, ...dashed(one) }));
  return svg;
}

function legend(chart) {
  const list = make("ul", { class: "legend" });
  for (const one of chart.series) {
    const item = make("li", { class: `role-${one.role || "a"}` });
    item.append(swatch(one), one.name);
    list.append(item);
  }
  return list;
}

function matrix(figure, chart) {
  if (chart.labels.length > 5) figure.classList.add("wide");
  const rows = chart.series[0].rows, table = make("table", { class: "matrix" });
  const head = make("tr");
  head.append(make("th", {}, "true \\ predicted"), ...chart.labels.map(name => make("th", { scope: "col" }, name)));
  table.append(head);
  rows.forEach((row, i) => {
    const total = row.reduce((a, b) => a + b, 0) || 1, line = make("tr");
    line.append(make("th", { scope: "row" }, chart.labels[i]));
    row.forEach((count, j) => {
      const share = count / total, cell = make("td", { title: `${chart.labels[i]} taken for ${chart.labels[j]}: ${count}, ${(100 * share).toFixed(1)} % of the row` }, String(count));
      cell.style.setProperty("--share", String(share));
      cell.className = i === j ? "right" : "wrong";
      line.append(cell);
    });
    table.append(line);
  });
  figure.append(table);
}

for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const chart = CHARTS[Number(figure.dataset.chart)];
  if (chart.kind === "matrix") { matrix(figure, chart); continue; }
  figure.append(make("div", { class: "tip", hidden: "" }), make("button", { type: "button", hidden: "" }, "whole range"));
  if (chart.series.length > 1) figure.append(legend(chart));
  draw(figure, chart);
}
