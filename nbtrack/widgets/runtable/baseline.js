// The run that the others are held against: metrics show how far they are from its.

import { number } from "./format.js";
import { decoded } from "./columns.js";

// Closer than this, relative to their size, two values differ by rounding alone.
const SAME = 1e-12;
export const DELTA_PX = 82;

export class Baseline {
  constructor(table) {
    this.table = table;
    this.id = table.model.get("baseline") || null;
    this.values = new Map();
    this.name = "";
  }

  set(id) {
    this.id = id || null;
    this.values = new Map();
    this.name = "";
    this.place = undefined;
  }

  value(column) {
    if (this.id === null) return null;
    const local = this.row();
    if (local >= 0) return this.table.data.local.columns.get(column)?.at(local) ?? null;
    return this.values.get(column) ?? null;
  }

  // Where it is among the runs that are here.
  row() {
    const { local } = this.table.data;
    if (!local) return -1;
    if (this.place === undefined || this.of !== local) {
      const ids = local.columns.get("run_id");
      this.of = local;
      this.place = -1;
      for (let index = 0; index < local.count && this.place < 0; index += 1) {
        if (ids.holds ? ids.holds(index, this.id) : ids.at(index) === this.id) this.place = index;
      }
    }
    return this.place;
  }

  // What is not here is asked for: of a run that is on another page, or not in the table at all.
  async load(columns) {
    if (this.id === null) return;
    if (this.row() >= 0) {
      this.name = this.table.data.local.columns.get("run_name").at(this.row()) ?? "";
      return;
    }
    const wanted = ["run_name", ...columns];
    const { id } = this;
    const found = await this.table.data.link.ask("values", { ids: [id], columns: wanted }, true);
    if (id !== this.id || !found.count) return;
    for (const [name, spec] of Object.entries(found.columns)) {
      this.values.set(name, decoded(spec, found.buffers, found.count).at(0));
    }
    this.name = this.values.get("run_name") ?? "";
  }
}

// {text, tone, words} of a difference; null where there is none to tell.
export function difference(value, other, better) {
  if (!Number.isFinite(value) || !Number.isFinite(other)) return null;
  const by = value - other;
  if (Math.abs(by) <= SAME * Math.max(Math.abs(value), Math.abs(other))) return { text: "=", tone: "muted", words: "the same" };
  const isBetter = better ? (better === "higher") === by > 0 : null;
  const sign = by > 0 ? "+" : "−";
  return {
    text: `${by > 0 ? "▲" : "▼"} ${sign}${number(Math.abs(by), 2)}`,
    tone: isBetter === null ? "muted" : isBetter ? "good" : "bad",
    words: `${sign}${number(Math.abs(by))}${isBetter === null ? "" : isBetter ? ", better" : ", worse"}`,
  };
}
