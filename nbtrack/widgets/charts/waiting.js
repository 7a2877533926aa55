// One line below a chart that the kernel must answer: it says so where a cell that runs keeps the answer waiting. As soon
// as the chart is painted, its still picture is hidden; and it looks after the chart's hearing.

import { hideTwin, make } from "../frontend/dom.js";

const ZOOM_PATIENCE_MS = 500;
const LOOK_MS = 100;
const WORDS = "◷ waiting for the running cell: finer points come when it has ended";

function isZoom(change) {
  return Object.keys(change ?? {}).some((key) => /^xaxis\d*\.(range|autorange)/.test(key));
}

function render({ model, el }) {
  const line = make("div", "", { role: "status" });
  line.style.cssText = "font-size:13px;line-height:1.5;opacity:0.8;padding-left:8px";
  const rule = make("div", "", { hidden: "" });
  el.append(line, rule);
  let plot = null;
  let timer = 0;
  const zoomed = (change) => {
    if (!isZoom(change)) return;
    clearTimeout(timer);
    timer = setTimeout(() => { line.textContent = WORDS; }, ZOOM_PATIENCE_MS);
  };
  const answered = () => {
    clearTimeout(timer);
    line.textContent = "";
  };
  // Plotly draws late, and anew.
  const look = () => {
    const plots = el.closest(".widget-vbox")?.querySelectorAll(".js-plotly-plot") ?? [];
    const found = [...plots].find((each) => each.on) ?? null;
    if (found === plot) return;
    plot?.removeListener?.("plotly_relayout", zoomed);
    plot = found;
    plot?.on("plotly_relayout", zoomed);
    rule.replaceChildren();
    if (plot) hideTwin(rule, model.get("_twin"));
  };
  look();
  const looking = setInterval(look, LOOK_MS);
  model.on("change:_answered", answered);
  return () => {
    clearInterval(looking);
    clearTimeout(timer);
    model.off("change:_answered", answered);
    plot?.removeListener?.("plotly_relayout", zoomed);
  };
}

// Plotly's widget is large, and more likely than any to be loaded too late to hear the kernel.
function initialize({ model, hear }) {
  Promise.resolve(model.get("_chart")).then((id) => model.widget_manager.get_model(id)).then(hear).catch(() => {});
}

export default () => ({ initialize, render });
