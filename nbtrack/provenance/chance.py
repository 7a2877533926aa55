"""Code whose results hang on chance or on the moment: generators without a seed, clocks, string hashing."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from nbtrack.provenance.clocks import CLOCKS, Readings, called, is_told, part_of, reads_clock

_MAKERS = frozenset("default_rng RandomState Random PCG64 MT19937 Philox SFC64 SeedSequence seed".split())
_CHANCE = frozenset(
    "uuid.uuid4 uuid.uuid1 uuid4 uuid1 os.urandom os.getpid secrets.token_hex secrets.randbelow secrets.randbits "
    "secrets.choice secrets.token_bytes secrets.SystemRandom random.SystemRandom SystemRandom input id "
    "getpid os.getppid urandom threading.get_ident".split()
)
VOLATILE = CLOCKS | _CHANCE
"""Calls that give something else each time."""
_ORDERED = frozenset("list tuple enumerate iter next zip map reversed dict".split())
_SUSPECTS = VOLATILE | _ORDERED | {"hash"}


def unseeded_makers(node: ast.AST, nones: frozenset[str]) -> Iterator[str]:
    """Yield the calls that make a random generator without giving it a seed.

    Parameters
    ----------
    node : ast.AST
    nones : frozenset of str
        Names that stand for None.

    Yields
    ------
    str
        As written.

    Examples
    --------
    >>> list(unseeded_makers(ast.parse("rng = np.random.default_rng()"), frozenset()))
    ['np.random.default_rng()']
    """
    for statement in _statements(node):
        for call in _outlined(statement).makers:
            if _no_seed(call, nones):
                yield ast.unparse(call)


def _no_seed(call: ast.Call, nones: frozenset[str]) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return all(
        (isinstance(item, ast.Constant) and item.value is None) or (isinstance(item, ast.Name) and item.id in nones)
        for item in given
    )


class Surroundings:
    """All code that may go on with what a part of it makes; looked through once for all its parts.

    Parameters
    ----------
    node : ast.AST
        Statements in a module, or a function.
    """

    def __init__(self, node: ast.AST) -> None:
        self._node = node

    @functools.cached_property
    def sets(self) -> frozenset[str]:
        """Names that stand for sets of texts wherever they are bound."""
        bound = dict(pair for statement in _statements(self._node) for pair in _outlined(statement).sets)
        return frozenset(name for name, is_set in bound.items() if is_set)

    @functools.cached_property
    def readings(self) -> Readings:
        """What becomes of the readings of clocks."""
        return Readings(_statements(self._node))


def volatile_uses(node: ast.AST, around: Surroundings | None = None) -> Iterator[str]:
    """Yield what a piece of code takes from clocks, string hashing and the like, save for measuring and telling time.

    Parameters
    ----------
    node : ast.AST
        A whole cell or function, so that what becomes of a reading of the clock can be seen.
    around : Surroundings, optional
        Default ``node`` itself.

    Yields
    ------
    str
        As written.

    Examples
    --------
    >>> list(volatile_uses(ast.parse("seed = int(time.time())")))
    ['time.time()']
    >>> list(volatile_uses(ast.parse("t0 = time.time(); took = time.time() - t0")))
    []
    """
    around = Surroundings(node) if around is None else around
    seen = [_outlined(statement) for statement in _statements(node)]
    for outline in seen:
        for part in outline.suspects:
            if isinstance(part, ast.Call):
                if _is_volatile(part, outline.parents, around):
                    yield ast.unparse(part)
            elif not _order_is_lost(part, outline.parents) and _is_set(part.iter, around.sets):
                yield ast.unparse(part.iter)


@dataclass(frozen=True, slots=True)
class _Outline:
    """What matters here of a statement; found once, since a notebook's cells are asked about with every run.

    Attributes
    ----------
    parents : dict of AST to AST
    suspects : tuple of AST
        Calls, loops and comprehensions that may be volatile.
    makers : tuple of ast.Call
        Calls that make or seed a random generator.
    sets : tuple of (str, bool)
        Names that are assigned to, and whether a set.
    """

    parents: dict[ast.AST, ast.AST]
    suspects: tuple[ast.Call | ast.For | ast.comprehension, ...]
    makers: tuple[ast.Call, ...]
    sets: tuple[tuple[str, bool], ...]


def _statements(node: ast.AST) -> list[ast.AST]:
    return list(node.body) if isinstance(node, ast.Module) else [node]


@functools.lru_cache(maxsize=4096)
def _outlined(statement: ast.AST) -> _Outline:
    suspects: list[ast.Call | ast.For | ast.comprehension] = []
    makers: list[ast.Call] = []
    sets: list[tuple[str, bool]] = []
    for part in ast.walk(statement):
        match part:
            case ast.For() | ast.comprehension():
                suspects.append(part)
            case ast.Call():
                name = called(part)
                if name in _SUSPECTS or getattr(part.func, "attr", "") == "join" or reads_clock(part):
                    suspects.append(part)
                if name.rpartition(".")[2] in _MAKERS:
                    makers.append(part)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                sets.append((name, _is_set(value)))
    return _Outline(part_of(statement).parents, tuple(suspects), tuple(makers), tuple(sets))


def _is_volatile(call: ast.Call, parents: dict[ast.AST, ast.AST], around: Surroundings) -> bool:
    name = called(call)
    if reads_clock(call):
        return not around.readings.only_measure(call, parents)
    if name in _CHANCE:
        return not is_told(call, parents)
    if name == "hash":
        return bool(call.args) and not _is_number(call.args[0])
    if name in _ORDERED or (isinstance(call.func, ast.Attribute) and call.func.attr == "join"):
        return any(_is_set(argument, around.sets) for argument in call.args)
    return False


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return all(map(_is_number, node.elts))
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _is_set(node: ast.expr, names: frozenset[str] = frozenset()) -> bool:
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Call):
        return called(node) == "set" and bool(node.args)
    if isinstance(node, ast.Set):
        return not all(map(_is_number, node.elts))
    return isinstance(node, ast.SetComp)


def _order_is_lost(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Tell whether what is made in the order of a set is put in order, or has none."""
    if isinstance(node, ast.For):
        return False
    made = parents[node]
    if isinstance(made, ast.SetComp | ast.DictComp):
        return True
    outer = parents.get(made)
    return isinstance(outer, ast.Call) and called(outer).rpartition(".")[2] in (
        "sorted", "sum", "max", "min", "len", "set", "any", "all", "frozenset", "fsum",
    )  # fmt: skip
