// The rows of a table whose runs are all here: filtered, sorted, folded and grouped without the kernel.

import { fits, quickly } from "./filters.js";

const NO_RUN = -1;

export class LocalRows {
  constructor(data) {
    this.data = data;
    this.open = new Set();
    this.entries = new Int32Array(0);
    this.depths = new Uint8Array(0);
    this.groups = [];
    this.best = {};
    this.matched = 0;
    this.isLocal = true;
  }

  get count() {
    return this.entries.length;
  }

  get groupCount() {
    return this.groups.length;
  }

  // query: {sort, quick, searched, filters, bits, group}
  update(query) {
    this.query = query;
    this.order = this.sorted(this.filtered(query), query.sort);
    this.matched = this.order.length;
    this.best = this.bestValues();
    this.arrange();
  }

  filtered({ quick, searched, filters, bits }) {
    const { count, columns } = this.data.local;
    const tests = [];
    if (bits) tests.push((index) => bits[index] === 1);
    for (const filter of filters) if (columns.has(filter.column)) tests.push(fits(columns.get(filter.column), filter));
    if (quick.trim()) {
      const ids = new Set(["run_name", "run_id", ...searched]);
      tests.push(quickly(quick, [...ids].filter((id) => columns.has(id)).map((id) => columns.get(id))));
    }
    const kept = new Int32Array(count);
    let size = 0;
    for (let index = 0; index < count; index += 1) {
      if (tests.every((test) => test(index))) {
        kept[size] = index;
        size += 1;
      }
    }
    return kept.subarray(0, size);
  }

  sorted(rows, sort) {
    const { columns } = this.data.local;
    const keys = sort.filter(([id]) => columns.has(id)).map(([id, down]) => [columns.get(id), down ? -1 : 1])
      .map(([column, sign]) => [column.ranks(), sign, column]);
    // Runs are numbered as they began: the newest first is the last first.
    if (columns.has("start_time")) keys.push([columns.get("start_time").ranks(), -1, columns.get("start_time")]);
    return rows.sort((a, b) => {
      for (const [ranks, sign, column] of keys) {
        const first = ranks[a];
        const second = ranks[b];
        if (first < second) return -sign;
        if (first > second) return sign;
        if (first !== second) {
          const apart = (first !== first) - (second !== second);
          if (apart) return apart;
          const lasts = column.lasts(a) - column.lasts(b);
          if (lasts) return lasts;
        }
      }
      return b - a;
    });
  }

  bestValues() {
    const found = {};
    const { columns } = this.data.local;
    const status = columns.get("status");
    for (const [id, { kind, better }] of this.data.columns) {
      const column = columns.get(id);
      if (kind !== "metric" || !better || !column?.isNumber) continue;
      let best = null;
      let isAlone = true;
      for (const index of this.order) {
        const value = column.values[index];
        if (!Number.isFinite(value) || (status && status.at(index) !== "finished")) continue;
        if (best !== null && value !== best) isAlone = false;
        if (best === null || (better === "lower" ? value < best : value > best)) best = value;
      }
      if (best !== null && !isAlone) found[id] = best;
    }
    return found;
  }

  // Puts rows below their group or their parent; what is folded has no row.
  arrange() {
    this.groups = [];
    this.children = null;
    if (this.query.group) this.arrangeGroups();
    else this.arrangeFamilies();
  }

  arrangeGroups() {
    const column = this.data.local.columns.get(this.query.group);
    const groups = new Map();
    for (const index of this.order) {
      const value = column ? column.at(index) : null;
      const key = value === null ? "" : `=${value}`;
      if (!groups.has(key)) groups.set(key, { key, value, rows: [] });
      groups.get(key).rows.push(index);
    }
    const entries = [];
    const depths = [];
    for (const group of groups.values()) {
      entries.push(NO_RUN - this.groups.length - 1);
      depths.push(0);
      this.groups.push(group);
      if (!this.open.has(group.key)) continue;
      for (const index of group.rows) {
        entries.push(index);
        depths.push(1);
      }
    }
    this.entries = Int32Array.from(entries);
    this.depths = Uint8Array.from(depths);
  }

