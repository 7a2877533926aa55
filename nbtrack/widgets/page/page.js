// Sorting, finding and opening; the page says all it has without this, too.
(() => {
  const table = document.getElementById("runs");
  const body = table?.tBodies[0];
  const find = document.getElementById("find");
  const found = document.getElementById("found");
  document.documentElement.classList.add("live");

  const valueOf = (row, at) => row.cells[at].dataset.v;

  // What is missing comes last, whichever way.
  const compare = (a, b, way, areNumbers) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    if (areNumbers) return way * (Number(a) - Number(b) || 0);
    return way * a.localeCompare(b, "en", { numeric: true });
  };

  const sortBy = (head) => {
    const at = head.cellIndex;
    const rows = [...body.rows];
    const values = rows.map((row) => valueOf(row, at)).filter((value) => value !== "");
    const areNumbers = values.every((value) => !Number.isNaN(Number(value)));
    const before = head.getAttribute("aria-sort");
    // Words begin at A, numbers with the largest.
    const first = areNumbers ? "descending" : "ascending";
    const other = areNumbers ? "ascending" : "descending";
    const order = before === first ? other : first;
    for (const cell of head.parentElement.cells) cell.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const way = order === "ascending" ? 1 : -1;
    rows.sort((a, b) => compare(valueOf(a, at), valueOf(b, at), way, areNumbers));
    body.append(...rows);
    table.classList.add("sorted");
  };

  for (const head of table?.tHead.rows[0].cells ?? []) {
    head.firstElementChild.addEventListener("click", () => sortBy(head));
  }

  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    found.textContent = words.length ? `${shown} of ${body.rows.length}` : "";
  };
  if (find && body) {
    find.hidden = false;
    find.addEventListener("input", filter);
  }

  // A link to a run opens it.
  const open = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target?.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  for (const link of table?.querySelectorAll("a") ?? []) link.addEventListener("click", () => setTimeout(open));
  open();

  // On paper nothing can be opened.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
  });
})();
