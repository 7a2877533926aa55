"""Digests that another process can compare with its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbtrack

_DIGESTS = """
import json, os, sys, types
import numpy as np, pandas as pd
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from nbtrack.provenance.digests import digest_value

X, y = load_iris(return_X_y=True)
def scale(x, by=2): return x * by
class Config:
    lr = 0.1
made = {"__name__": "__main__"}
# The file of a cell has the number of its kernel in its name.
code = "import nbtrack\\n@nbtrack.track\\ndef fit(k):\\n    return k / 7"
exec(compile(code, f"/tmp/ipykernel_{os.getpid()}/1.py", "exec"), made)
values = {
    "tracked": made["fit"], "number": 0.1, "text": "a" * 20, "long text": "a" * 20_000, "none": None, "list": [1, 2.5, "x", None],
    "many texts": list("abcdefghijkl"), "many numbers": list(range(100)), "nested": {"a": {"b": [1, (2, 3)]}},
    "texts": {"a", "b", "c"}, "numbers": {1, 2, 3}, "frozen": frozenset("ab"), "held": [{"a", "b"}],
    "array": X, "bools": X > 1, "objects": np.array(["a", 1, None], dtype=object), "table": pd.DataFrame(X),
    "named": pd.DataFrame({"s": [f"w{i}" for i in range(50)], "n": range(50)}), "series": pd.Series([1.0, None]),
    "times": pd.date_range("2024-01-01", periods=3), "kinds": pd.Categorical(["a", "b"]), "function": scale,
    "lambda": lambda x: x + 1, "class": Config, "object": Config(), "module": np, "rng": np.random.default_rng(3),
    "state": np.random.RandomState(3), "linear": LogisticRegression().fit(X, y),
    "forest": RandomForestClassifier(3, random_state=0).fit(X, y), "space": types.SimpleNamespace(a=1),
}
found = {name: digest_value(value, {"scale": scale, "Config": Config}) for name, value in values.items()}
print(json.dumps({name: [digest.digest, digest.portable] for name, digest in found.items()}))
"""


def test_portable_digests_are_the_same_in_every_process():
    told = []
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(nbtrack.__file__).parents[1])}
        played = subprocess.run([sys.executable, "-c", _DIGESTS], env=environment, capture_output=True, text=True)
        assert played.returncode == 0, played.stderr
        told.append(json.loads(played.stdout))
    first, second = told
    assert {name for name, (digest, portable) in first.items() if portable and second[name][0] != digest} == set()
    portable = {name for name, (_, portable) in first.items() if portable}
    assert {
        "array",
        "table",
        "function",
        "tracked",
        "rng",
        "linear",
        "nested",
        "object",
        "numbers",
        "many numbers",
    } <= portable
    assert not portable & {"texts", "held", "many texts", "long text", "forest"}
