// The row of names: click to sort, drag to move, drag its edge to resize; and the row of filters below it.

import { make } from "../frontend/dom.js";
import { isRight, labelOf } from "./cells.js";
import { HINTS, parsed } from "./filters.js";
import { CURVE } from "./curves.js";

const HEAD_PX = 40;
const FILTER_PX = 30;
const NARROWEST_PX = 44;
const DRAG_AFTER_PX = 5;
const KINDS = { metric: "metrics", param: "params", tag: "tags" };

// Which columns are shown, in which order and how wide.
export class Layout {
  constructor() {
    this.columns = [];
  }

  visible() {
    return this.columns;
  }

  has(id) {
    return this.columns.some((column) => column.id === id);
  }

  // Pinned ones stand first.
  settle() {
    this.columns = [...this.columns.filter(({ pinned }) => pinned), ...this.columns.filter(({ pinned }) => !pinned)];
  }

  move(id, place) {
    const from = this.columns.findIndex((column) => column.id === id);
    const [moved] = this.columns.splice(from, 1);
    this.columns.splice(Math.max(0, Math.min(place, this.columns.length)), 0, moved);
    this.settle();
  }

  // The first column of another kind has a line before it.
  isEdge(place) {
    return place > 0 && kindOf(this.columns[place].id) !== kindOf(this.columns[place - 1].id);
  }
}

function kindOf(id) {
  return id === CURVE ? id : id.includes(".") ? id.slice(0, id.indexOf(".")) : "";
}

export class Header {
  constructor(table) {
    this.table = table;
    this.head = make("div", "nt-head", { role: "row", "aria-rowindex": "1" });
    this.filters = make("div", "nt-filters", { role: "row" });
    this.corner = make("div", "nt-cell nt-check nt-pinned", { role: "gridcell", style: "left:0" });
    this.filterCells = new Map();
    this.element = make("div", "nt-top", { role: "rowgroup" }, this.head, this.filters);
    this.inputs = new Map();
    this.head.addEventListener("pointerdown", (event) => this.grab(event));
    this.head.addEventListener("click", (event) => {
      const { menu } = event.target.dataset;
      if (menu !== undefined) this.table.openColumnMenu(Number(menu), event.target);
    });
    this.head.addEventListener("dblclick", (event) => {
      if (event.target.dataset.edge) this.fitWidth(Number(event.target.dataset.edge));
    });
  }

  get height() {
    return HEAD_PX + (this.table.showsFilters ? FILTER_PX : 0);
  }

  layOut() {
    const { table } = this;
    const { layout, data, grid } = table;
    this.element.style.width = `${grid.width}px`;
    const all = make("div", "nt-cell nt-check nt-pinned", { role: "columnheader", style: "left:0", title: "Select all" });
    all.append(make("span", "nt-box", { "aria-hidden": "true" }));
    const cells = [all];
    const inputs = [this.corner];
    let kind = null;
    layout.visible().forEach(({ id, width }, place) => {
      const column = data.columns.get(id);
      const left = grid.lefts[place];
      const style = `width:${width}px${left === null ? "" : `;left:${left}px`}`;
      const names = `nt-cell${isRight(column) ? " nt-right" : ""}${id === "run_name" ? " nt-named" : ""}${left === null ? "" : " nt-pinned"}`;
      const edge = layout.isEdge(place) ? " nt-edge" : "";
      const own = id === CURVE ? "curve" : (KINDS[column.kind] ?? "");
      const isFirst = own !== kind;
      kind = own;
      cells.push(this.headCell(column, place, names + edge, style, isFirst ? own : ""));
      inputs.push(this.filterCell(column, names + edge, style));
    });
    this.head.replaceChildren(...cells);
    // Who types goes on typing: an answer to what was typed so far may have come. What is moved loses the focus, and
    // the notebook may take it before it is given back.
    const { children } = this.filters;
    if (inputs.length !== children.length || inputs.some((cell, at) => cell !== children[at])) {
      const focused = this.filters.contains(document.activeElement) ? document.activeElement : null;
      this.filters.replaceChildren(...inputs);
      focused?.focus({ preventScroll: true });
    }
    this.filters.hidden = !table.showsFilters;
  }

  headCell(column, place, names, style, kind) {
    const { sort, active } = this.table;
    const sorted = sort.findIndex(([id]) => id === column.id);
    const down = sorted >= 0 && sort[sorted][1];
    const state = sorted < 0 ? "none" : down ? "descending" : "ascending";
    const arrow = sorted < 0 ? "" : (down ? "▼" : "▲") + (sort.length > 1 ? sorted + 1 : "");
    const better = column.better ? `\n${column.better} is better` : "";
    const label = column.id === CURVE ? this.table.curves.label : labelOf(column);
    const mark = this.table.filters.has(column.id) ? make("span", "nt-filtered", { title: "filtered" }, "▾") : "";
    const cell = make(
      "div", names, {
        role: "columnheader", style, "aria-sort": state, "aria-colindex": place + 2, "data-head": place,
        title: `${column.id}${better}\nClick to sort, Shift-click to sort by it too; drag to move`,
        id: `${this.table.prefix}-h${place}`,
      },
      make("span", "nt-kind", {}, kind),
      make("span", "nt-label", {}, make("span", "nt-text", {}, label), mark, make("span", "nt-arrow", {}, arrow)),
      make("span", "nt-menu", { "data-menu": place, title: `Menu of ${label}`, "aria-hidden": "true" }, "⋮"),
      make("span", "nt-resize", { "data-edge": place, title: "Drag to resize; double-click to fit" }),
    );
    cell.classList.toggle("nt-at", active.row === -1 && active.column === place && this.table.hasFocus);
    return cell;
  }

