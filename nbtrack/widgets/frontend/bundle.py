"""A live widget's JavaScript and style sheet as the one module that a front end is given.

The modules import one another, as a browser or Node can load them. A front end is given a single one, so they are put
one after the other, without the words that connect them; and since every widget in a notebook carries it along, it is
packed, and goes beside the message as bytes.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable
from importlib.resources import files

SHARED = ("dom", "link")
"""Names of the JavaScript files beside this one."""

_LOADER = """
const load = async (model) => {
  const unpacked = new Blob([model.get("_code")]).stream().pipeThrough(new DecompressionStream("deflate"));
  const address = URL.createObjectURL(new Blob([await new Response(unpacked).text()], { type: "text/javascript" }));
  const loaded = await import(address);
  URL.revokeObjectURL(address);
  return loaded.default();
};
// anywidget lets a widget that took more than two seconds to load hear nothing of the kernel any more. So it goes in a
// browser that is busy: then its messages are taken as ipywidgets take them.
const hear = async (whole) => {
  if (!whole?.comm || !whole._handle_comm_msg) return;
  try {
    await whole._handle_comm_msg({ content: { data: { method: "" } } });
  } catch {
    let kind = Object.getPrototypeOf(whole);
    while (!Object.hasOwn(kind, "_handle_comm_msg")) kind = Object.getPrototypeOf(kind);
    const { _handle_comm_msg: take } = Object.getPrototypeOf(kind);
    whole.comm.on_msg((message) => take.call(whole, message));
    // What was sent meanwhile.
    whole.comm.send({ method: "request_state" }, {});
  }
};
// A page that is opened beside its kernel waits two seconds for a widget, and ipywidgets does not look once more after
// the last pause of these: of one that comes within that pause it says for good that there is none. Here it gets its
// place.
const LOST = "Error displaying widget: model not found";
// The last pause is a tenth of a second, and longer in a browser that is busy.
const PAUSES_MS = [250, 1000, 4000];
const idBeside = (node) => {
  const twin = node.parentElement.previousElementSibling?.querySelector("[class^=nbtrack-twin-]");
  return node.parentElement.dataset.widget ?? twin?.className.replace("nbtrack-twin-", "");
};
const showLost = async (manager) => {
  for (const node of document.querySelectorAll(".jp-OutputArea-output.jupyter-widgets")) {
    const id = node.textContent === LOST && idBeside(node);
    if (!id || !manager.has_model(id)) continue;
    node.textContent = "";
    const { luminoWidget: shown } = await manager.create_view(await manager.get_model(id));
    shown.constructor.attach(shown, node);
  }
};
// The model itself, of which a widget is given a few functions.
const wholeOf = (model) => {
  let whole = null;
  const take = (it) => { whole = it; };
  const twin = model.get("_twin");
  model.on("change:_twin", take);
  model.set("_twin", `${twin} `);
  model.set("_twin", twin);
  model.off("change:_twin", take);
  return whole;
};
export default () => {
  let widget = null;
  let heard = null;
  return {
    async initialize(context) {
      widget = await load(context.model);
      widget.initialize({ ...context, hear });
      // Only when this has ended, anywidget says whether it was in time.
      heard = hear(wholeOf(context.model));
      const { widget_manager: manager } = context.model;
      for (const pause of PAUSES_MS) setTimeout(() => showLost(manager).catch(() => {}), pause);
    },
    async render(context) {
      await heard;
      return widget.render(context);
    },
  };
};
"""

_IMPORT = re.compile(r"^import\b[^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+|\n(?=\n)", re.MULTILINE)


def packed(script: str) -> bytes:
    """Return a script as the trait ``_code`` holds it.

    Parameters
    ----------
    script : str

    Returns
    -------
    bytes
    """
    return zlib.compress(script.encode(), 9)


def joined(package: str, modules: Iterable[str], style: str = "") -> str:
    """Return a widget's code as one ES module, its style sheet as the constant ``STYLE``.

    Parameters
    ----------
    package : str
        Where the files are.
    modules : iterable of str
        Names of the JavaScript files, each behind those that it imports; the shared ones stand before all of them.
    style : str
        Name of the style sheet, if there is one.

    Returns
    -------
    str
    """
    texts = [_text(__package__, f"{name}.js") for name in SHARED]
    texts += [_text(package, f"{name}.js") for name in modules]
    sheet = _INDENT.sub("", _text(package, f"{style}.css")) if style else ""
    return f"const STYLE = {json.dumps(sheet)};\n" + "".join(map(_part, texts))


def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


def _part(text: str) -> str:
    """Return a module as a part of a larger one, without what only people read."""
    return _INDENT.sub("", _COMMENT.sub("", _EXPORT.sub("", _IMPORT.sub("", text))))


LOADER = _part(_LOADER)
"""The ES module that a front end is given: it unpacks the trait ``_code``, and hands over to it."""
