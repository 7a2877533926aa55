// One place where a table is shown: its parts, and how they follow what is asked for and what there is.

import { closePanel, hideTwin, keepKeys, make, watchSeen } from "../frontend/dom.js";
import { formatOf, widthOf } from "./cells.js";
import { LocalRows } from "./local.js";
import { Baseline, DELTA_PX } from "./baseline.js";
import { CURVE, Curves } from "./curves.js";
import { PagedRows } from "./paged.js";
import { Grid, ROW_PX } from "./grid.js";
import { Header, Layout } from "./header.js";
import { Selection, listenToKeys } from "./keys.js";
import { Footer, Pane, Toolbar } from "./panes.js";

const AGES_MS = 20_000;
let made = 0;

export class Table {
  constructor(model, data, el) {
    made += 1;
    this.prefix = `nbtrack-${made}-${Math.random().toString(36).slice(2, 8)}`;
    this.model = model;
    this.data = data;
    this.layout = new Layout();
    this.sort = data.sort.map(([id, down]) => [id, down]);
    this.filters = new Map();
    this.quick = "";
    this.expression = "";
    this.bits = null;
    this.group = null;
    this.curves = new Curves(this);
    this.baseline = new Baseline(this);
    this.active = { row: -1, column: 0 };
    this.anchor = null;
    this.hasFocus = false;
    this.showsFilters = false;
    this.isDiffering = false;
    this.formats = new Map();
    this.isBusyWith = new Set();
    this.now = Date.now();
    this.selection = new Selection(() => {
      this.selected();
      this.openSoon();
    });
    this.selection.ids = new Set(model.get("selection"));
    this.build(el);
    this.rows = this.makeRows();
    this.show(data.shown, true);
    this.listen();
    this.fitHeight();
    // Only now is it known how high the grid is.
    requestAnimationFrame(() => this.grid.draw(true));
  }

  build(el) {
    this.root = make("div", "nt-root", { tabindex: "-1" });
    // The kernel puts the style sheet before the script.
    this.root.append(make("style", "", {}, typeof STYLE === "string" ? STYLE : ""));
    hideTwin(this.root, this.model.get("_twin"));
    this.grid = new Grid(this);
    this.header = new Header(this);
    this.toolbar = new Toolbar(this);
    this.footer = new Footer(this);
    this.pane = new Pane(this);
    this.grid.element.append(this.header.element, this.grid.body);
    this.empty = make("div", "nt-empty", { hidden: "" });
    this.root.append(this.toolbar.element, this.toolbar.error, this.grid.element, this.empty, this.footer.element,
      this.pane.element);
    keepKeys(this.root, el);
    el.replaceChildren(this.root);
  }

  listen() {
    listenToKeys(this);
    this.ended = [
      this.data.listen((what) => this.hear(what)),
      this.data.link.onWaiting((isWaiting) => this.footer.wait(isWaiting)),
      this.data.link.onAsking((isAsking) => this.busy("kernel", isAsking)),
    ];
    this.onSelection = () => {
      this.selection.ids = new Set(this.model.get("selection"));
      this.grid.markAll();
      this.footer.draw();
    };
    this.model.on("change:selection", this.onSelection);
    this.onBaseline = () => this.compareWith(this.model.get("baseline") || null);
    this.model.on("change:baseline", this.onBaseline);
    if (this.baseline.id !== null) this.loadBaseline();
    for (const kind of ["focusin", "focusout"]) {
      this.grid.element.addEventListener(kind, () => {
        this.hasFocus = document.activeElement === this.grid.element;
        if (this.hasFocus && this.active.row < 0 && this.rows.count && !this.anchor) this.active.row = 0;
        this.grid.markAll();
      });
    }
    this.resized = new ResizeObserver(() => this.grid.soon());
    this.resized.observe(this.grid.element);
    this.ages = setInterval(() => {
      this.now = Date.now();
      if (this.isSeen) this.grid.draw(true);
    }, AGES_MS);
    this.leave = watchSeen(this.root, (isSeen) => this.see(isSeen));
    this.data.hello().catch((error) => this.say(error.message));
  }

