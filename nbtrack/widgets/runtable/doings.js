// What a person does with a table: the methods of Table that buttons, menus and keys call.

import { amount } from "./format.js";
import { columnMenu } from "./menus.js";
import { copyText, download } from "./panes.js";
import { DELTA_PX } from "./baseline.js";
import { CURVE } from "./curves.js";

const REST_MS = 200;

export const doings = {
  sortBy(asked, adds, down = null) {
    const id = asked === CURVE ? this.curves.metric : asked;
    if (id === null) return;
    const before = this.sort.find(([known]) => known === id);
    const column = this.data.columns.get(id);
    // What is better comes first, and what is newer.
    const first = column.better ? column.better === "higher" : column.type === "time";
    const rest = adds ? this.sort.filter(([known]) => known !== id) : [];
    if (down !== null) this.sort = [[id, down]];
    else if (!before) this.sort = [...rest, [id, first]];
    else if (before[1] === first) this.sort = this.sort.map((pair) => (pair[0] === id ? [id, !first] : pair));
    else this.sort = rest;
    if (!adds && this.sort.length > 1) this.sort = this.sort.filter(([known]) => known === id);
    this.grid.element.scrollTop = 0;
    this.changed();
  },

  findQuickly(text) {
    this.quick = text;
    this.grid.element.scrollTop = 0;
    this.changed();
  },

  filterBy(text) {
    this.expression = text.trim();
    this.toolbar.complain("");
    if (!this.rows.isLocal) this.changed();
    else if (this.expression) this.match();
    else {
      this.bits = null;
      this.changed();
    }
  },

  // The grammar lives in the kernel: it says which of the runs here fit.
  async match() {
    const { expression } = this;
    try {
      const found = await this.data.link.ask("match", { expression });
      if (expression !== this.expression) return;
      if (found.revision !== this.data.revision) await this.data.hello();
      const bytes = found.buffers[0];
      this.bits = new Uint8Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
      this.toolbar.complain("");
    } catch (error) {
      if (expression !== this.expression) return;
      this.bits = null;
      this.toolbar.complain(error.message);
    }
    this.changed();
  },

  showFilters(isOn) {
    this.showsFilters = isOn;
    if (!isOn && this.filters.size) {
      this.filters.clear();
      for (const input of this.header.inputs.values()) input.classList.remove("nt-wrong");
    }
    this.changed();
  },

  async showDiffering() {
    this.isDiffering = !this.isDiffering;
    if (this.isDiffering) {
      this.before = [...this.layout.columns];
      const asked = this.layout.visible().map(({ id }) => id).filter((id) => id.includes(".") || id === "seed");
      try {
        const kept = new Set(await this.rows.differing(asked));
        this.layout.columns = this.layout.columns.filter(({ id }) => !asked.includes(id) || kept.has(id));
        this.say(`${amount(asked.length - kept.size, "column")} with the same value in all runs hidden`);
      } catch (error) {
        this.isDiffering = false;
        this.say(error.message);
      }
    } else {
      const known = new Set(this.before.map(({ id }) => id));
      this.layout.columns = [...this.before, ...this.layout.columns.filter(({ id }) => !known.has(id))];
    }
    this.grid.layOut();
    this.changed();
  },

  show(ids, isOn) {
    const wanted = new Set(ids);
    if (!isOn) this.layout.columns = this.layout.columns.filter(({ id }) => !wanted.has(id));
    for (const id of isOn ? ids : []) {
      const column = this.data.columns.get(id);
      const there = this.layout.columns.find((entry) => entry.id === id);
      if (there) there.width ??= this.widthFor(column);
      else this.layout.columns.push({ id, width: this.widthFor(column), pinned: false });
      if (id === "run_name") this.layout.columns.find((entry) => entry.id === id).pinned = true;
    }
    this.layout.settle();
    this.grid.layOut();
    if (this.rows.isLocal) this.data.load(ids).catch((error) => this.say(error.message));
    this.changed();
  },

  hide(id) {
    this.show([id], false);
  },

  pin(id) {
    const column = this.layout.columns.find((entry) => entry.id === id);
    column.pinned = !column.pinned;
    this.layout.settle();
    this.layOut();
  },

  moveColumn(id, step) {
    const place = this.layout.columns.findIndex((entry) => entry.id === id);
    this.layout.move(id, place + step);
    this.layOut();
  },

  showCurveOf(metric) {
    this.curves.chosen = metric;
    this.redraw();
  },

  // The run that the others are held against; null for none.
  compareWith(id) {
    const had = this.baseline.id !== null;
    this.baseline.set(id);
    const has = this.baseline.id !== null;
    for (const column of had === has ? [] : this.layout.columns) {
      if (this.data.columns.get(column.id)?.kind === "metric") column.width += has ? DELTA_PX : -DELTA_PX;
    }
    this.grid.layOut();
    this.redraw();
    if (has) this.loadBaseline();
  },

  async loadBaseline() {
    try {
      const metrics = this.layout.visible().map(({ id }) => id).filter((id) => id.startsWith("metrics."));
      await this.baseline.load(metrics);
    } catch (error) {
      this.say(error.message);
      return;
    }
    this.grid.draw(true);
    this.footer.draw();
  },

  setBaseline(id) {
    this.compareWith(id);
    this.choose("baseline", id ?? "");
  },

  groupBy(id) {
    this.group = id;
    this.rows.open.clear();
    this.active = { row: -1, column: 0 };
    this.grid.element.scrollTop = 0;
    this.changed();
  },

  fold(key) {
    this.rows.fold(key);
    this.redraw();
  },

  openColumnMenu(place, beside) {
    columnMenu(this, place, beside);
  },

  activate(row, column) {
    this.active = { row, column };
    this.header.layOut();
    if (row >= 0) this.grid.reveal(row, column);
    this.grid.markAll();
    if (row < 0) this.grid.element.setAttribute("aria-activedescendant", `${this.prefix}-h${column}`);
  },

  async selectAll() {
    if (this.selection.ids.size && this.selection.ids.size >= this.rows.matched) {
      this.selection.set([]);
      return;
    }
    try {
      this.selection.set(await this.rows.allIds());
    } catch (error) {
      this.say(error.message);
    }
  },

  selected() {
    this.grid.markAll();
    this.footer.draw();
    this.choose("selection", [...this.selection.ids]);
  },

  // By a message: ipywidgets hold back what they keep in step until the kernel has taken what was sent before, and a
  // cell that somebody runs meanwhile would be given an older choice.
  choose(name, value) {
    if (this.data.link.isDead) return;
    this.model.set(name, value);
    this.data.link.tell("choose", { name, value });
  },

  // --- what is done with runs -----------------------------------------------------------------------------------

  // On a page of its own, what is selected is shown beside the table as soon as the choice has come to rest.
  openSoon() {
    if (!this.model.get("opens_selection")) return;
    clearTimeout(this.opening);
    const hideIfNone = () => {
      if (!this.selection.ids.size) this.pane.element.hidden = true;
    };
    hideIfNone();
    const name = this.selection.ids.size === 1 ? "show" : "compare";
    // The answer may come when nothing is selected any more.
    if (this.selection.ids.size) this.opening = setTimeout(() => this.act(name).then(hideIfNone), REST_MS);
  },

  async act(name, ids = null, values = {}) {
    let runs = ids ?? [...this.selection.ids];
    if (!runs.length) return;
    if (name === "baseline") {
      this.setBaseline(runs[0] === this.baseline.id ? null : runs[0]);
      return;
    }
    const { id } = this.baseline;
    // What the others are held against comes first, whether it is among them or not.
    if (name === "compare" && id !== null) runs = [id, ...runs.filter((run) => run !== id)];
    if (name === "copy") {
      const done = await copyText(runs.join("\n"));
      this.say(done ? `${amount(runs.length, "id")} copied` : "The browser does not let the id be copied");
      return;
    }
    try {
      const found = await this.data.link.ask("act", { ...values, name, ids: runs });
      if (found.html) this.pane.show(found.title, found.html);
      if (found.file) download(found.file, found.buffers[0]);
      if (found.said) this.say(found.said);
      if (name === "archive" || name === "restore") this.selection.set([]);
    } catch (error) {
      this.say(error.message);
    }
  },
};
