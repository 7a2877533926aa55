// What stands in a cell.

import { age, amount, columnFormat, duration, moment, number, words } from "./format.js";
import { make } from "../frontend/dom.js";
import { CURVE, paintCurve } from "./curves.js";
import { difference } from "./baseline.js";

const LABELS = {
  run_name: "run", run_id: "id", start_time: "started", duration_s: "took", user: "user", error: "error",
  [CURVE]: "curve",
};
// Glyph and tone; the word always stands beside them.
const STATUS = {
  running: ["●", "calm"], finished: ["✓", "good"], failed: ["✗", "bad"], interrupted: ["■", "warn"],
  crashed: ["✗", "bad"],
};
const VERDICTS = {
  reproduced: ["✓", "good", "reproduced"], within_tolerance: ["≈", "good", "within tolerance"],
  diverged: ["✗", "bad", "diverged"], could_not_run: ["!", "warn", "could not run"],
};
const WIDTHS = {
  run_name: 180, run_id: 84, status: 98, start_time: 92, duration_s: 88, experiment: 130, hazards: 160, verdict: 136,
  seed: 64, note: 180, [CURVE]: 116,
};
// Of a letter on average, and what a cell has around its text.
const LETTER_PX = 7.4;
const AROUND_PX = 18;

export function labelOf(column) {
  return LABELS[column.id] ?? column.key;
}

export function isRight(column) {
  return column.type === "number";
}

export function widthOf(column) {
  const room = labelOf(column).length * 7.2 + 44;
  if (WIDTHS[column.id]) return WIDTHS[column.id];
  return Math.round(Math.min(Math.max(room, column.type === "number" ? 88 : 104), 210));
}

// A way to write the numbers of a column, found from the first that are known.
export function formatOf(column, sample) {
  if (column.id === "duration_s") return duration;
  if (column.type !== "number") return number;
  return columnFormat(column.kind === "metric" ? sample : []);
}

// Rows are painted while one scrolls: a text takes the place of a text, and what was not set is not taken back.
function put(cell, text) {
  clip(cell, text.length * LETTER_PX + AROUND_PX > cell.room);
  const node = cell.firstChild;
  if (node?.nodeType !== Node.TEXT_NODE || node.nextSibling) cell.textContent = text;
  else if (node.data !== text) node.data = text;
}

// Only what may be too long is cut off, since that has a price while one scrolls.
function clip(cell, isLong) {
  if (cell.isLong === isLong) return;
  cell.isLong = isLong;
  cell.classList.toggle("nt-long", isLong);
}

function mark(cell, name) {
  cell.classList.add(name);
  cell.isMarked = true;
}

// how: {format, best, now, curves, baseline}
export function paintCell(cell, column, row, how) {
  if (column.type === "curve") {
    const curve = row?.id ? how.curves.of(row.id) : null;
    paintCurve(cell, curve, how.curves.label);
    return;
  }
  const { format, best, now, baseline } = how;
  const value = row ? row.value(column.id) : null;
  if (cell.title) cell.title = "";
  if (cell.isMarked) {
    cell.classList.remove("nt-best", "nt-muted");
    cell.isMarked = false;
  }
  if (row === null) {
    cell.replaceChildren(column.id === "run_name" ? make("span", "nt-ghost") : "");
  } else if (column.id === "run_name") {
    paintName(cell, row, value, baseline);
  } else if (row.group) {
    paintSummary(cell, column, value, format, row, baseline);
  } else if (value === null) {
    paintNothing(cell, column, row);
  } else if (typeof value === "number") {
    paintNumber(cell, column, value, format, best, row, now);
    if (baseline.id !== null && column.kind === "metric") paintDifference(cell, column, value, row, baseline);
  } else {
    paintText(cell, column, value);
  }
}

