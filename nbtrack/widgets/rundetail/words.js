// What a person says of a run: the note and the tags, each edited where it stands.

import { button, make } from "../frontend/dom.js";

const UNSAVED = "The kernel is gone, so nothing can be saved. Run the cell again.";

// Asks the kernel to save, and shows meanwhile that it does; returns whether it did.
async function save(view, part, values) {
  part.complain("");
  part.busy(true);
  try {
    await view.link.ask("save", values);
    return true;
  } catch (error) {
    part.complain(view.link.isDead ? UNSAVED : error.message);
    return false;
  } finally {
    part.busy(false);
  }
}

function errorLine() {
  return make("div", "nd-error", { role: "alert", hidden: "" });
}

function complain(element, message) {
  element.hidden = !message;
  element.textContent = message;
}

export class Note {
  constructor(view) {
    this.view = view;
    this.text = make("div", "nd-note");
    this.edit = button("Edit note", "Change the note", () => this.open(), "nd-quiet");
    this.area = make("textarea", "nd-area", {
      "aria-label": "note", rows: "3", placeholder: "What is worth knowing of this run",
      onkeydown: (event) => this.key(event), oninput: () => this.fit(),
    });
    this.changed = make("div", "nd-hint nd-changed", { hidden: "" });
    this.error = errorLine();
    this.saveButton = button("Save", "Save the note (Ctrl-Enter)", () => this.save(), "nd-main");
    this.cancel = button("Cancel", "Leave the note as it was (Escape)", () => this.close());
    this.form = make("div", "nd-form", { hidden: "" }, this.area, this.changed, this.error,
      make("div", "nd-line", {}, this.saveButton, this.cancel,
        make("span", "nd-hint", {}, "Ctrl-Enter saves, Escape cancels")));
    this.element = make("div", "nd-words", {}, make("div", "nd-shown", {}, this.text, this.edit), this.form);
    this.draw();
  }

  draw() {
    const note = this.view.model.get("_note");
    this.text.textContent = note;
    this.text.hidden = !note;
    this.edit.textContent = note ? "Edit note" : "Add a note";
    if (!this.form.hidden && note !== this.before) {
      complain(this.changed, `Somebody has changed the note meanwhile, to “${note}”; saving replaces that.`);
    }
  }

  open() {
    this.before = this.view.model.get("_note");
    this.area.value = this.before;
    this.form.hidden = false;
    this.element.firstChild.hidden = true;
    complain(this.changed, "");
    complain(this.error, "");
    this.fit();
    this.area.focus();
  }

  close() {
    this.form.hidden = true;
    this.element.firstChild.hidden = false;
    this.edit.focus();
  }

  key(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.save();
    }
  }

  async save() {
    if (this.isBusy) return;
    if (await save(this.view, this, { note: this.area.value })) this.close();
  }

  busy(isBusy) {
    this.isBusy = isBusy;
    this.area.readOnly = isBusy;
    this.saveButton.disabled = isBusy;
    this.saveButton.textContent = isBusy ? "Saving…" : "Save";
  }

  complain(message) {
    complain(this.error, message);
  }

  // As high as what is typed, as far as that is not endless.
  fit() {
    this.area.style.height = "auto";
    this.area.style.height = `${Math.min(this.area.scrollHeight + 2, 320)}px`;
  }
}

export class Tags {
  constructor(view) {
    this.view = view;
    this.chips = make("span", "nd-chips");
    this.add = button("Add tag", "Set a tag: a name, or a name and a value", () => this.open(""), "nd-quiet");
    this.input = make("input", "nd-input", {
      type: "text", "aria-label": "tag", placeholder: "stage=candidate", hidden: "", spellcheck: "false",
      autocomplete: "off", onkeydown: (event) => this.key(event), onblur: () => this.leave(),
    });
    this.error = errorLine();
    this.element = make("div", "nd-tags", {}, this.chips, this.add, this.input, this.error);
    this.draw();
  }

  draw() {
    const chips = this.view.model.get("_tags").map(([key, value, shown]) => {
      const label = make("button", "nd-chiptext", {
        type: "button", title: "Change this tag", onclick: () => this.open(`${key}=${value}`),
      }, shown);
      const remove = make("button", "nd-remove", {
        type: "button", title: "Remove this tag", "aria-label": `remove tag ${key}`, onclick: () => this.send(key, null),
      }, "✕");
      return make("span", "nd-chip", {}, label, remove);
    });
    this.chips.replaceChildren(...chips);
  }

  open(text) {
    this.input.hidden = false;
    this.add.hidden = true;
    this.input.value = text;
    complain(this.error, "");
    this.input.focus();
    this.input.select();
  }

  close() {
    this.input.hidden = true;
    this.add.hidden = false;
  }

  // What was typed is not thrown away by a click elsewhere.
  leave() {
    if (!this.input.value.trim() && !this.isBusy) this.close();
  }

  key(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      complain(this.error, "");
      this.close();
      this.add.focus();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.enter();
    }
  }

  enter() {
    const text = this.input.value.trim();
    const at = text.indexOf("=");
    const key = (at < 0 ? text : text.slice(0, at)).trim();
    if (!key) {
      complain(this.error, "A tag is a name, or a name and a value as stage=candidate.");
      return;
    }
    this.send(key, at < 0 ? "" : text.slice(at + 1).trim());
  }

  async send(key, value) {
    if (this.isBusy) return;
    if (!(await save(this.view, this, { tags: { [key]: value } }))) return;
    this.close();
    this.add.focus();
  }

  busy(isBusy) {
    this.isBusy = isBusy;
    this.input.readOnly = isBusy;
  }

  complain(message) {
    complain(this.error, message);
  }
}