  // The kernel looks for new runs only as long as somebody could see them.
  see(isSeen) {
    if (isSeen === this.isSeen) return;
    this.isSeen = isSeen;
    this.data.link.tell("visible", { view: this.prefix, on: isSeen });
    if (isSeen) this.grid.soon();
  }

  dispose() {
    this.leave();
    for (const end of this.ended) end();
    this.model.off("change:selection", this.onSelection);
    this.model.off("change:baseline", this.onBaseline);
    this.resized.disconnect();
    clearInterval(this.ages);
    closePanel(this.root);
  }

  // --- the rows -------------------------------------------------------------------------------------------------

  makeRows() {
    if (this.data.local) return new LocalRows(this.data);
    const rows = new PagedRows(this.data, () => this.redraw(), (error) => this.toolbar.complain(error?.message ?? ""));
    this.layout.columns = this.data.shown.map((id) => ({ id }));
    rows.begin(this.query());
    return rows;
  }

  query() {
    const texts = this.layout.visible().map(({ id }) => this.data.columns.get(id)).filter(({ type }) => type === "text");
    return {
      sort: this.sort,
      quick: this.quick,
      searched: texts.map(({ id }) => id),
      filters: [...this.filters].map(([column, { operator, values }]) => ({ column, operator, values })),
      expression: this.expression,
      bits: this.bits,
      group: this.group,
      columns: this.layout.visible().map(({ id }) => id).filter((id) => id !== CURVE),
    };
  }

  hear(what) {
    if (what === "rows") {
      if (!this.rows.isLocal) {
        this.rows = new LocalRows(this.data);
        this.formats.clear();
        this.grid.layOut();
      }
      this.changed();
      if (this.expression) this.match();
    } else if (what === "page" && !this.rows.isLocal) {
      this.rows.push(this.data.page);
    } else if (what === "curves") {
      this.grid.repaint(CURVE);
    } else if (what === "columns") {
      if (!this.rows.isLocal) this.rows.best = this.data.best;
      this.layOut();
    }
  }

  // What is asked for has changed, or what there is.
  changed() {
    if (this.rows.isLocal) {
      const needed = [...this.sort.map(([id]) => id), ...this.filters.keys(), ...(this.group ? [this.group] : [])];
      this.data.load(needed.filter((id) => this.data.columns.has(id))).catch((error) => this.say(error.message));
    }
    const { bits, ...query } = this.query();
    this.rows.update(this.rows.isLocal ? { ...query, bits } : query);
    if (this.baseline.id !== null) this.loadBaseline();
    this.redraw();
  }

  redraw() {
    for (const { id } of this.layout.visible()) {
      if (!this.formats.has(id) && this.rows.count) {
        this.formats.set(id, formatOf(this.data.columns.get(id), this.rows.sample(id)));
      }
    }
    this.grid.element.setAttribute("aria-rowcount", this.rows.count + 1);
    this.header.layOut();
    // First of all: a grid without a height would be as high as all its rows.
    this.fitHeight();
    this.grid.draw(true);
    this.toolbar.draw();
    this.footer.draw();
    const isEmpty = this.rows.count === 0;
    this.empty.hidden = !isEmpty;
    if (isEmpty) this.empty.textContent = this.data.total ? "No run fits the filters." : this.model.get("_empty");
  }

  // A metric's column has room for the difference where there is a run to differ from.
  widthFor(column) {
    return widthOf(column) + (column.kind === "metric" && this.baseline.id !== null ? DELTA_PX : 0);
  }

  layOut() {
    this.grid.layOut();
    this.grid.element.setAttribute("aria-colcount", this.layout.visible().length + 1);
    this.redraw();
  }

  fitHeight() {
    const rows = Math.min(Math.max(this.rows.count, 1), this.model.get("_height_rows"));
    const { element } = this.grid;
    const scrollbar = element.offsetHeight - element.clientHeight;
    const height = this.header.height + (this.rows.count ? rows * ROW_PX : 2) + scrollbar;
    element.style.height = `${height}px`;
  }

  // Whether the rows are those asked for, or will be.
  busy(what, isBusy) {
    if (isBusy) this.isBusyWith.add(what);
    else this.isBusyWith.delete(what);
    this.grid.element.setAttribute("aria-busy", String(this.isBusyWith.size > 0));
  }

  say(message) {
    this.footer.say(message);
  }
}