function paintName(cell, row, value, baseline) {
  const parts = [];
  clip(cell, true);
  if (row.depth) parts.push(make("span", "nt-indent", { style: `width:${row.depth * 14}px` }));
  if (row.foldKey !== null) {
    parts.push(make("span", "nt-fold", { "data-fold": "1", "aria-hidden": "true" }, row.isOpen ? "▾" : "▸"));
  }
  const name = row.group ? groupName(row) : value || row.id.slice(0, 8);
  parts.push(make("span", row.depth ? "nt-name" : "nt-name nt-strong", {}, name));
  if (row.below) parts.push(make("span", "nt-count", {}, row.group ? amount(row.below, "run") : `${row.below} nested`));
  if (row.id !== null && row.id === baseline.id) {
    parts.push(make("span", "nt-tag", { title: "Metrics show how far they are from this run's" }, "baseline"));
  }
  cell.title = name;
  cell.replaceChildren(...parts);
}

function groupName({ group }) {
  return group.value === null ? "(none)" : typeof group.value === "number" ? number(group.value) : group.value;
}

function paintSummary(cell, column, value, format, row, baseline) {
  if (value === null || typeof value !== "object") {
    put(cell, value === null ? "" : typeof value === "number" ? number(value) : words(value));
    return;
  }
  const { mean, low, high, count } = value;
  mark(cell, "nt-muted");
  cell.title = `mean of ${amount(count, "run")}; from ${format(low)} to ${format(high)}`;
  put(cell, count > 1 ? `⌀ ${format(mean)}` : format(mean));
  if (baseline.id !== null && column.kind === "metric") paintDifference(cell, column, mean, row, baseline);
}

function paintNothing(cell, column, row) {
  put(cell, "");
  if (column.id === "duration_s" && row.value("status") === "running") {
    mark(cell, "nt-muted");
    put(cell, "…");
  }
}

function paintNumber(cell, column, value, format, best, row, now) {
  if (column.type === "time") {
    cell.title = moment(value);
    mark(cell, "nt-muted");
    put(cell, age(value, now));
    return;
  }
  if (column.id !== "duration_s" && Number.isFinite(value)) cell.title = String(value);
  if (best !== undefined && value === best && row.value("status") === "finished") {
    mark(cell, "nt-best");
    cell.title = `${value}: ${column.better === "lower" ? "lowest" : "highest"} of the finished runs`;
    cell.replaceChildren(make("span", "nt-star", { "aria-label": "best" }, "★"), format(value));
    return;
  }
  put(cell, format(value));
}

// Beside the value, each in its own place, so that both stand above one another.
function paintDifference(cell, column, value, row, baseline) {
  const other = baseline.value(column.id);
  const found = row.id === baseline.id || other === null ? null : difference(value, other, column.better);
  const shown = make("span", `nt-delta${found ? ` nt-${found.tone}` : ""}`, {}, found?.text ?? "");
  if (found) cell.title += `\n${found.words}${found.words.startsWith("the") ? " as" : " against"} the baseline's ${other}`;
  clip(cell, false);
  cell.append(shown);
}

function paintText(cell, column, value) {
  if (column.id === "status" && STATUS[value]) {
    const [glyph, tone] = STATUS[value];
    cell.replaceChildren(make("span", `nt-glyph nt-${tone}`, { "aria-hidden": "true" }, glyph), value);
  } else if (column.id === "verdict" && VERDICTS[value]) {
    const [glyph, tone, word] = VERDICTS[value];
    cell.replaceChildren(make("span", `nt-glyph nt-${tone}`, { "aria-hidden": "true" }, glyph), word);
  } else if (column.id === "hazards") {
    paintHazards(cell, value);
  } else if (column.id === "run_id") {
    cell.title = value;
    cell.replaceChildren(make("span", "nt-mono", {}, value.slice(0, 8)));
  } else {
    cell.title = value;
    put(cell, value);
  }
}

function paintHazards(cell, value) {
  const labels = value ? value.split(", ") : [];
  clip(cell, true);
  cell.title = labels.map(words).join(", ");
  const [first, ...rest] = labels;
  const badges = first ? [make("span", "nt-badge", {}, make("span", "nt-warn", {}, "⚠ "), words(first))] : [];
  if (rest.length) badges.push(make("span", "nt-badge", {}, `+${rest.length}`));
  cell.replaceChildren(...badges);
}
