"""axe-core in a page: Deque's rules of accessibility, under the Mozilla Public License 2.0, in the folder ``axe``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
# Browsers let the keyboard scroll what has more than fits; static HTML cannot have a tabindex, sanitizers take it away.
_RUN = """async selectors => { const context = selectors.length ? { include: selectors.map(it => [it]) } : document;
    const rules = { 'scrollable-region-focusable': { enabled: false } };
    const found = await axe.run(context, { resultTypes: ['violations'], elementRef: false, rules });
    return found.violations.filter(it => ['serious', 'critical'].includes(it.impact)).flatMap(it => it.nodes.map(node =>
        `${it.id}: ${node.target} ${node.html.slice(0, 160)} ${node.failureSummary.replaceAll('\\n', ' ')}`)); }"""


def violations(page: Any, *selectors: str) -> list[str]:
    """Return what axe-core finds serious or critical in these elements, or in the whole page."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(_AXE)
        # JupyterLab's body has no height and hides what it does not hold: axe takes all that for unseen.
        page.add_style_tag(content="body { overflow: visible !important }")
    found: list[str] = page.evaluate(_RUN, list(selectors))
    return found
