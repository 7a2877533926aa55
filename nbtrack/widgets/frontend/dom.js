// Elements in a line of code.

export function make(tag, className = "", attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  if (isFocusable(element)) suppress(element);
  return element;
}

function isFocusable(element) {
  return /^(BUTTON|INPUT|SELECT|TEXTAREA)$/.test(element.tagName) || element.hasAttribute("tabindex");
}

// Where the focus is, the notebook's own keys (b, d d, a) must do nothing.
export function suppress(element) {
  element.setAttribute("data-lm-suppress-shortcuts", "true");
}

// Keys that are pressed within a widget are its own: the notebook has commands on single ones. But saving is for all.
export function keepKeys(root, el) {
  for (const kind of ["keydown", "keypress", "keyup"]) {
    root.addEventListener(kind, (event) => {
      event.stopPropagation();
      const isSave = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s";
      if (kind !== "keydown" || !isSave) return;
      event.preventDefault();
      el.parentElement?.dispatchEvent(new KeyboardEvent("keydown", event));
    });
  }
  suppress(root);
}

// While the widget lives, the still picture of it that the notebook keeps is not shown.
export function hideTwin(root, twin) {
  const rule = `.jp-OutputArea-child:has(.${twin}),.${twin}{display:none}`;
  if (/^[\w-]+$/.test(twin)) root.append(make("style", "", {}, rule));
}

// Asks a listener to see to it when a widget comes on the screen or goes from it; returns what ends that.
export function watchSeen(root, see) {
  const watcher = new IntersectionObserver((entries) => see(entries.at(-1).isIntersecting && !document.hidden));
  watcher.observe(root);
  const onHidden = () => see(!document.hidden && root.getBoundingClientRect().height > 0);
  document.addEventListener("visibilitychange", onHidden);
  return () => {
    see(false);
    watcher.disconnect();
    document.removeEventListener("visibilitychange", onHidden);
  };
}

export function button(label, title, act, className = "") {
  return make("button", `nt-button ${className}`, { type: "button", title, onclick: act }, label);
}

// A box above everything else, beside an element; it closes by itself on a click elsewhere and on Escape.
export function openPanel(root, beside, ...children) {
  closePanel(root);
  const panel = make("div", "nt-panel", { popover: "auto", tabindex: "-1" }, ...children);
  root.append(panel);
  if (panel.showPopover) panel.showPopover();
  const edge = beside.getBoundingClientRect();
  const width = panel.offsetWidth;
  const height = panel.offsetHeight;
  const left = Math.max(8, Math.min(edge.left, window.innerWidth - width - 8));
  const below = edge.bottom + 4;
  const top = below + height < window.innerHeight - 8 ? below : Math.max(8, window.innerHeight - height - 8);
  Object.assign(panel.style, { left: `${left}px`, top: `${top}px` });
  panel.addEventListener("toggle", (event) => {
    if (event.newState === "closed") panel.remove();
  });
  return panel;
}

export function closePanel(root) {
  for (const panel of root.querySelectorAll(".nt-panel")) panel.remove();
}
