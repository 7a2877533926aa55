"""What a comparison comes to, in a sentence or two: the metrics, and what can explain them, most explaining first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nbtrack.provenance.differences import EXPLAINING, RANKS, Difference, Kind
from nbtrack.widgets import html
from nbtrack.widgets.compared.rows import ROUNDING, rows_of
from nbtrack.widgets.compared.sides import Sides
from nbtrack.widgets.compared.values import label_of, value_of
from nbtrack.widgets.format import count, number
from nbtrack.widgets.html import Html, el, text, tinted
from nbtrack.widgets.text import clean, cut

_MOST_METRICS, _MOST_NAMED, _MOST_PIECES, _MOST_LOOKED_AT = 3, 3, 6, 60
_NAME_LIMIT, _VALUE_LIMIT, _LABEL_LIMIT = 60, 24, 36
_TINTS = {"better": html.GOOD, "worse": html.BAD}


def headline_html(sides: Sides) -> Html:
    """Return who is compared, and what that comes to.

    Parameters
    ----------
    sides : Sides

    Returns
    -------
    Html
    """
    lines = [_metrics_of_two(sides) if sides.is_pair else _metrics_of_many(sides), _explaining(sides)]
    told = (el("div", line, style="margin:2px 0 0 0") for line in lines if line)
    return el("div", _who(sides), *told, style="margin:0 14px 0 0")


def _who(sides: Sides) -> Html:
    names = [el("b", cut(clean(name), _NAME_LIMIT, "middle"), style="font-size:14px") for name in sides.names]
    experiments = list(dict.fromkeys(cut(clean(record.info.experiment_name), 40) for record in sides.records))
    where = f"experiment {experiments[0]}" if len(experiments) == 1 else f"experiments {_listed(experiments)}"
    if sides.is_pair:
        who = html.join([names[1], text(" against "), names[0]])
    else:
        others = len(sides.records) - 1 + sides.left_out
        who = html.join([text(f"{count(others, 'run')} against "), names[0]])
        where += f" · the first {len(sides.records)} are shown" if sides.left_out else ""
    return el("div", who, " \u2002", html.muted(where))


# --- metrics --------------------------------------------------------------------------------------------------------


def _metrics_of_two(sides: Sides) -> Html | None:
    keys = list(sides.by_fact.get("metric", ()))
    if not keys:
        common = any(key in sides.records[1].data.metrics for key in sides.records[0].data.metrics)
        return text("No metric differs." if common else "The runs have no metric in common.")
    # What says whether it is good or bad comes first.
    rows = rows_of(sides, "metric", keys[:_MOST_LOOKED_AT])
    rounded = sum(row.change is not None and row.change.word == ROUNDING for row in rows)
    rows = [row for row in rows if row.change is None or row.change.word != ROUNDING]
    if not rows:
        return text("No metric differs but by rounding.")
    told = sorted(rows, key=lambda row: not (row.change and row.change.word))
    pieces: list[Html] = []
    for row in told[:_MOST_METRICS]:
        name = cut(clean(row.label), _LABEL_LIMIT, "middle")
        if row.change is None:
            values = [value.words or "none" for value in row.values]
            pieces.append(text(f"{name} {values[0]} → {values[1]}"))
            continue
        colour = _TINTS.get(row.change.word)
        glyph = tinted(row.change.glyph, colour) if colour else text(row.change.glyph)
        words = " ".join(filter(None, [row.change.amount, row.change.word]))
        pieces.append(html.join([el("b", name), "\u00a0", glyph, f"\u00a0{words}"]))
    rest = len(keys) - rounded - len(pieces)
    return _sentence(pieces, f"{count(rest, 'more metric')}" if rest else "")


def _metrics_of_many(sides: Sides) -> Html | None:
    pieces: list[Html] = []
    keys = list(sides.by_fact.get("metric", ()))
    for row in rows_of(sides, "metric", keys[:_MOST_LOOKED_AT]):
        if len(pieces) == _MOST_METRICS or True not in row.best:
            continue
        place = row.best.index(True)
        value = sides.records[place].data.metrics[row.label]
        shared = row.best.count(True) - 1
        who = cut(clean(sides.names[place]), _LABEL_LIMIT, "middle") + (f" and {shared} more" if shared else "")
        pieces.append(text(f"{cut(clean(row.label), _LABEL_LIMIT, 'middle')} {number(value)} in {who}"))
    if pieces:
        return html.join(["Best: ", _sentence(pieces)])
    return None if keys else text("No metric differs.")


# --- what explains --------------------------------------------------------------------------------------------------


def _explaining(sides: Sides) -> Html:
    groups: dict[Kind, dict[str, Difference]] = {}
    for change in sides.differences():
        # A cell that differs only where it sets a param is told as the param.
        if change.kind in EXPLAINING and not (change.kind == "code" and change.rank > RANKS["param"]):
            groups.setdefault(change.kind, {}).setdefault(change.key, change)
    pieces = [phrase for kind, changes in groups.items() for phrase in _PHRASES[kind](sides, list(changes.values()))]
    unknown = len({(change.kind, change.key) for change in sides.differences(state="unknown")})
    rest = f" {count(unknown, 'fact')} {'is' if unknown == 1 else 'are'} not known." if unknown else ""
    metrics = "metric" in sides.by_fact
    if not pieces:
        words = "Nothing that is known to differ can explain it."
        return text(f"{words if metrics else 'Nothing that could change one is known to differ.'}{rest}")
    if len(pieces) > _MOST_PIECES:
        # A fold of one is not worth it.
        pieces = [*pieces[: _MOST_PIECES - 1], f"{len(pieces) - _MOST_PIECES + 1} more differences"]
    if len(pieces) == 1:
        why = "that can explain it" if metrics else ""
        return text(f"The only known difference {why}: {pieces[0]}.{rest}".replace(" :", ":"))
    return text(f"{'What can explain it' if metrics else 'What differs all the same'}: {_and(pieces)}.{rest}")


def _values(sides: Sides, change: Difference) -> str:
    """Return how a fact changes: from which value to which, or between how many."""
    label = cut(clean(label_of(change.kind, change.key)), _LABEL_LIMIT, "middle")
    values = [value_of(record, change.kind, change.key) for record in sides.records]
    words = [cut(clean(value.words), _VALUE_LIMIT, "middle") or ("none" if value.is_known else "?") for value in values]
    if sides.is_pair:
        return f"{label} {words[0]} → {words[1]}"
    return f"{label} ({count(len(set(words)), 'value')})"


def _one_by_one(noun: str) -> Callable[[Sides, Sequence[Difference]], list[str]]:
    def phrases(sides: Sides, changes: Sequence[Difference]) -> list[str]:
        found = [_values(sides, change) for change in changes[:_MOST_NAMED]]
        rest = len(changes) - len(found)
        return [*found, count(rest, f"more {noun}")] if rest else found

    return phrases


def _code(sides: Sides, changes: Sequence[Difference]) -> list[str]:
    cells = list(dict.fromkeys(change.key for change in changes if change.key != "order"))
    found = []
    if cells and sides.is_pair:
        # A cell that has another number in each run goes by the one of the run that is looked at.
        named = [cut(clean(cell.rpartition(" → ")[2]), _LABEL_LIMIT) for cell in cells]
        found.append(f"the code of {_and(named[:_MOST_NAMED])}" + _more(len(cells) - _MOST_NAMED, "cell"))
    elif cells:
        others = len({change.run_id for change in sides.differences("code") if change.key != "order"})
        found.append(f"the code ({count(others, 'run')} with other cells)")
    return [*found, "the order of the cells"] if any(change.key == "order" for change in changes) else found


def _packages(sides: Sides, changes: Sequence[Difference]) -> list[str]:
    named = [change for change in changes if change.key not in sides.imported_alone]
    found = _one_by_one("package")(sides, named)
    rest = len(changes) - len(named)
    return [*found, f"{count(rest, 'package')} that not all have imported"] if rest else found


def _data(sides: Sides, changes: Sequence[Difference]) -> list[str]:
    del sides
    named = [cut(clean(change.key), _LABEL_LIMIT, "middle") for change in changes]
    return [f"the data {_and(named[:_MOST_NAMED])}" + _more(len(named) - _MOST_NAMED, "input")]


def _seeds(sides: Sides, changes: Sequence[Difference]) -> list[str]:
    own = [change for change in changes if change.key == "seed"]
    if own:
        return [_values(sides, own[0])]
    streams = [label_of("seed", change.key).removesuffix(" generator") for change in changes]
    return [f"where the generators stood ({_listed(streams)})"]


def _hazards(sides: Sides, changes: Sequence[Difference]) -> list[str]:
    del sides
    labels = list(dict.fromkeys(change.key.partition(" ")[0] for change in changes))
    return [f"{'a hazard' if len(labels) == 1 else 'hazards'} ({_listed(labels)})"]


_PHRASES: Mapping[Kind, Callable[[Sides, Sequence[Difference]], list[str]]] = {
    "code": _code,
    "param": _one_by_one("param"),
    "data": _data,
    "seed": _seeds,
    "package": _packages,
    "hazard": _hazards,
    "environment": _one_by_one("fact of the environment"),
    "git": _one_by_one("fact of git"),
}


# --- words ----------------------------------------------------------------------------------------------------------


def _sentence(pieces: Sequence[Html], last: str = "") -> Html:
    parts = [*pieces, *([text(last)] if last else [])]
    if len(parts) == 1:
        return html.join([parts[0], "."])
    return html.join([html.join(parts[:-1], ", "), text(" and "), parts[-1], "."])


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _more(amount: int, noun: str) -> str:
    return f" and {count(amount, f'more {noun}')}" if amount > 0 else ""


def _listed(words: Sequence[str]) -> str:
    shown = [cut(clean(word), _LABEL_LIMIT) for word in words[:_MOST_NAMED]]
    return ", ".join(shown) + (", …" if len(words) > _MOST_NAMED else "")
