// The menus: of one column, of all columns, and of what the runs are grouped by.

import { button, closePanel, make, openPanel } from "../frontend/dom.js";
import { labelOf } from "./cells.js";
import { CURVE } from "./curves.js";

const GROUPS = [["", "attribute"], ["metrics", "metric"], ["params", "param"], ["tags", "tag"]];

function item(label, act, isOn = null) {
  const attributes = { type: "button", role: isOn === null ? "menuitem" : "menuitemcheckbox", onclick: act };
  if (isOn !== null) attributes["aria-checked"] = String(isOn);
  return make("button", "nt-item", attributes, make("span", "nt-tick", { "aria-hidden": "true" }, isOn ? "✓" : ""), label);
}

// Arrow keys move within a menu, as in any other.
function withArrows(panel, label, role = "menu") {
  panel.setAttribute("role", role);
  panel.setAttribute("aria-label", label);
  panel.addEventListener("keydown", (event) => {
    const items = [...panel.querySelectorAll(".nt-item:not([hidden])")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !items.length) return;
    event.preventDefault();
    const at = items.indexOf(document.activeElement);
    items[(at + step + items.length) % items.length].focus();
  });
  panel.querySelector(".nt-item, input")?.focus();
}

export function columnMenu(table, place, beside) {
  const { layout } = table;
  const entry = layout.visible()[place];
  const column = table.data.columns.get(entry.id);
  const done = (act) => () => {
    closePanel(table.root);
    act();
    table.grid.element.focus({ preventScroll: true });
  };
  if (column.id === CURVE) {
    withArrows(openPanel(table.root, beside, make("div", "nt-title", {}, "curve of"), ...curveItems(table, done),
      make("div", "nt-rule"),
      item("Move left", done(() => table.moveColumn(CURVE, -1))), item("Move right", done(() => table.moveColumn(CURVE, 1))),
      item("Hide", done(() => table.hide(CURVE)))), "curve of");
    return;
  }
  const items = [
    item("Sort ascending", done(() => table.sortBy(column.id, false, false))),
    item("Sort descending", done(() => table.sortBy(column.id, false, true))),
    item("Filter…", () => {
      closePanel(table.root);
      table.showFilters(true);
      table.header.inputs.get(column.id)?.focus();
    }),
    item("Pinned to the left", done(() => table.pin(column.id)), entry.pinned),
    item("Move left", done(() => table.moveColumn(column.id, -1))),
    item("Move right", done(() => table.moveColumn(column.id, 1))),
    item("Fit the width", done(() => table.header.fitWidth(place))),
  ];
  if (column.kind !== "metric" && column.id !== "run_name") {
    items.push(item("Group by this", done(() => table.groupBy(table.group === column.id ? null : column.id)),
      table.group === column.id));
  }
  if (column.id !== "run_name") items.push(item("Hide", done(() => table.hide(column.id))));
  withArrows(openPanel(table.root, beside, make("div", "nt-title", {}, column.id), ...items), column.id);
}

function curveItems(table, done) {
  const { chosen, metrics } = table.curves;
  return [
    item("the metric sorted by, or the first", done(() => table.showCurveOf(null)), chosen === null),
    ...metrics.map((id) => item(id.slice("metrics.".length), done(() => table.showCurveOf(id)), chosen === id)),
  ];
}

export function columnsMenu(table, beside) {
  const search = make("input", "nt-search", { type: "search", placeholder: "Find a column", "aria-label": "find a column" });
  const list = make("div", "nt-list");
  const draw = () => {
    const wanted = search.value.trim().toLowerCase();
    list.replaceChildren();
    for (const [title, kind] of GROUPS) {
      const columns = [...table.data.columns.values()].filter((column) => column.kind === kind)
        .filter((column) => labelOf(column).toLowerCase().includes(wanted) || column.id.toLowerCase().includes(wanted));
      if (!columns.length) continue;
      if (title) list.append(groupTitle(title, columns));
      list.append(make("div", "", { role: "menu", "aria-label": title || "runs" }, ...columns.map(entryOf)));
    }
  };
  const groupTitle = (title, columns) => {
    const areAll = columns.every(({ id }) => table.layout.has(id));
    const label = areAll ? "hide all" : "show all";
    const act = () => {
      table.show(columns.map(({ id }) => id), !areAll);
      draw();
    };
    return make("div", "nt-title", {}, title, button(label, `${label} ${title}`, act, "nt-small"));
  };
  const entryOf = (column) => {
    const isOn = table.layout.has(column.id);
    const entry = item(labelOf(column), () => {
      if (column.id !== "run_name") table.show([column.id], !isOn);
      draw();
    }, isOn);
    entry.disabled = column.id === "run_name";
    return entry;
  };
  search.addEventListener("input", draw);
  draw();
  // What is in it is more than a menu may have.
  withArrows(openPanel(table.root, beside, search, list), "columns", "dialog");
  search.focus();
}

export function groupMenu(table, beside) {
  const columns = [...table.data.columns.values()]
    .filter(({ kind, id }) => kind === "param" || kind === "tag" || ["experiment", "status", "verdict", "user"].includes(id));
  const done = (id) => () => {
    closePanel(table.root);
    table.groupBy(id);
    table.grid.element.focus({ preventScroll: true });
  };
  const items = columns.map((column) => item(column.kind === "attribute" ? labelOf(column) : column.id, done(column.id),
    table.group === column.id));
  withArrows(openPanel(table.root, beside, item("no groups", done(null), table.group === null),
    make("div", "nt-list", {}, ...items)), "group by");
}

// A box to type in, for a tag or a note.
export function askFor(table, beside, { title, hint, value = "", act }) {
  const input = make("input", "nt-search", { type: "text", placeholder: hint, "aria-label": title });
  input.value = value;
  const send = () => {
    const text = input.value.trim();
    closePanel(table.root);
    table.grid.element.focus({ preventScroll: true });
    if (text) act(text);
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") send();
  });
  const panel = openPanel(table.root, beside, make("div", "nt-title", {}, title),
    make("div", "nt-line", {}, input, button("OK", title, send)));
  panel.classList.add("nt-ask");
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", title);
  input.focus();
}