  filterCell(column, names, style) {
    const { table } = this;
    const given = table.filters.get(column.id);
    const type = column.type;
    let cell = this.filterCells.get(column.id);
    if (!cell) {
      cell = make("div", names, { role: "gridcell" });
      this.filterCells.set(column.id, cell);
    }
    cell.className = names;
    cell.style.cssText = style;
    if (type === "curve") return cell;
    let input = this.inputs.get(column.id);
    if (!input) {
      input = make("input", "nt-filter", {
        type: "text", placeholder: type === "text" ? "contains" : type === "time" ? "2h, > date" : "> 0",
        title: HINTS[type], "aria-label": `filter ${column.id}`, spellcheck: "false", autocomplete: "off",
        oninput: () => {
          clearTimeout(input.timer);
          input.timer = setTimeout(() => this.filter(column, input), 160);
          input.isPending = true;
          table.busy(column.id, true);
        },
        onkeydown: (event) => {
          if (event.key === "Enter") this.filter(column, input);
          if (event.key === "Escape" && input.value) {
            input.value = "";
            this.filter(column, input);
          }
        },
      });
      this.inputs.set(column.id, input);
      cell.append(input);
    }
    const isOwn = document.activeElement === input || input.isPending || input.classList.contains("nt-wrong");
    if (!isOwn) input.value = given?.text ?? "";
    return cell;
  }

  filter(column, input) {
    const { table } = this;
    clearTimeout(input.timer);
    input.isPending = false;
    table.busy(column.id, false);
    const found = parsed(input.value, column.type, Date.now());
    const isWrong = Boolean(found?.error);
    input.classList.toggle("nt-wrong", isWrong);
    if (isWrong) {
      table.say(`${labelOf(column)}: accepted is a text ${found.error}`);
      return;
    }
    if (found) table.filters.set(column.id, { ...found, text: input.value });
    else table.filters.delete(column.id);
    table.changed();
  }

  // --- the mouse ------------------------------------------------------------------------------------------------

  grab(event) {
    const { table } = this;
    if (event.button !== 0) return;
    const { edge, menu } = event.target.dataset;
    const cell = event.target.closest("[role=columnheader]");
    // Its menu opens on the click: one that opens earlier is closed by the release of the button.
    if (menu !== undefined) return;
    if (edge !== undefined) {
      this.resize(event, Number(edge));
    } else if (cell?.dataset.head !== undefined) {
      this.press(event, Number(cell.dataset.head), cell);
    } else if (cell) {
      table.selectAll();
    }
  }

  resize(event, place) {
    const { table } = this;
    event.preventDefault();
    const column = table.layout.visible()[place];
    const start = event.clientX - column.width;
    this.follow(event, (move) => {
      column.width = Math.max(NARROWEST_PX, Math.round(move.clientX - start));
      table.layOut();
    });
  }

  press(event, place, cell) {
    const { table } = this;
    let target = null;
    const marker = make("div", "nt-drop");
    const move = (moved) => {
      if (target === null && Math.abs(moved.clientX - event.clientX) < DRAG_AFTER_PX) return;
      target = this.placeAt(moved.clientX);
      cell.classList.add("nt-dragged");
      this.element.append(marker);
      marker.style.left = `${this.edgeOf(target)}px`;
    };
    this.follow(event, move, (ended) => {
      marker.remove();
      if (target === null) {
        table.active = { row: -1, column: place };
        table.sortBy(table.layout.visible()[place].id, ended.shiftKey);
        return;
      }
      table.layout.move(table.layout.visible()[place].id, target > place ? target - 1 : target);
      table.layOut();
    });
  }

  follow(event, move, done = () => {}) {
    const { element } = this;
    element.setPointerCapture?.(event.pointerId);
    const end = (ended) => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", end);
      element.removeEventListener("pointercancel", end);
      done(ended);
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
  }

  placeAt(x) {
    const cells = [...this.head.children].slice(1);
    const found = cells.findIndex((cell) => {
      const box = cell.getBoundingClientRect();
      return x < box.left + box.width / 2;
    });
    return found < 0 ? cells.length : found;
  }

  edgeOf(place) {
    const cells = [...this.head.children];
    const cell = cells[place + 1];
    const last = cells.at(-1);
    return cell ? cell.offsetLeft : last.offsetLeft + last.offsetWidth;
  }

  // As wide as what is on the screen.
  fitWidth(place) {
    const { table } = this;
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.font = getComputedStyle(table.grid.body).font;
    const texts = [...table.grid.shown.values()].map((row) => row.children[place + 1].textContent);
    texts.push(`${this.head.children[place + 1].querySelector(".nt-text").textContent}    `);
    const widest = Math.max(...texts.map((text) => canvas.measureText(text).width));
    table.layout.visible()[place].width = Math.max(NARROWEST_PX, Math.min(Math.ceil(widest) + 26, 600));
    table.layOut();
  }
}

