"""Digests of code: what it does, not where it stands, how it is laid out or what its docstring says."""

from __future__ import annotations

import dis
import functools
import hashlib
from types import CodeType

_NOISE = frozenset({"RESUME", "NOP", "CACHE", "PRECALL", "EXTENDED_ARG"})


@functools.lru_cache(maxsize=2048)
def code_digest(code: CodeType) -> str:
    """Return the digest of a code object and those in it.

    Parameters
    ----------
    code : types.CodeType

    Returns
    -------
    str
        The same for code that differs in comments, layout, docstrings or position only.

    Examples
    --------
    >>> def f(x):
    ...     "Says something."
    ...     return x + 1
    >>> def g(x): return x + 1  # the same
    >>> code_digest(f.__code__) == code_digest(g.__code__)
    True
    """
    found = hashlib.blake2b(digest_size=16)
    head = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & 0x3FF, code.co_varnames)
    found.update(repr(head).encode())
    previous = ""
    for step in dis.get_instructions(code):
        if step.opname in _NOISE:
            continue
        value = step.argval
        if type(value) is CodeType:
            text = code_digest(value)
        elif step.opname.startswith(("JUMP", "POP_JUMP", "FOR_ITER", "SEND")):
            text = str(step.arg)
        elif type(value) is frozenset:
            text = repr(sorted(map(repr, value)))
        else:
            text = f"{type(value).__name__} {value!r}"
        if step.opname == "STORE_NAME" and value in ("__doc__", "__firstlineno__", "__static_attributes__"):
            previous = ""
            continue
        found.update(previous.encode("utf-8", "surrogatepass"))
        previous = f"{step.opname} {text}\n"
    found.update(previous.encode("utf-8", "surrogatepass"))
    return found.hexdigest()
