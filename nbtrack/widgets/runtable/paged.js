// The rows of a table whose runs stay in the kernel: only what is on the screen comes here, in blocks.

import { decoded } from "./columns.js";

const BLOCK = 120;
const MOST_BLOCKS = 60;

export class PagedRows {
  constructor(data, changed, failed) {
    this.data = data;
    this.changed = changed;
    this.failed = failed;
    this.blocks = new Map();
    this.matched = 0;
    this.size = 0;
    this.groupCount = 0;
    this.open = new Set();
    this.best = data.best;
    this.isLocal = false;
    this.isAsking = false;
    this.wanted = [0, BLOCK];
    this.key = null;
  }

  get count() {
    return this.size;
  }

  // The first page came with the table itself.
  begin(query) {
    const { page } = this.data;
    this.query = query;
    this.key = this.keyOf(query);
    this.firstKey = this.key;
    this.matched = page.matched;
    this.size = page.size;
    this.blocks = new Map([[0, blockOf(page)]]);
  }

  // What is shown stays until the first answer to the new question is there.
  update(query) {
    this.query = query;
    this.best = this.data.best;
    if (this.keyOf(query) === this.key) return;
    this.isStale = true;
    this.ask();
  }

  // What is open, the kernel must know: it lays out the rows.
  asked(query) {
    return { ...query, open: [...this.open] };
  }

  keyOf({ sort, quick, searched, filters, expression, columns, group }) {
    return JSON.stringify([sort, quick, quick ? searched : [], filters, expression, columns, group, [...this.open]]);
  }

  fold(key) {
    if (!this.open.delete(key)) this.open.add(key);
    this.update(this.query);
  }

  refresh() {
    this.isStale = true;
    this.ask();
  }

  need(start, stop) {
    this.wanted = [Math.max(start, 0), stop];
    this.ask();
  }

  missing() {
    const [start, stop] = this.wanted;
    if (this.isStale) return Math.floor(start / BLOCK);
    const last = Math.min(stop, this.size);
    for (let block = Math.floor(start / BLOCK); block * BLOCK < last; block += 1) {
      if ((this.blocks.get(block)?.count ?? 0) < Math.min(BLOCK, last - block * BLOCK)) return block;
    }
    return null;
  }

  // One question at a time: who scrolls far asks for where the scrolling ended.
  async ask() {
    if (this.isAsking) return;
    const block = this.missing();
    if (block === null) return;
    this.isAsking = true;
    const { query } = this;
    const key = this.keyOf(query);
    try {
      const page = await this.data.link.ask("page", { ...this.asked(query), key, offset: block * BLOCK, limit: BLOCK });
      this.take({ ...page, columns: unpackedPage(page) }, key);
    } catch (error) {
      this.isStale = false;
      this.failed(error);
      return;
    } finally {
      this.isAsking = false;
    }
    this.ask();
  }

  take(page, key) {
    if (key !== this.key || this.isStale) this.blocks.clear();
    this.key = key;
    this.isStale = key !== this.keyOf(this.query);
    this.matched = page.matched;
    this.size = page.size;
    this.groupCount = page.groups ?? 0;
    this.data.total = page.total;
    if (this.blocks.size >= MOST_BLOCKS) this.blocks.delete(this.blocks.keys().next().value);
    this.blocks.set(Math.floor(page.offset / BLOCK), blockOf(page));
    this.failed(null);
    this.changed();
  }

  // The kernel sent the page on the screen anew by itself.
  push(page) {
    const key = this.keyOf(this.query);
    if (page.key !== key && !(page.key === null && key === this.firstKey)) return;
    const [start, stop] = this.wanted;
    if (page.offset >= stop || page.offset + page.count <= start) {
      this.matched = page.matched;
      this.size = page.size;
      this.changed();
      return;
    }
    this.isStale = true;
    this.take(page, key);
  }

  at(place) {
    const block = this.blocks.get(Math.floor(place / BLOCK));
    const index = place % BLOCK;
    if (!block || index >= block.count) return null;
    const { columns, marks } = block;
    const [, depth, below, foldKey, isOpen, group] = marks.get(index) ?? [index, 0, 0, null, false, null];
    const parts = { depth, below, foldKey, isOpen };
    if (group) return { ...parts, id: null, group, value: (column) => this.summary(group, column) };
    return {
      ...parts,
      id: columns.get("run_id").at(index),
      value: (column) => columns.get(column)?.at(index) ?? null,
    };
  }

  summary(group, column) {
    if (column === this.query.group) return group.value;
    const found = group.means[column];
    return found ? { mean: found[0], low: found[1], high: found[2], count: found[3] } : null;
  }

  async ids(start, stop) {
    const found = await this.data.link.ask("ids", { ...this.asked(this.query), start, stop });
    return found.ids;
  }

  async allIds() {
    return (await this.data.link.ask("ids", { ...this.query, all: true })).ids;
  }

  sample(id) {
    return this.blocks.values().next().value?.columns.get(id)?.values ?? [];
  }

  async differing(ids) {
    return (await this.data.link.ask("differing", { ...this.query, columns: ids })).columns;
  }
}

function blockOf({ columns, count, marks }) {
  return { columns, count, marks: new Map((marks ?? []).map((mark) => [mark[0], mark])) };
}

function unpackedPage(page) {
  const pairs = Object.entries(page.columns).map(([id, spec]) => [id, decoded(spec, page.buffers, page.count)]);
  return new Map(pairs);
}
