"""Recipes between two: the one run's code with some of what differs in the other's."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from nbtrack.errors import InputError
from nbtrack.findings.explanation import Change
from nbtrack.provenance.cellcode import CellCode
from nbtrack.provenance.matching import Pair, is_reordered, matched
from nbtrack.provenance.python import essence
from nbtrack.records import CellExecution
from nbtrack.replay.celltext import read_cell
from nbtrack.replay.params.setting import param_code, with_code
from nbtrack.replay.recipe import Recipe, Step, TrackedStep
from nbtrack.replay.seeds.reseeding import with_same_seeds

_CUT = 30
_WORDS = re.compile(r"[\w.]+|\s+|[^\w\s]")
# Of a slot that differs in its seeds alone.
_SEED = -1


@dataclass(frozen=True, slots=True)
class _Slot:
    """A cell of the one run, of the other, or of both.

    Attributes
    ----------
    a, b : int or None
        Its position in each.
    change : int or None
        The change that replaces, adds or removes it, or -1 for that of the seeds; None where it is the same in both.
    """

    a: int | None
    b: int | None
    change: int | None = None


class Hybrids:
    """Everything between two recipes.

    Attributes
    ----------
    changes : tuple of Change
        What differs and can be changed alone.
    """

    def __init__(
        self,
        a: Recipe,
        b: Recipe,
        first: Sequence[CellExecution],
        second: Sequence[CellExecution],
        *,
        states_matter: bool = True,
    ) -> None:
        self._a, self._b = a, b
        self._cells = [list(map(read_cell, side)) for side in (first, second)]
        self._states_matter = states_matter
        self._changes: list[Change] = []
        self._params = self._settable()
        self._slots: list[_Slot] = []
        self._seed: int | None = None
        self._order: int | None = None
        for name in self._params:
            words = f"{name}: {_shown(a.params[name])} → {_shown(b.params[name])}"
            self._changes.append(Change(kind="param", key=name, words=words))
        self._pair(_replaced(matched(first, second)))
        self.changes = tuple(self._changes)

    def _settable(self) -> dict[str, tuple[str, str]]:
        """Return the params that differ and can be set in either, with the code of their values."""
        found: dict[str, tuple[str, str]] = {}
        for name, text in self._a.params.items():
            other = self._b.params.get(name)
            if other is None or other == text:
                continue
            codes = param_code(self._a, name), param_code(self._b, name)
            if codes[0] is None or codes[1] is None:
                continue
            try:
                with_code(self._a, name, codes[1], other)
                with_code(self._b, name, codes[0], text)
            except InputError:
                continue
            found[name] = codes[0], codes[1]
        return found

    def _pair(self, pairs: Sequence[Pair]) -> None:
        # What differs in params alone, or in seeds alone, is no change of code.
        alike = self._b
        for name, codes in self._params.items():
            alike = with_code(alike, name, codes[0], self._a.params[name])
        seedless = [with_same_seeds(recipe) for recipe in (self._a, alike)]
        reseeded = False
        changed: list[int] = []
        for left, right in pairs:
            change: int | None = None
            if left is None or right is None:
                changed.append(len(self._slots))
            else:
                step, other = self._a.steps[left], alike.steps[right]
                reseeded = reseeded or self._reseeded(step.tracked, other.tracked)
                if essence(step.source) != essence(other.source):
                    sides = [recipe.steps[place].source for recipe, place in zip(seedless, (left, right), strict=True)]
                    if essence(sides[0]) == essence(sides[1]):
                        reseeded, change = True, _SEED
                    else:
                        changed.append(len(self._slots))
            self._slots.append(_Slot(left, right, change))
        for group in self._groups(changed):
            for place in group:
                self._slots[place] = replace(self._slots[place], change=len(self._changes))
            self._changes.append(self._code_change([self._slots[place] for place in group], alike))
        if is_reordered(pairs):
            self._order = len(self._changes)
            self._changes.append(Change(kind="order", key="order", words="the order in which the cells ran"))
        if reseeded:
            self._seed = len(self._changes)
            self._changes.append(Change(kind="seed", key="seed", words=self._seed_words()))

    def _reseeded(self, a: TrackedStep | None, b: TrackedStep | None) -> bool:
        if a is None or b is None:
            return False
        # With a seed, the states follow from it.
        return a.seed != b.seed or (a.seed is None and self._states_matter and dict(a.states) != dict(b.states))

    def _groups(self, changed: Sequence[int]) -> list[list[int]]:
        """Put cells together that only make sense together: one binds a new name, and the other reads it."""
        known = [{name for cell in side if cell.code is not None for name in cell.code.binds} for side in self._cells]
        group_of = {place: place for place in changed}
        for place, other in itertools.permutations(changed, 2):
            for side in (0, 1):
                maker, reader = (self._cell(self._slots[found], side) for found in (place, other))
                # Names that the other run does not have at all.
                if maker and reader and (maker.binds - known[1 - side]) & frozenset(reader.reads):
                    old, new = group_of[other], group_of[place]
                    group_of = {key: new if group == old else group for key, group in group_of.items()}
        groups = list(dict.fromkeys(group_of.values()))
        return [[place for place in changed if group_of[place] == group] for group in groups]

    def _cell(self, slot: _Slot, side: int) -> CellCode | None:
        place = (slot.a, slot.b)[side]
        return None if place is None else self._cells[side][place].code

    def _code_change(self, slots: Sequence[_Slot], alike: Recipe) -> Change:
        words = []
        for slot in slots:
            if slot.a is None:
                assert slot.b is not None
                words.append(f"{_label(self._b.steps[slot.b])} added")
            elif slot.b is None:
                words.append(f"{_label(self._a.steps[slot.a])} removed")
            else:
                labels = _label(self._a.steps[slot.a]), _label(self._b.steps[slot.b])
                key = labels[0] if labels[0] == labels[1] else " → ".join(labels)
                words.append(f"{key}: {_differing(self._a.steps[slot.a].source, alike.steps[slot.b].source)}")
        # The cell that was changed says more than one that it needs.
        words.sort(key=lambda text: ": " not in text)
        key = words[0].partition(": ")[0]
        told = words[0] if len(words) == 1 else f"{words[0]}, with {', '.join(words[1:])}"
        return Change(kind="code", key=key, words=told)

    def _seed_words(self) -> str:
        seeds = [[step.tracked.seed for step in recipe.steps if step.tracked] for recipe in (self._a, self._b)]
        if seeds[0][-1:] != seeds[1][-1:]:
            return " → ".join("no --seed" if not side or side[-1] is None else f"--seed {side[-1]}" for side in seeds)
        if any(slot.change == _SEED for slot in self._slots):
            return "the seeds in the code"
        return "the states of the generators"

    def recipe(self, applied: Collection[int]) -> Recipe:
        """Return the baseline's recipe with some of the changes.

        Parameters
        ----------
        applied : collection of int
            Positions in ``changes``.

        Returns
        -------
        Recipe

        Raises
        ------
        InputError
            They cannot be made together.
        """
        if len(set(applied)) == len(self.changes):
            return self._b
        if not applied:
            return self._a
        steps: list[tuple[int | None, Step, bool]] = []
        for slot in self._slots:
            change = self._seed if slot.change == _SEED else slot.change
            other = change is not None and change in applied
            position = slot.b if other else slot.a
            if position is None:
                continue
            step = (self._b if other else self._a).steps[position]
            steps.append((slot.b, self._tracked(step, slot, applied), other))
        if self._order is not None and self._order in applied:
            known = [place for place, _, _ in steps if place is not None]
            ordered = iter(sorted((item for item in steps if item[0] is not None), key=lambda item: item[0] or 0))
            steps = [next(ordered) if item[0] is not None else item for item in steps] if known else steps
        whole = self._b if steps[-1][2] else self._a
        recipe = replace(
            self._a,
            steps=tuple(step for _, step, _ in steps),
            target=whole.target,
            params=whole.params,
            absent=tuple(sorted({*self._a.absent, *self._b.absent})),
        )
        for place, (name, codes) in enumerate(self._params.items()):
            source = self._b if place in applied else self._a
            # The text that is recorded is the other's where the cell that sets it is: what is set is what counts.
            found = replace(recipe, params={key: text for key, text in recipe.params.items() if key != name})
            recipe = with_code(found, name, codes[int(place in applied)], source.params[name])
        return recipe

    def _tracked(self, step: Step, slot: _Slot, applied: Collection[int]) -> Step:
        """Give a cell that both have the seed and states of the run that seeds are taken from."""
        if slot.a is None or slot.b is None:
            return step
        both = self._a.steps[slot.a].tracked, self._b.steps[slot.b].tracked
        seeds = both[int(self._seed is not None and self._seed in applied)]
        if step.tracked is None or seeds is None:
            return step
        return replace(step, tracked=replace(step.tracked, seed=seeds.seed, states=seeds.states))


def _replaced(pairs: Sequence[Pair]) -> list[Pair]:
    """Take a cell that is gone and one that is new in its place for one that was changed, however unlike they are."""
    found: list[Pair] = []
    for pair in pairs:
        last = found[-1] if found else (0, 0)
        if pair[0] is None and pair[1] is not None and last[1] is None:
            found[-1] = last[0], pair[1]
        elif pair[1] is None and pair[0] is not None and last[0] is None:
            found[-1] = pair[0], last[1]
        else:
            found.append(pair)
    return found


def _label(step: Step) -> str:
    return step.label


def _differing(a: str, b: str) -> str:
    """Return in a few words how the code of a cell differs, where it is a single statement or a part of one."""
    try:
        sides = [[ast.unparse(node) for node in ast.parse(text).body] for text in (a, b)]
    except (SyntaxError, ValueError, RecursionError):
        return "other code"
    gone = [text for text in sides[0] if text not in sides[1]]
    new = [text for text in sides[1] if text not in sides[0]]
    if len(gone) > 1 or len(new) > 1 or not (gone or new):
        return "other code"
    whole = gone[0] if gone else "", new[0] if new else ""
    for old, now in (whole, _middle(*whole)):
        if max(len(old), len(now)) <= _CUT and "\n" not in old + now:
            return f"{old} → {now}" if old and now else f"without {old}" if old else f"with {now}"
    return "other code"


def _middle(a: str, b: str) -> tuple[str, str]:
    """Return what is left of two texts without the words that both begin and end with."""
    first, second = (_WORDS.findall(text) for text in (a, b))
    start = _common(first, second)
    end = _common(first[start:][::-1], second[start:][::-1])
    parts = ["".join(words[start : len(words) - end]).strip(" ,") for words in (first, second)]
    return (parts[0], parts[1]) if any(parts) else (a, b)


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many words two sequences begin with alike."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(first), len(second)))


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CUT else line[: _CUT - 1] + "…"
