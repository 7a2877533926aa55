// The column of small curves: a metric of each run as a line in its cell, read for the rows on the screen alone.

import { amount, number } from "./format.js";

export const CURVE = "sparkline";
const PAUSE_MS = 60;
const MOST_KEPT = 5000;
const MOST_ASKED = 120;
const SVG = "http://www.w3.org/2000/svg";
const GAP = 255;

// What the kernel sent: bytes, each curve's one behind the other's.
export function takeCurves(kept, metric, ids, told, bytes, version) {
  if (!kept.has(metric)) kept.set(metric, new Map());
  const curves = kept.get(metric);
  if (curves.size > MOST_KEPT) curves.clear();
  let start = 0;
  for (const [place, points, first, last, low, high, size] of told) {
    const shape = bytes.subarray(start, start + size);
    start += size;
    curves.set(ids[place], { points, first, last, low, high, version, path: pathOf(shape), end: endOf(shape) });
  }
}

const across = (byte) => (byte / 2.55).toFixed(1);
const up = (byte) => (18 - byte / 15.9).toFixed(1);

function pathOf(shape) {
  let path = "";
  let isDrawn = false;
  for (let at = 0; at < shape.length; at += 2) {
    const isGap = shape[at + 1] === GAP;
    if (!isGap) path += `${isDrawn ? "L" : "M"}${across(shape[at])} ${up(shape[at + 1])}`;
    isDrawn = !isGap;
  }
  return path;
}

// Where the line ends, as a point.
function endOf(shape) {
  for (let at = shape.length - 2; at >= 0; at -= 2) {
    if (shape[at + 1] !== GAP) return `M${across(shape[at])} ${up(shape[at + 1])}h.01`;
  }
  return "";
}

export class Curves {
  constructor(table) {
    this.table = table;
    this.chosen = null;
    this.wanted = [];
    this.isAsking = false;
  }

  get metrics() {
    return this.table.data.columns.get(CURVE)?.metrics ?? [];
  }

  // The one that was chosen, else the one that is sorted by, else the one that says most.
  get metric() {
    const known = new Set(this.metrics);
    if (known.has(this.chosen)) return this.chosen;
    return this.table.sort.map(([id]) => id).find((id) => known.has(id)) ?? this.metrics[0] ?? null;
  }

  get label() {
    return this.metric?.slice("metrics.".length) ?? "curve";
  }

  of(id) {
    return this.table.data.curves.get(this.metric)?.get(id) ?? null;
  }

  // rows: those on the screen. A running one is read again when something has changed.
  need(rows) {
    const { data } = this.table;
    if (!this.metric) return;
    const kept = data.curves.get(this.metric);
    this.wanted = rows.filter((row) => {
      const curve = kept?.get(row.id);
      if (!curve) return true;
      const isRunning = row.value("status") === "running";
      const isOld = curve.version !== data.version && (isRunning || curve.isRunning);
      curve.isRunning = isRunning;
      return isOld;
    }).map(({ id }) => id);
    if (this.wanted.length && !this.timer) this.timer = setTimeout(() => this.ask(), PAUSE_MS);
  }

  async ask() {
    this.timer = 0;
    const { data } = this.table;
    const ids = this.wanted.slice(0, MOST_ASKED);
    const { metric } = this;
    if (this.isAsking || !ids.length || !metric || data.link.isDead) return;
    this.isAsking = true;
    try {
      const { version } = data;
      const found = await data.link.ask("curves", { metric, ids }, true);
      takeCurves(data.curves, metric, ids, found.told, plainBytes(found.buffers[0]), version);
      data.tell("curves");
    } catch {
      // Rows without their curve are better than a message for every move.
      this.wanted = [];
    } finally {
      this.isAsking = false;
    }
  }
}

export function plainBytes(view) {
  return new Uint8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

export function paintCurve(cell, curve, label) {
  cell.curve ??= drawing(cell);
  const { svg, line, end } = cell.curve;
  if (cell.firstChild !== svg) cell.replaceChildren(svg);
  const path = curve?.path ?? "";
  if (line.shown !== path) {
    line.shown = path;
    line.setAttribute("d", path);
    end.setAttribute("d", curve?.end ?? "");
  }
  cell.title = path ? told(curve, label) : "";
  svg.setAttribute("aria-hidden", String(!path));
  if (path) svg.setAttribute("aria-label", cell.title);
  else svg.removeAttribute("aria-label");
}

function drawing() {
  const element = (tag, attributes) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const line = element("path", { class: "nt-line-of", "vector-effect": "non-scaling-stroke" });
  const end = element("path", { class: "nt-end-of", "vector-effect": "non-scaling-stroke" });
  const svg = element("svg", { class: "nt-curve", viewBox: "0 0 100 20", preserveAspectRatio: "none", role: "img" });
  svg.append(line, end);
  return { svg, line, end };
}

function told({ points, first, last, low, high }, label) {
  return `${label}: ${amount(points, "point")}, ${number(first)} → ${number(last)}\nlowest ${number(low)}, highest ${number(high)}`;
}
