"""The rules that keep the code as it is meant to be: layers, sizes, public names, imports, words."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pathspec
import pytest

import nbtrack

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "nbtrack"
MODULES = sorted(PACKAGE.rglob("*.py"))
LAYOUT = set(
    ".ci .gitignore CHANGELOG.md CONTRIBUTING.md LICENSE Makefile README.md binder nbtrack notebooks pyproject.toml "
    "tests".split()
)
HEAVY = (
    "IPython anywidget duckdb fsspec ipywidgets matplotlib mlflow nbclient nbformat numpy pandas PIL plotly pyarrow "
    "sklearn torch tqdm"
).split()
# Faces and displays that exist only inside IPython, and what is loaded only to be a server.
INSIDE_IPYTHON = ("nbtrack.magics", "nbtrack.widgets.inline", "nbtrack.ui.app", "nbtrack.ui.kernels")
LINES_WANTED, LINES_MAX = 250, 400


def dotted(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def project_files() -> list[Path]:
    """Return what belongs to the project: every file that .gitignore does not name."""
    ignored = pathspec.GitIgnoreSpec.from_lines((ROOT / ".gitignore").read_text().splitlines())
    found = []
    for entry in sorted(ROOT.iterdir()):
        if entry.name == ".git" or ignored.match_file(entry.name + "/" * entry.is_dir()):
            continue
        files = [entry] if entry.is_file() else [file for file in entry.rglob("*") if file.is_file()]
        found += [file for file in files if not ignored.match_file(file.relative_to(ROOT).as_posix())]
    return found


# --- layout and layers ----------------------------------------------------------------------------------------


def test_the_folders_are_the_agreed_ones() -> None:
    assert {file.relative_to(ROOT).parts[0] for file in project_files()} <= LAYOUT


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)


def test_imports_point_down() -> None:
    found = lint_imports(ROOT)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("store/layout.py", "import nbtrack.widgets.card"),
        ("widgets/card.py", "import nbtrack.capture.run"),
        ("errors.py", "import nbtrack.records"),
    ],
)
def test_an_import_that_points_up_or_sideways_is_found(module: str, line: str, tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "nbtrack", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    file = tmp_path / "nbtrack" / module
    file.write_text(file.read_text() + f"\n{line}\n")
    found = lint_imports(tmp_path)
    assert found.returncode == 1
    assert "BROKEN" in found.stdout


# --- sizes ----------------------------------------------------------------------------------------------------


def test_no_module_grows_beyond_reading() -> None:
    sizes = {
        file.relative_to(ROOT).as_posix(): len(file.read_text().splitlines())
        for file in [*MODULES, *PACKAGE.rglob("*.js"), *PACKAGE.rglob("*.css")]
    }
    longer = sorted(((lines, name) for name, lines in sizes.items() if lines > LINES_WANTED), reverse=True)
    listing = "\n".join(f"{lines:5}  {name}" for lines, name in longer)
    print(f"modules above {LINES_WANTED} lines (shown by pytest -rP):\n{listing}")
    assert not [name for lines, name in longer if lines > LINES_MAX], listing


# --- public names ---------------------------------------------------------------------------------------------


def test_the_public_names_are_exactly_what_is_offered() -> None:
    assert list(nbtrack.__all__) == sorted(set(nbtrack.__all__))
    assert dir(nbtrack) == nbtrack.__all__
    for name in nbtrack.__all__:
        assert getattr(nbtrack, name) is not None, name
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        nbtrack.no_such_name  # noqa: B018 - the look-up is the test


def test_type_checkers_see_the_same_names() -> None:
    seen = set()
    for node in ast.parse((PACKAGE / "__init__.pyi").read_text()).body:
        if isinstance(node, ast.ImportFrom):
            seen |= {alias.asname for alias in node.names if alias.asname}
        elif isinstance(node, ast.FunctionDef):
            seen.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            seen.add(node.target.id)
    assert seen - {"__all__"} == set(nbtrack.__all__)


def test_a_star_import_gives_the_public_names() -> None:
    code = "from nbtrack import *; import nbtrack; missing = set(nbtrack.__all__) - set(globals()); assert not missing"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def public_functions(name: str) -> dict[str, Any]:
    """Return a public function, or the public methods of a public class."""
    value = getattr(nbtrack, name)
    if not inspect.isclass(value):
        return {name: inspect.unwrap(value)} if callable(value) else {}
    methods = inspect.getmembers(value, inspect.isfunction)
    return {f"{name}.{key}": inspect.unwrap(method) for key, method in methods if not key.startswith("_")}


def sections(docstring: str) -> dict[str, str]:
    """Split a numpy docstring at its underlined headings."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def needed_sections(function: Any) -> set[str]:
    if re.search(r"\b[Aa]s :(meth|func):`", function.__doc__ or ""):
        # The same thing is documented once.
        return set()
    signature = inspect.signature(function)
    needed = set()
    if [name for name in signature.parameters if name not in ("self", "cls")]:
        needed.add("Parameters")
    if str(signature.return_annotation) not in ("None", "Self") and not inspect.isgeneratorfunction(function):
        needed.add("Returns")
    return needed


