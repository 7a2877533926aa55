// What the keyboard and the mouse do to rows.

import { ROW_PX } from "./grid.js";

// The runs that are selected: by id, so that sorting and filtering leave them selected.
export class Selection {
  constructor(changed) {
    this.ids = new Set();
    this.changed = changed;
  }

  has(id) {
    return this.ids.has(id);
  }

  set(ids) {
    this.ids = new Set(ids);
    this.changed();
  }

  toggle(id) {
    if (!this.ids.delete(id)) this.ids.add(id);
    this.changed();
  }

  add(ids) {
    for (const id of ids) this.ids.add(id);
    this.changed();
  }
}

export function listenToKeys(table) {
  const { element } = table.grid;
  element.addEventListener("keydown", (event) => {
    if (event.target !== element) return;
    if (onKey(table, event)) event.preventDefault();
  });
  element.addEventListener("pointerdown", (event) => onPress(table, event));
  element.addEventListener("dblclick", (event) => {
    const row = event.target.closest(".nt-row");
    if (row?.runId && !event.target.dataset.check && !event.target.dataset.fold) table.act("show", [row.runId]);
  });
}

function onKey(table, event) {
  const { active, rows, grid } = table;
  const page = Math.max(Math.floor((grid.element.clientHeight - grid.headHeight) / ROW_PX) - 1, 1);
  const last = rows.count - 1;
  const control = event.ctrlKey || event.metaKey;
  const columns = table.layout.visible().length - 1;
  const { row, column } = active;
  switch (event.key) {
    case "ArrowDown":
      return move(table, control ? last : row + 1, column, event.shiftKey);
    case "ArrowUp":
      return move(table, control ? 0 : row - 1, column, event.shiftKey);
    case "PageDown":
      return move(table, row + page, column, event.shiftKey);
    case "PageUp":
      return move(table, Math.max(row - page, 0), column, event.shiftKey);
    case "ArrowRight":
      if (column === 0 && fold(table, row, true)) return true;
      return move(table, row, Math.min(column + 1, columns));
    case "ArrowLeft":
      if (column === 0 && fold(table, row, false)) return true;
      return move(table, row, Math.max(column - 1, 0));
    case "Home":
      return control ? move(table, 0, 0, event.shiftKey) : move(table, row, 0);
    case "End":
      return control ? move(table, last, columns, event.shiftKey) : move(table, row, columns);
    case " ":
      return space(table, event.shiftKey);
    case "Enter":
      return enter(table, event.shiftKey);
    case "ContextMenu":
      return columnMenuByKey(table);
    case "F10":
      return event.shiftKey && columnMenuByKey(table);
    case "Escape":
      if (table.selection.ids.size) table.selection.set([]);
      return true;
    case "a":
    case "A":
      if (control) table.selectAll();
      return control;
    case "c":
    case "C":
      if (control && table.selection.ids.size) table.act("copy");
      return control;
    default:
      return false;
  }
}

function columnMenuByKey(table) {
  const { column } = table.active;
  table.openColumnMenu(column, table.header.head.children[column + 1]);
  return true;
}

function move(table, row, column, extends_ = false) {
  const { rows, active } = table;
  const place = Math.max(-1, Math.min(row, rows.count - 1));
  if (extends_ && place >= 0) {
    table.anchor ??= Math.max(active.row, 0);
    selectRange(table, table.anchor, place);
  } else {
    table.anchor = null;
  }
  table.activate(place, column);
  return true;
}

function fold(table, place, open) {
  const row = place >= 0 ? table.rows.at(place) : null;
  if (row?.foldKey == null || row.isOpen === open) return false;
  table.fold(row.foldKey);
  return true;
}

function space(table, isRange) {
  const { active, rows } = table;
  if (active.row < 0) return true;
  if (isRange && table.anchor !== null) {
    selectRange(table, table.anchor, active.row);
    return true;
  }
  table.anchor = active.row;
  toggle(table, rows.at(active.row), active.row);
  return true;
}

function enter(table, isMore) {
  const { active } = table;
  if (active.row < 0) {
    const column = table.layout.visible()[active.column];
    if (column) table.sortBy(column.id, isMore);
    return true;
  }
  const row = table.rows.at(active.row);
  if (row?.group) table.fold(row.foldKey);
  else if (row) table.act("show", [row.id]);
  return true;
}

// A group's row stands for all the runs in it.
async function toggle(table, row, place) {
  if (!row) return;
  if (!row.group) {
    table.selection.toggle(row.id);
    return;
  }
  let ids = [];
  try {
    ids = await table.rows.ids(place, place + 1);
  } catch (error) {
    table.say(error.message);
    return;
  }
  if (ids.every((id) => table.selection.has(id))) {
    table.selection.set([...table.selection.ids].filter((id) => !ids.includes(id)));
  } else {
    table.selection.add(ids);
  }
  table.activate(place, table.active.column);
}

export async function selectRange(table, from, to, adds = false) {
  try {
    const ids = await table.rows.ids(Math.min(from, to), Math.max(from, to) + 1);
    if (adds) table.selection.add(ids);
    else table.selection.set(ids);
  } catch (error) {
    table.say(error.message);
  }
}

function onPress(table, event) {
  const element = event.target.closest(".nt-row");
  if (!element || event.button !== 0) return;
  const { place } = element;
  const row = table.rows.at(place);
  if (!row) return;
  const cell = event.target.closest(".nt-cell");
  const column = Number(cell?.dataset.column ?? table.active.column);
  const isCheck = cell?.dataset.check !== undefined;
  if (event.target.dataset.fold || (row.group && !isCheck)) {
    table.fold(row.foldKey);
  } else if (event.shiftKey) {
    event.preventDefault();
    table.anchor ??= Math.max(table.active.row, 0);
    selectRange(table, table.anchor, place, event.ctrlKey || event.metaKey);
  } else if (isCheck || event.ctrlKey || event.metaKey) {
    table.anchor = place;
    toggle(table, row, place);
  } else {
    table.anchor = place;
    table.selection.set([row.id]);
  }
  table.activate(place, Number.isNaN(column) ? 0 : column);
  table.grid.element.focus({ preventScroll: true });
}
