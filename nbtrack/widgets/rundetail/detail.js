// Everything about one run: the kernel's own HTML, and between its two halves what a person can change.

import { Link } from "../frontend/link.js";
import { hideTwin, keepKeys, make, suppress, watchSeen } from "../frontend/dom.js";
import { Note, Tags } from "./words.js";

let made = 0;

class View {
  constructor(model, link, el) {
    made += 1;
    this.name = `nbtrack-detail-${made}-${Math.random().toString(36).slice(2, 8)}`;
    this.model = model;
    this.link = link;
    this.head = make("div", "nd-head");
    this.body = make("div", "nd-body");
    this.note = new Note(this);
    this.tags = new Tags(this);
    this.waiting = make("div", "nd-waiting", { role: "status", hidden: "" }, "Waiting for the running cell…");
    this.root = make("section", "nd-root", { tabindex: "-1", "aria-label": "run" },
      // The kernel puts the style sheet before the script.
      make("style", "", {}, typeof STYLE === "string" ? STYLE : ""));
    hideTwin(this.root, model.get("_twin"));
    const said = make("div", "nd-said", {}, this.note.element, this.tags.element);
    this.root.append(this.head, said, this.waiting, this.body);
    this.draw();
    this.listen();
    keepKeys(this.root, el);
    el.replaceChildren(this.root);
  }

  listen() {
    this.onChange = () => this.draw();
    this.onNote = () => this.note.draw();
    this.onTags = () => this.tags.draw();
    this.model.on("change:_page", this.onChange);
    this.model.on("change:_note", this.onNote);
    this.model.on("change:_tags", this.onTags);
    this.ended = this.link.onWaiting((isWaiting) => {
      this.waiting.hidden = !isWaiting;
    });
    this.leave = watchSeen(this.root, (isSeen) => this.see(isSeen));
  }

  // The kernel looks for news only as long as somebody could see them.
  see(isSeen) {
    if (isSeen === this.isSeen) return;
    this.isSeen = isSeen;
    this.link.tell("visible", { view: this.name, on: isSeen });
  }

  // What was opened stays open. The HTML is the kernel's own, with every value escaped.
  draw() {
    const [head, body] = this.model.get("_page");
    const opened = new Map([...this.body.querySelectorAll("details")].map((fold) => [nameOf(fold), fold.open]));
    this.head.innerHTML = head;
    this.body.innerHTML = body;
    for (const fold of this.body.querySelectorAll("details")) {
      if (opened.get(nameOf(fold))) fold.open = true;
      suppress(fold.querySelector("summary"));
    }
  }

  dispose() {
    this.leave();
    this.ended();
    this.model.off("change:_page", this.onChange);
    this.model.off("change:_note", this.onNote);
    this.model.off("change:_tags", this.onTags);
  }
}

// A fold is known by its first word and by those around it, for amounts in it may change.
function nameOf(fold) {
  const own = fold.querySelector("summary").textContent.replace(/[\d.,:]+/g, "#").slice(0, 40);
  const outer = fold.parentElement.closest("details");
  return outer ? `${nameOf(outer)}/${own}` : own;
}

export default () => {
  let link = null;
  return {
    initialize({ model }) {
      link = new Link(model);
    },
    render({ model, el }) {
      const view = new View(model, link, el);
      return () => view.dispose();
    },
  };
};