PUBLIC = [name for name in nbtrack.__all__ if not name.startswith("__")]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_says_what_it_takes_and_gives(name: str) -> None:
    assert (inspect.getdoc(getattr(nbtrack, name)) or "").strip()
    problems = []
    for title, function in public_functions(name).items():
        found = sections(function.__doc__ or "")
        problems += [f"{title} lacks {section}" for section in needed_sections(function) - set(found)]
        if "Parameters" in found:
            headings = " ".join(re.findall(r"^\S.*", found["Parameters"], re.MULTILINE))
            unnamed = set(inspect.signature(function).parameters) - {"self", "cls"} - set(re.findall(r"\w+", headings))
            problems += [f"{title} does not document {parameter}" for parameter in unnamed]
    assert not problems


# --- what the code may do -------------------------------------------------------------------------------------


def test_only_the_command_line_prints() -> None:
    calls = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in MODULES
        if not dotted(file).startswith("nbtrack.cli")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not calls


# Run in a fresh interpreter: import one module after the other, and note which heavy library each one brought in.
PROBE = """
import importlib, json, sys
modules, heavy = json.loads(sys.argv[1])
found, seen = {}, {name for name in heavy if name in sys.modules}
for module in modules:
    importlib.import_module(module)
    new = [name for name in heavy if name in sys.modules and name not in seen]
    seen.update(new)
    found[module] = new
print(json.dumps(found))
"""


def heavy_libraries_of(modules: list[str]) -> dict[str, list[str]]:
    arguments = [sys.executable, "-W", "error", "-c", PROBE, json.dumps([modules, HEAVY])]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def loaded_by_import_nbtrack() -> list[str]:
    return heavy_libraries_of(["nbtrack"])["nbtrack"]


@pytest.mark.parametrize("library", HEAVY)
def test_import_nbtrack_does_not_load(library: str, loaded_by_import_nbtrack: list[str]) -> None:
    assert library not in loaded_by_import_nbtrack


def test_no_module_loads_a_heavy_library_before_it_is_used() -> None:
    names = [dotted(file) for file in MODULES if file.name != "__main__.py"]
    loaded = heavy_libraries_of([name for name in names if not name.startswith(INSIDE_IPYTHON)])
    assert {module: libraries for module, libraries in loaded.items() if libraries} == {}


def test_the_probe_sees_a_heavy_library() -> None:
    assert heavy_libraries_of(["nbtrack", "numpy"]) == {"nbtrack": [], "numpy": ["numpy"]}


# --- what the files may say -----------------------------------------------------------------------------------

# Hosts of registries, folders of a build machine, words that are not about the project; spelled apart, so that this
# file does not find itself.
FOREIGN = re.compile(
    "|".join(
        [
            *("py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.", "deb.deb" + "ian"),
            *("(?<![\\w.])/wo" + "rk/", "(?<![\\w.])/ro" + "ot/"),
            *(r"\bfoun" + r"der\b", "Anth" + "ropic", r"\bCla" + r"ude\b", "Chat" + "GPT"),
        ]
    ),
    re.IGNORECASE,
)


def test_no_file_tells_where_it_was_written() -> None:
    here = [f"{folder}/" for folder in (ROOT, Path(sys.prefix)) if len(folder.parts) > 2]
    found = []
    for file in project_files():
        if file.suffix == ".png":
            continue
        text = file.read_text(encoding="utf-8")
        words = FOREIGN.findall(text) + [folder for folder in here if folder in text]
        found += [f"{file.relative_to(ROOT)}: {word}" for word in words]
    assert not found


def test_the_widgets_need_no_network() -> None:
    """Front-end code loads nothing from elsewhere: no address but the SVG namespace."""
    for file in [*PACKAGE.rglob("*.js"), *PACKAGE.rglob("*.css"), *(PACKAGE / "widgets").rglob("*.py")]:
        addresses = set(re.findall(r"https?://[\w./-]+", file.read_text()))
        assert addresses <= {"http://www.w3.org/2000/svg"}, file
