// The rows on the screen: as many elements as fit, filled anew as one scrolls.

import { make } from "../frontend/dom.js";
import { isRight, paintCell } from "./cells.js";
import { CURVE } from "./curves.js";

export const ROW_PX = 26;
export const CHECK_PX = 30;
const AROUND = 6;
// More are on no screen.
const MOST_ROWS = 300;
// Browsers cap an element's height; beyond this a pixel of scrolling is more than a pixel of rows.
const TALLEST_PX = 8_000_000;

export class Grid {
  // table: {root, rows, layout, selection, active, formats, data}
  constructor(table) {
    this.table = table;
    this.body = make("div", "nt-body", { role: "rowgroup" });
    this.element = make("div", "nt-grid", {
      role: "grid", tabindex: "0", "aria-multiselectable": "true", "aria-label": "runs",
    });
    this.shown = new Map();
    this.spare = [];
    this.height = 0;
    this.element.addEventListener("scroll", () => this.soon(), { passive: true });
    // Every cell that sticks is a layer to put together for each picture: none does before it has to.
    this.isSideways = false;
  }

  // What the header and the filters take from the top.
  get headHeight() {
    return this.table.header.height;
  }

  soon() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const isSideways = this.element.scrollLeft > 0;
      if (isSideways !== this.isSideways) {
        this.isSideways = isSideways;
        this.element.classList.toggle("nt-sideways", isSideways);
      }
      this.draw(false);
    });
  }

  // Columns have changed: their widths stand in the style of the table, once for all rows.
  layOut() {
    const columns = this.table.layout.visible();
    let left = CHECK_PX;
    let width = CHECK_PX;
    this.lefts = columns.map(({ pinned, width: own }) => {
      const place = pinned ? left : null;
      if (pinned) left += own;
      width += own;
      return place;
    });
    this.pinnedWidth = left;
    this.width = width;
    this.body.style.width = `${width}px`;
    for (const element of this.shown.values()) element.remove();
    for (const element of this.spare) element.remove();
    this.shown.clear();
    this.spare = [];
  }

  get scale() {
    const { count } = this.table.rows;
    return Math.max((count * ROW_PX) / TALLEST_PX, 1);
  }

  // Where the rows begin, in pixels of rows.
  get top() {
    const { scrollTop, clientHeight } = this.element;
    if (this.scale === 1) return scrollTop;
    const room = clientHeight - this.headHeight;
    const most = this.body.offsetHeight - room;
    return (scrollTop / Math.max(most, 1)) * (this.table.rows.count * ROW_PX - room);
  }

  window() {
    const room = Math.max(this.element.clientHeight - this.headHeight, ROW_PX);
    const first = Math.floor(this.top / ROW_PX);
    return [first, Math.min(Math.ceil((this.top + room) / ROW_PX), first + MOST_ROWS)];
  }

  draw(anew) {
    const { rows } = this.table;
    const height = Math.min(rows.count * ROW_PX, TALLEST_PX);
    if (height !== this.height) {
      this.height = height;
      this.body.style.height = `${height}px`;
    }
    const [first, last] = this.window();
    const start = Math.max(first - AROUND, 0);
    const stop = Math.min(last + AROUND, rows.count);
    for (const [place, element] of this.shown) {
      if (place < start || place >= stop) {
        this.shown.delete(place);
        this.spare.push(element);
      }
    }
    const shift = this.scale === 1 ? 0 : this.element.scrollTop - this.top;
    for (let place = start; place < stop; place += 1) {
      let element = this.shown.get(place);
      const isNew = element === undefined;
      if (isNew) {
        element = this.spare.pop() ?? this.makeRow();
        this.shown.set(place, element);
      }
      if (isNew || shift || anew) element.style.transform = `translateY(${place * ROW_PX + shift}px)`;
      if (isNew || anew) this.paint(element, place);
    }
    // Elements that wait for their turn keep the place that they had, out of sight.
    for (const element of this.spare) element.style.transform = "translateY(-9999px)";
    rows.need(start, stop);
    if (this.table.layout.has(CURVE)) this.needCurves(start, stop);
  }

  needCurves(start, stop) {
    const { rows, curves } = this.table;
    const seen = [];
    for (let place = start; place < stop; place += 1) {
      const row = rows.at(place);
      if (row?.id) seen.push(row);
    }
    curves.need(seen);
  }

  // One column of the rows that are here.
  repaint(id) {
    const index = this.table.layout.visible().findIndex((column) => column.id === id);
    if (index < 0) return;
    const column = this.table.data.columns.get(id);
    for (const [place, element] of this.shown) {
      paintCell(element.children[index + 1], column, this.table.rows.at(place), this.how(id));
    }
  }

  how(id) {
    const { formats, rows, now, curves, baseline } = this.table;
    return { format: formats.get(id), best: rows.best[id], now, curves, baseline };
  }

  makeRow() {
    const { layout, prefix } = this.table;
    const element = make("div", "nt-row", { role: "row", style: `width:${this.width}px` });
    const check = make("div", "nt-cell nt-check nt-pinned", { role: "gridcell", "data-check": "1", style: "left:0" });
    check.append(make("span", "nt-box", { "aria-hidden": "true" }));
    element.append(check);
    this.cells ??= 0;
    layout.visible().forEach(({ id, width }, place) => {
      const column = this.table.data.columns.get(id);
      const left = this.lefts[place];
      const kind = `nt-cell${isRight(column) ? " nt-right" : ""}${id === "run_name" ? " nt-named" : ""}${left === null ? "" : " nt-pinned"}`;
      const edge = this.table.layout.isEdge(place) ? " nt-edge" : "";
      const cell = make("div", kind + edge, { role: "gridcell", "aria-colindex": place + 2, "data-column": place });
      cell.style.width = `${width}px`;
      cell.room = width;
      if (left !== null) cell.style.left = `${left}px`;
      this.cells += 1;
      cell.id = `${prefix}-${this.cells}`;
      element.append(cell);
    });
    this.body.append(element);
    return element;
  }

  paint(element, place) {
    const { table } = this;
    const row = table.rows.at(place);
    element.place = place;
    element.setAttribute("aria-rowindex", place + 2);
    element.classList.toggle("nt-odd", place % 2 === 1);
    element.classList.toggle("nt-group", Boolean(row?.group));
    element.classList.toggle("nt-baseline", Boolean(row?.id) && row.id === table.baseline.id);
    if (row?.foldKey != null) element.setAttribute("aria-expanded", String(row.isOpen));
    else element.removeAttribute("aria-expanded");
    const cells = element.children;
    table.layout.visible().forEach(({ id }, index) => {
      const column = table.data.columns.get(id);
      paintCell(cells[index + 1], column, row, this.how(id));
    });
    element.runId = row?.id ?? null;
    this.mark(element);
  }

  // What is selected and where the keyboard is: told of rows without painting them.
  mark(element) {
    const { selection, active } = this.table;
    const isSelected = element.runId !== null && selection.has(element.runId);
    element.setAttribute("aria-selected", String(isSelected));
    const isActive = active.row === element.place;
    if (element.at) element.at.classList.remove("nt-at");
    element.at = isActive ? (element.children[active.column + 1] ?? element.children[1]) : null;
    if (element.at) {
      element.at.classList.add("nt-at");
      this.element.setAttribute("aria-activedescendant", element.at.id);
    }
  }

  markAll() {
    if (this.table.active.row < 0) this.element.removeAttribute("aria-activedescendant");
    for (const element of this.shown.values()) this.mark(element);
  }

  // Scrolls as little as it takes to have a cell in sight.
  reveal(place, index) {
    const room = this.element.clientHeight - this.headHeight;
    const top = place * ROW_PX;
    let target = null;
    if (top < this.top) target = top;
    else if (top + ROW_PX > this.top + room) target = top + ROW_PX - room;
    if (target !== null) this.element.scrollTop = target / this.scale;
    const column = this.table.layout.visible()[index];
    if (column && !column.pinned) {
      const before = this.table.layout.visible().slice(0, index).reduce((sum, { width }) => sum + width, CHECK_PX);
      const { scrollLeft, clientWidth } = this.element;
      if (before - this.pinnedWidth < scrollLeft) this.element.scrollLeft = before - this.pinnedWidth;
      else if (before + column.width > scrollLeft + clientWidth) {
        this.element.scrollLeft = before + column.width - clientWidth;
      }
    }
    this.draw(false);
  }
}
