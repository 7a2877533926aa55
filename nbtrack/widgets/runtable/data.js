// What the browser knows of the runs: one for all the places where a table is shown.

import { asWords, decoded } from "./columns.js";
import { CURVE, plainBytes, takeCurves } from "./curves.js";
import { Link } from "../frontend/link.js";

export class Data {
  constructor(model) {
    this.model = model;
    this.link = new Link(model);
    this.listeners = new Set();
    this.local = null;
    this.page = null;
    this.best = {};
    this.curves = new Map();
    // Counts what has changed: curves of runs that go on are as old as this says.
    this.version = 0;
    this.revision = -1;
    this.take(model.get("_start"));
    const late = model.get("_late");
    if (late && Object.keys(late).length) this.take(late);
    model.on("change:_late", () => this.take(model.get("_late"), []));
    model.on("msg:custom", (content, buffers) => {
      if (content.news !== undefined) this.take(content.news, buffers);
    });
  }

  // Listeners are told "rows", "columns", "page" or "curves".
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(what) {
    for (const listener of this.listeners) listener(what);
  }

  // Ask for what was sent while nobody listened here.
  async hello() {
    const found = await this.link.ask("hello", { revision: this.revision });
    if (found.columns) this.take(found, found.buffers);
  }

  take(news, buffers = []) {
    if (news.facts) {
      this.best = news.facts.best;
      this.describe(news.facts.columns);
    }
    if (news.total !== undefined) this.total = news.total;
    if (news.shown) this.begin(news);
    if (news.first) this.fill(news, buffers);
    if (news.news?.length) this.describe(news.news);
    if (news.first || news.rows || news.page) this.version += 1;
    if (news.rows) this.change(news, buffers);
    if (news.curves) {
      const { metric, ids, told } = news.curves;
      takeCurves(this.curves, metric, ids, told, plainBytes(buffers[0]), this.version);
      this.tell("curves");
    }
    if (news.page) {
      this.total = news.page.total;
      this.page = { ...news.page, columns: unpacked(news.page, buffers) };
      this.tell("page");
    }
  }

  begin(news) {
    this.shown ??= news.shown;
    this.sort ??= news.sort;
    this.isDeleted = news.deleted;
    this.willBeLocal = news.local;
    this.describe(news.columns);
  }

  describe(columns) {
    this.columns = new Map(columns.map((column) => [column.id, column]));
    this.tell("columns");
  }

  fill(news, buffers) {
    const columns = unpacked(news.first, buffers);
    this.revision = news.revision;
    if (news.all) {
      this.local = { count: news.first.count, columns };
      this.page = null;
      this.tell("rows");
    } else {
      this.page = { offset: 0, count: news.first.count, matched: news.total, columns, key: null };
      this.page.size = news.first.size ?? news.total;
      this.page.marks = news.first.marks ?? [];
      this.tell("page");
    }
  }

  // Some rows of the runs that are here are new or have changed.
  change(news, buffers) {
    if (!this.local || news.revision !== this.revision + 1) {
      this.hello().catch(() => {});
      return;
    }
    this.revision = news.revision;
    const { at, count } = news.rows;
    const columns = new Map();
    for (const [id, spec] of Object.entries(news.rows.columns)) {
      const given = decoded(spec, buffers, at.length);
      const before = this.local.columns.get(id);
      if (!before) continue;
      let column = count > before.length ? before.extended(count) : before;
      const holdsText = !given.isNumber && given.words?.length > 0;
      if ((column.isNumber && holdsText) || (column.bytes && !given.bytes)) column = asWords(column);
      at.forEach((index, place) => {
        const value = given.at(place);
        column.put(index, column.isNumber || value === null ? value : String(value));
      });
      columns.set(id, column);
    }
    this.local = { count, columns };
    this.total = count;
    this.tell("rows");
  }

  // Columns that were not shown so far, of all runs that are here.
  async load(ids) {
    if (!this.local) return;
    const missing = ids.filter((id) => id !== CURVE && !this.local.columns.has(id));
    if (!missing.length) return;
    const found = await this.link.ask("columns", { columns: missing });
    const columns = unpacked(found, found.buffers);
    if (found.revision !== this.revision || found.count !== this.local.count) {
      await this.hello();
      return;
    }
    for (const [id, column] of columns) this.local.columns.set(id, column);
    this.tell("rows");
  }
}

function unpacked(chunk, buffers) {
  return new Map(Object.entries(chunk.columns).map(([id, spec]) => [id, decoded(spec, buffers, chunk.count)]));
}
