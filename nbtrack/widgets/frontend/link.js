// Questions to the kernel, each with a number that its answer names.

const PATIENCE_MS = 450;
const GONE = "The kernel is gone: what is here can still be sorted and filtered. Run the cell again for a new table";

export class Link {
  constructor(model) {
    this.model = model;
    this.last = 0;
    this.open = new Map();
    this.listeners = new Set();
    this.watchers = new Set();
    this.isWaiting = false;
    model.on("msg:custom", (content, buffers) => this.take(content, buffers));
    // The kernel was restarted or shut down.
    model.on("comm_live_update", () => this.die());
  }

  // Told with true when an answer takes so long that a cell must be running, and with false when none does any more.
  onWaiting(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  // Told whether any question is open that somebody waits for.
  onAsking(watcher) {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  tellAsking() {
    const isAsking = [...this.open.values()].some(({ isQuiet }) => !isQuiet);
    for (const watcher of this.watchers) watcher(isAsking);
  }

  // A quiet question is one for what can come later: nobody is told that it waits.
  ask(op, values = {}, isQuiet = false) {
    this.last += 1;
    const id = this.last;
    return new Promise((resolve, reject) => {
      const timer = isQuiet ? 0 : setTimeout(() => this.wait(id), PATIENCE_MS);
      this.open.set(id, { resolve, reject, timer, isQuiet, late: false });
      this.tellAsking();
      this.send({ ...values, op, number: id });
    });
  }

  tell(op, values = {}) {
    this.send({ ...values, op });
  }

  send(message) {
    if (!this.isDead) {
      try {
        this.model.send(message);
        return;
      } catch {
        // There is no kernel to send to.
      }
    }
    this.die();
  }

  die() {
    this.isDead = true;
    for (const { reject, timer } of this.open.values()) {
      clearTimeout(timer);
      reject(new Error(GONE));
    }
    this.open.clear();
    this.judge();
  }

  wait(id) {
    this.open.get(id).late = true;
    this.judge();
  }

  take(content, buffers) {
    if (content.answer === undefined) return;
    const question = this.open.get(content.answer);
    // Another window's.
    if (!question) return;
    clearTimeout(question.timer);
    this.open.delete(content.answer);
    if (content.error) question.reject(new Error(content.error));
    else question.resolve({ ...content.values, buffers });
    this.judge();
  }

  judge() {
    this.tellAsking();
    const waiting = [...this.open.values()].some((question) => question.late);
    if (waiting === this.isWaiting) return;
    this.isWaiting = waiting;
    for (const listener of this.listeners) listener(waiting);
  }
}