  arrangeFamilies() {
    const { columns } = this.data.local;
    const parents = columns.get("parent");
    if (!parents?.words?.length && !parents?.bytes) {
      this.entries = this.order;
      this.depths = new Uint8Array(this.order.length);
      return;
    }
    const ids = columns.get("run_id");
    const places = new Map();
    for (const index of this.order) places.set(ids.at(index), index);
    this.children = new Map();
    const roots = [];
    for (const index of this.order) {
      const parent = parents.at(index);
      const place = parent === null ? undefined : places.get(parent);
      if (place === undefined || place === index) roots.push(index);
      else if (this.children.has(place)) this.children.get(place).push(index);
      else this.children.set(place, [index]);
    }
    const entries = [];
    const depths = [];
    const put = (index, depth) => {
      entries.push(index);
      depths.push(Math.min(depth, 200));
      if (this.open.has(ids.at(index))) for (const child of this.children.get(index) ?? []) put(child, depth + 1);
    };
    for (const index of roots) put(index, 0);
    this.entries = Int32Array.from(entries);
    this.depths = Uint8Array.from(depths);
  }

  at(place) {
    const index = this.entries[place];
    if (index === undefined) return null;
    if (index < NO_RUN) return this.groupAt(NO_RUN - index - 1);
    const { columns } = this.data.local;
    const id = columns.get("run_id").at(index);
    const isParent = this.children?.has(index) ?? false;
    return {
      id,
      index,
      depth: this.depths[place],
      below: isParent ? this.children.get(index).length : 0,
      isOpen: isParent && this.open.has(id),
      foldKey: isParent ? id : null,
      value: (column) => columns.get(column)?.at(index) ?? null,
    };
  }

  groupAt(number) {
    const group = this.groups[number];
    group.means ??= new Map();
    return {
      id: null,
      group,
      depth: 0,
      below: group.rows.length,
      isOpen: this.open.has(group.key),
      foldKey: group.key,
      value: (column) => (column === this.query.group ? group.value : this.summary(group, column)),
    };
  }

  // {mean, low, high, count} of a metric over a group; null of anything else.
  summary(group, id) {
    if (this.data.columns.get(id)?.kind !== "metric" && id !== "duration_s") return null;
    const column = this.data.local.columns.get(id);
    if (!column?.isNumber) return null;
    if (!group.means.has(id)) {
      let [sum, count, low, high] = [0, 0, Infinity, -Infinity];
      for (const index of group.rows) {
        const value = column.values[index];
        if (!Number.isFinite(value)) continue;
        sum += value;
        count += 1;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      group.means.set(id, count ? { mean: sum / count, low, high, count } : null);
    }
    return group.means.get(id);
  }

  fold(key) {
    if (!this.open.delete(key)) this.open.add(key);
    this.arrange();
  }

  need() {}

  // Ids of the runs in the rows from start to stop, of a folded group all.
  async ids(start, stop) {
    const ids = this.data.local.columns.get("run_id");
    const found = [];
    for (const index of this.entries.subarray(start, stop)) {
      if (index >= 0) found.push(ids.at(index));
      else for (const member of this.groups[NO_RUN - index - 1].rows) found.push(ids.at(member));
    }
    return [...new Set(found)];
  }

  // Of all runs that fit the filters, folded ones too.
  async allIds() {
    const ids = this.data.local.columns.get("run_id");
    return Array.from(this.order, (index) => ids.at(index));
  }

  sample(id) {
    return this.data.local.columns.get(id)?.values ?? [];
  }

  // Columns in which the runs that fit the filters differ; what is missing counts as a value.
  async differing(ids) {
    const differs = (column) => {
      const first = column.at(this.order[0]);
      return this.order.some((index) => !Object.is(column.at(index), first));
    };
    return ids.filter((id) => !this.data.local.columns.has(id) || differs(this.data.local.columns.get(id)));
  }
}
