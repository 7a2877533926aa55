"""A notebook of 200 cells, as people write them, and the code cells of this project's own notebooks."""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

_HEAD = (
    "import json\nimport math\nimport random\nimport time\nfrom collections import Counter, defaultdict\n"
    "from pathlib import Path",
    "import numpy as np\nimport pandas as pd",
    "from sklearn.linear_model import LogisticRegression\nfrom sklearn.model_selection import train_test_split\n"
    "from sklearn.preprocessing import StandardScaler\nfrom sklearn.tree import DecisionTreeClassifier",
    "random.seed(0)\nnp.random.seed(0)",
    "rows = 100_000\nrate = 0.1\nname = 'synthetic'\nflag = True",
    "config = {'rate': rate, 'depth': 4, 'layers': [32, 16], 'optimizer': {'name': 'adam', 'beta': 0.9}}",
    """
df = pd.DataFrame({
    "x": np.random.rand(rows),
    "y": np.random.rand(rows),
    "n": np.random.randint(0, 100, rows),
    "city": np.random.choice(["Basel", "Bern", "Genf", "Zug"], rows),
    "label": ["row " + str(number) for number in range(rows)],
})
""".strip(),
    "df.head()",
    'def scaled(values, by=rate):\n    "Scale values."\n    return [value * by for value in values]',
    "def mean(values):\n    return sum(values) / len(values)\n\n\ndef described(values):\n"
    "    return {'mean': mean(values), 'n': len(values), 'rate': rate}",
    """
class Model:
    def __init__(self, depth, rate):
        self.depth = depth
        self.rate = rate
        self.history = []

    def fit(self, values):
        self.history.append(mean(values) * self.rate)
        return self

    def score(self, values):
        return mean(scaled(values)) + sum(self.history)
""".strip(),
    "features = df[['x', 'y', 'n']].to_numpy()[:2000]\ntarget = (features[:, 0] > features[:, 1]).astype(int)",
    "X_train, X_test, y_train, y_test = train_test_split(features, target, test_size=0.3, random_state=0)",
)

# Each is one cell; ``{i}`` counts, so that names and values differ and no cell is quite the one before.
_ROUND = (
    "a{i} = {i}\nb{i} = a{i} * 2 + rate",
    "values{i} = [number * 0.5 for number in range({i} + 20)]\nlookup{i} = {{str(key): key for key in range(30)}}",
    "print('mean', round(mean(values{i}), 3), len(lookup{i}))",
    "array{i} = np.arange(1_250_000, dtype=float) + {i}",
    "array{i}.mean(), array{i}.std()",
    "small{i} = array{i}[: {i} + 100] ** 2\ntotal{i} = float(small{i}.sum())",
    "summary{i} = described(values{i})\nsummary{i}",
    "began = time.perf_counter()\nmodel{i} = Model(config['depth'], config['rate']).fit(values{i})\n"
    "score{i} = model{i}.score(values{i})\ntook{i} = time.perf_counter() - began",
    "model{i}.fit(scaled(values{i}))\nvalues{i}.append(total{i})",
    "by_city{i} = df.groupby('city')['x'].mean()\nby_city{i}",
    "picked{i} = df[df['n'] > {i}]\nlen(picked{i})",
    "scaler{i} = StandardScaler().fit(X_train)\nX{i} = scaler{i}.transform(X_train)",
    "tree{i} = DecisionTreeClassifier(max_depth=3, random_state={i}).fit(X{i}, y_train)",
    "accuracy{i} = tree{i}.score(scaler{i}.transform(X_test), y_test)\nprint(f'{{accuracy{i}:.3f}}')",
    "df['z{i}'] = df['x'] * {i} + df['y']",
    "noise{i} = np.random.normal(size=1000)\nfor value in noise{i}[:3]:\n    print(value > 0)",
    "counts{i} = Counter(df['city'].head(1000))\ncounts{i}.most_common(2)",
)


def synthetic(cells: int) -> list[str]:
    """Return the sources of a notebook of so many cells."""
    found = list(_HEAD)
    number = 0
    while len(found) < cells:
        number += 1
        found += [source.format(i=number) for source in _ROUND]
    return found[:cells]


def own_cells(stem: str) -> Iterator[str]:
    """Yield the code cells of one of the project's notebooks as plain cells: a shell without nbtrack runs them too."""
    notebook = json.loads((NOTEBOOKS / f"{stem}.ipynb").read_text())
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or source.startswith("%load_ext"):
            continue
        if source.startswith("%%track"):
            source = source.partition("\n")[2]
            if "nbtrack." in source:
                source = f"with nbtrack.start_run():\n{textwrap.indent(source, '    ')}"
        source = "\n".join(line for line in source.splitlines() if not line.startswith("%nbtrack"))
        if source.strip():
            yield source
