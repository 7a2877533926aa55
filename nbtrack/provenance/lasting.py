"""Hazards that no clean run cures: chance, clocks, changed files, and cells that change what they start from."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbtrack.provenance.aliases import imported, in_full
from nbtrack.provenance.chance import VOLATILE, Surroundings, unseeded_makers, volatile_uses
from nbtrack.provenance.digests import ValueDigest
from nbtrack.provenance.display import Display
from nbtrack.provenance.drawing import drawn_in_processes
from nbtrack.provenance.history import Execution, History
from nbtrack.provenance.idempotence import piles_up
from nbtrack.provenance.objects import MISSING, attribute, class_name, inherited, is_notebook_class
from nbtrack.provenance.relevance import Member, definitions
from nbtrack.provenance.slices import read_parts
from nbtrack.provenance.streams import STREAMS, title


@dataclass(frozen=True, slots=True)
class Finding:
    """One of these hazards.

    Attributes
    ----------
    label : str
    subject : str
        The generator, file or name that it is about, as a sentence calls it.
    execution : Execution
    name : str
    """

    label: str
    subject: str
    execution: Execution
    name: str


def unseeded(members: Sequence[Member], history: History) -> Iterator[Finding]:
    """Yield generators that results depend on and nobody seeded.

    Parameters
    ----------
    members : sequence of Member
    history : History

    Yields
    ------
    Finding
    """
    for member in members:
        made = member.execution
        for stream in STREAMS:
            version = made.reads.get(stream)
            if stream in member.needs and stream in made.drawn and version is not None and not version.seeded:
                yield Finding("unseeded_rng", title(stream), made, stream)
        for text in _in_code(member, unseeded_makers, _nones(made)):
            yield Finding("unseeded_rng", text, made, text.partition("(")[0])
        for name in sorted(member.needs):
            value = made.reads[name].value
            entropy = value.entropy if value is not None and name in made.writes else ()
            if entropy and not any(_written_out(number, history) for number in entropy):
                yield Finding("unseeded_rng", name, made, name)
    sources = [member.execution.source for member in members]
    for place, text in drawn_in_processes(sources, [_code_of(member) for member in members]):
        yield Finding("unseeded_rng", text, members[place].execution, text.partition("(")[0])


def _code_of(member: Member) -> ast.Module:
    return ast.Module([*(statement.node for statement in member.statements()), *member.functions()], [])


def _nones(made: Execution) -> frozenset[str]:
    return frozenset(name for name, version in made.reads.items() if version.text == "None")


def _written_out(number: int, history: History) -> bool:
    return any(str(number) in execution.source or hex(number) in execution.source for execution in history.executions)


def volatile(members: Sequence[Member]) -> Iterator[Finding]:
    """Yield clocks, string hashing and the like that results depend on."""
    written = [_together(tuple(statement.text for statement in member.statements())) for member in members]
    names = imported(written)
    codes = [ast.Module([_spelled(part, names) for part in code.body], []) for code in written]
    around = Surroundings(ast.Module([statement for code in codes for statement in code.body], []))
    for member, code in zip(members, codes, strict=True):
        seen = dict.fromkeys(volatile_uses(code, around))
        for node in member.functions():
            seen.update(dict.fromkeys(volatile_uses(_spelled(node, {**names, **imported([node])}))))
        for text in seen:
            yield Finding("volatile_input", text, member.execution, text.partition("(")[0])


def _spelled(statement: ast.stmt, names: Mapping[str, str]) -> ast.stmt:
    found = in_full(statement, names, VOLATILE)
    assert isinstance(found, ast.stmt)
    return found


def _in_code(
    member: Member, find: Callable[[ast.AST, frozenset[str]], Iterator[str]], nones: frozenset[str]
) -> Iterator[str]:
    # The statements together, so that it can be seen what becomes of a value.
    yield from find(_together(tuple(statement.text for statement in member.statements())), nones)
    for node in member.functions():
        yield from find(node, frozenset())


@functools.lru_cache(maxsize=1024)
def _together(texts: tuple[str, ...]) -> ast.Module:
    return ast.parse("\n".join(texts))


def changed_files(
    members: Sequence[Member], history: History, display: Display, digest: Callable[[str], str | None]
) -> Iterator[Finding]:
    """Yield files that results were computed from and that are otherwise now.

    Parameters
    ----------
    members : sequence of Member
    history : History
    display : Display
    digest : callable
        Gives the digest of a file as it is now, None where it is gone.

    Yields
    ------
    Finding
    """
    for member in members:
        for name in sorted(member.needs):
            version = member.execution.reads[name]
            if not name.startswith("file:") or version.value is None:
                continue
            if digest(name[5:]) == version.value.digest or _rewritten_above(member, name, history, display):
                continue
            if version.execution is not None and name in member.execution.writes:
                continue
            yield Finding("external_changed", name[5:].rpartition("/")[2], member.execution, name)


def _rewritten_above(member: Member, name: str, history: History, display: Display) -> bool:
    """Tell whether a cell above has written the file since: then a clean run would read what it writes."""
    current = history.current.get(name)
    if current is None or current.execution is None or current.execution.sequence <= member.execution.sequence:
        return False
    writer, reader = display.home(current.execution), display.home(member.execution)
    return writer is not None and reader is not None and writer.position < reader.position


def own_changes(
    member: Member, history: History, namespace: Mapping[str, Any], digest: Callable[[str], ValueDigest | None]
) -> Iterator[Finding]:
    """Yield inputs of the tracked cell that it changed so that running it once more would give something else.

    Parameters
    ----------
    member : Member
        The tracked cell.
    history : History
    namespace : mapping of str to object
        The notebook's names.
    digest : callable
        Gives the digest of what a name stands for now, None where that cannot be known exactly.

    Yields
    ------
    Finding
    """
    made = member.execution
    nodes: list[ast.stmt] | None = None
    for name in sorted(member.needs & made.deletes):
        yield Finding("mutates_own_input", name, made, name)
    for name in sorted(member.needs):
        before, after = made.reads[name], made.writes.get(name)
        if after is None or name.endswith("()") or ":" in name or before.generator or name.startswith("_"):
            continue
        if before.value is None:
            continue
        now = after.value if after.value is not None else digest(name)
        if now is None or now.core == before.value.core:
            continue
        parts = read_parts(made, name)
        if parts and all(key in now.parts and now.parts[key] == before.value.parts.get(key) for key in parts):
            # Of what it reads of it, it changes nothing.
            continue
        if nodes is None:
            nodes = [*(statement.node for statement in member.statements()), *member.functions()]
        nodes += _class_of(namespace.get(name), history, namespace)
        if piles_up(name, nodes, refits=_refits(namespace.get(name), made)):
            yield Finding("mutates_own_input", name, made, name)


def _class_of(value: Any, history: History, namespace: Mapping[str, Any]) -> list[ast.stmt]:
    """Return the definition of the notebook class that an object is of."""
    cls = type(value)
    version = history.current.get(class_name(cls)) if is_notebook_class(cls, namespace) else None
    if version is None or version.execution is None:
        return []
    return list(definitions(version.execution, class_name(cls)))


def _refits(value: Any, made: Execution) -> bool:
    """Tell whether an object is an estimator that starts afresh with each fit."""
    if inherited(type(value), "fit") is MISSING or "partial_fit" in made.source:
        return False
    return attribute(value, "warm_start") is not True
