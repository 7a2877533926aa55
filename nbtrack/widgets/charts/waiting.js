// One line below a chart that the kernel must answer: it says so where a cell that runs keeps the answer waiting.

const PATIENCE_MS = 500;
const LOOK_MS = 500;
const WORDS = "◷ waiting for the running cell: finer points come when it has ended";

function plotBeside(el) {
  const plots = el.closest(".jp-OutputArea")?.querySelectorAll(".js-plotly-plot") ?? [];
  return [...plots].find((plot) => plot.on && !plot.closest(".jp-RenderedPlotly")) ?? null;
}

function isZoom(change) {
  return Object.keys(change ?? {}).some((key) => /^xaxis\d*\.(range|autorange)/.test(key));
}

export default {
  render({ model, el }) {
    const line = document.createElement("div");
    line.setAttribute("role", "status");
    line.style.cssText = "font-size:13px;line-height:1.5;opacity:0.8;padding-left:8px";
    el.append(line);
    let plot = null;
    let timer = 0;
    const zoomed = (change) => {
      if (!isZoom(change)) return;
      clearTimeout(timer);
      timer = setTimeout(() => { line.textContent = WORDS; }, PATIENCE_MS);
    };
    const answered = () => {
      clearTimeout(timer);
      line.textContent = "";
    };
    // Plotly draws late, and anew.
    const look = () => {
      const found = plotBeside(el);
      if (found === plot) return;
      plot?.removeListener?.("plotly_relayout", zoomed);
      plot = found;
      plot?.on("plotly_relayout", zoomed);
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
  },
};
