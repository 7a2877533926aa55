// What stands around the grid: filters above it, what is selected and what can be done with it below.

import { button, make } from "../frontend/dom.js";
import { amount } from "./format.js";
import { askFor, columnsMenu, groupMenu } from "./menus.js";

export class Toolbar {
  constructor(table) {
    this.table = table;
    this.quick = make("input", "nt-quick", {
      type: "search", placeholder: "Find runs", "aria-label": "find runs", spellcheck: "false", autocomplete: "off",
      title: "Words that a run's name, its id or its texts must hold",
      oninput: () => this.soon(() => table.findQuickly(this.quick.value)),
    });
    this.expression = make("input", "nt-expression", {
      type: "search", placeholder: "metrics.loss < 0.1 and params.model = 'rf'", "aria-label": "filter expression",
      title: "A filter as search_runs takes it; Enter applies it", spellcheck: "false", autocomplete: "off",
      onkeydown: (event) => {
        if (event.key === "Enter") table.filterBy(this.expression.value);
      },
      // The cross in the field, and what was emptied.
      oninput: () => {
        if (!this.expression.value) table.filterBy("");
      },
    });
    this.error = make("pre", "nt-error", { role: "alert", hidden: "" });
    this.filters = button("Filters", "A filter for every column", () => table.showFilters(!table.showsFilters));
    this.differing = button("Differing", "Only columns in which the runs differ", () => table.showDiffering());
    this.columns = button("Columns", "Choose columns", () => columnsMenu(table, this.columns));
    this.group = button("Group", "Group the runs", () => groupMenu(table, this.group));
    this.element = make("div", "nt-bar", { role: "toolbar", "aria-label": "runs" }, this.quick, this.expression,
      this.filters, this.differing, this.columns, this.group);
  }

  soon(act) {
    clearTimeout(this.timer);
    this.table.busy("typing", true);
    this.timer = setTimeout(() => {
      act();
      this.table.busy("typing", false);
    }, 60);
  }

  draw() {
    const { table } = this;
    const press = (element, isOn) => element.setAttribute("aria-pressed", String(isOn));
    press(this.filters, table.showsFilters);
    press(this.differing, table.isDiffering);
    press(this.group, table.group !== null);
    this.filters.textContent = table.filters.size ? `Filters (${table.filters.size})` : "Filters";
  }

  complain(message) {
    this.error.hidden = !message;
    this.error.textContent = message;
    this.expression.classList.toggle("nt-wrong", Boolean(message));
  }
}

export class Footer {
  constructor(table) {
    this.table = table;
    this.status = make("span", "nt-status", { role: "status", "aria-live": "polite" });
    this.waiting = make("span", "nt-waiting", { hidden: "" }, "Waiting for the running cell…");
    const act = (name) => () => table.act(name);
    this.compare = button("Compare", "What differs between the selected runs", act("compare"));
    this.chart = button("Chart", "Curves of the selected runs", act("chart"));
    this.base = button("Baseline", "", act("baseline"));
    this.held = make("span", "nt-held", { hidden: "" }, make("span", "nt-text"),
      button("✕", "No baseline any more", () => table.setBaseline(null), "nt-small"));
    this.stage = button(table.data.isDeleted ? "Restore" : "Archive",
      table.data.isDeleted ? "Bring the selected runs back" : "Mark the selected runs as deleted; restore brings them back",
      act(table.data.isDeleted ? "restore" : "archive"));
    this.one = button("Show", "Everything about the selected run", act("show"));
    this.tag = button("Tag…", "Set a tag on the selected runs", () => this.askTag());
    this.note = button("Note…", "Put a note on the selected runs", () => this.askNote());
    this.actions = make("span", "nt-actions", { role: "toolbar", "aria-label": "selected runs" }, this.compare,
      this.chart, this.one, this.base, this.tag, this.note,
      button("Export", "Download the selected runs as CSV", act("export")),
      button("Copy id", "Copy the ids of the selected runs", act("copy")), this.stage,
      button("Clear", "Select nothing", () => table.selection.set([])));
    this.element = make("div", "nt-foot", {}, this.status, this.held, this.waiting, this.actions);
  }

  draw() {
    const { rows, data, selection, baseline } = this.table;
    const all = data.total ?? rows.matched;
    const parts = [rows.matched === all ? amount(all, "run") : `${rows.matched.toLocaleString("en-US")} of ${amount(all, "run")}`];
    const chosen = selection.ids.size;
    if (rows.groupCount && this.table.group) parts.push(amount(rows.groupCount, "group"));
    if (chosen) parts.push(`${chosen.toLocaleString("en-US")} selected`);
    if (this.message) parts.push(this.message);
    const text = parts.join(" · ");
    if (this.status.textContent !== text) this.status.textContent = text;
    this.actions.hidden = !chosen;
    const [first] = selection.ids;
    const has = baseline.id !== null;
    this.compare.disabled = new Set(has ? [baseline.id, ...selection.ids] : selection.ids).size < 2;
    this.compare.title = has ? "What differs from the baseline" : "What differs between the selected runs";
    this.one.disabled = chosen !== 1;
    this.base.disabled = chosen !== 1;
    const isBase = chosen === 1 && first === baseline.id;
    this.base.title = isBase ? "Hold the metrics against this run no more" : "Show how far the metrics are from this run's";
    this.base.setAttribute("aria-pressed", String(isBase));
    this.held.hidden = !has;
    this.held.firstChild.textContent = `baseline: ${baseline.name || baseline.id?.slice(0, 8)}`;
  }

  say(message) {
    this.message = message;
    clearTimeout(this.timer);
    this.draw();
    if (message) this.timer = setTimeout(() => this.say(""), 6000);
  }

  wait(isWaiting) {
    this.waiting.hidden = !isWaiting;
  }

  askTag() {
    askFor(this.table, this.tag, {
      title: "Tag", hint: "stage=candidate; stage= takes it away", act: (text) => this.table.act("tag", null, { text }),
    });
  }

  askNote() {
    askFor(this.table, this.note, {
      title: "Note", hint: "What is worth knowing", act: (text) => this.table.act("note", null, { text }),
    });
  }
}

// What the kernel has to show about runs: its own HTML, which has every value escaped.
export class Pane {
  constructor(table) {
    this.title = make("span", "nt-title");
    this.content = make("div", "nt-content");
    const close = button("✕", "Close", () => {
      this.element.hidden = true;
      table.grid.element.focus({ preventScroll: true });
    }, "nt-small");
    this.element = make("section", "nt-pane", { hidden: "", "aria-label": "details" },
      make("div", "nt-panehead", {}, this.title, close), this.content);
  }

  show(title, html) {
    this.title.textContent = title;
    this.content.innerHTML = html;
    this.element.hidden = false;
    this.content.scrollTop = 0;
    reveal(this.element);
  }
}

// Scrolls the notebook alone: scrollIntoView moves the whole page of JupyterLab, too.
function reveal(element) {
  let box = element.parentElement;
  while (box && !/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement;
  if (!box || box === document.body) return;
  const [inner, outer] = [element.getBoundingClientRect(), box.getBoundingClientRect()];
  const hidden = inner.bottom - outer.bottom;
  if (hidden > 0) box.scrollTop += Math.min(hidden, Math.max(inner.top - outer.top, 0));
}

// What the kernel wrote, as a file where the reader's downloads go.
export function download({ name, type }, bytes) {
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  const link = make("a", "nt-hidden", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without a secure connection there is only the old way.
    const area = make("textarea", "nt-hidden", { "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
