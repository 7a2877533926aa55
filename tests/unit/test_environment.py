"""What a process runs in: packages as importlib.metadata knows them, variables, a stable hash."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
from types import ModuleType

import pytest

from nbtrack.provenance import distributions, environment
from nbtrack.provenance.distributions import imported, top_levels


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_packages_are_those_that_importlib_metadata_finds():
    import sklearn  # noqa: F401

    owners = importlib.metadata.packages_distributions()
    expected = {normal(name) for module in top_levels() for name in owners.get(module, ())}
    found = imported(top_levels()).packages
    # A project installed as editable is known by its files to one and by its names to the other.
    assert expected - {"nbtrack"} == set(found) - {"nbtrack"}
    assert {"scikit-learn", "numpy", "pytest"} <= set(found)
    for name in ("numpy", "scikit-learn", "pandas"):
        assert found[name] == importlib.metadata.version(name)


def test_the_facts_are_json_and_have_the_agreed_names():
    facts = environment.environment(notebook="/home/ada/train.ipynb")
    assert json.loads(json.dumps(facts)) == facts
    assert set(facts) == set(
        "python implementation platform machine cpu cpu_count gpus packages editable local variables user notebook".split()
    )
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts["cpu_count"] == os.cpu_count()
    assert facts["notebook"] == "/home/ada/train.ipynb"


def test_the_hash_follows_the_facts_and_not_their_order():
    facts = environment.environment()
    turned = dict(reversed(facts.items()))
    assert (
        environment.digest_of(facts)
        == environment.digest_of(turned)
        == environment.digest_of(environment.environment())
    )
    assert environment.digest_of({**facts, "user": "é\udcff"}) != environment.digest_of(facts)


def test_only_named_variables_are_kept(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("MY_SETTING", "hidden")
    facts = environment.environment()
    assert facts["variables"]["OMP_NUM_THREADS"] == "3"
    assert "hidden" not in json.dumps(facts)


def test_string_hashing_is_told_as_the_interpreter_began(monkeypatch):
    """Seeding sets PYTHONHASHSEED for the processes started from here: this one's hashing is what it was."""
    before = environment.environment()["variables"].get("PYTHONHASHSEED")
    monkeypatch.setenv("PYTHONHASHSEED", "77")
    assert environment.environment()["variables"].get("PYTHONHASHSEED") == before
    code = "from nbtrack.provenance.environment import environment; print(environment()['variables']['PYTHONHASHSEED'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "77"


def test_a_module_of_the_users_own_is_local(tmp_path, monkeypatch):
    (tmp_path / "my_helpers_of_today.py").write_text("x = 1")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("my_helpers_of_today")
    try:
        assert "my_helpers_of_today" in environment.environment()["local"]
    finally:
        del sys.modules["my_helpers_of_today"]


def test_an_editable_distribution_is_marked(tmp_path, monkeypatch):
    project, site = tmp_path / "project", tmp_path / "site-packages"
    (project / "other_name").mkdir(parents=True)
    (project / "other_name" / "__init__.py").write_text("")
    info = site / "my_thing-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "direct_url.json").write_text(json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}}))
    monkeypatch.syspath_prepend(site)
    monkeypatch.syspath_prepend(project)
    __import__("other_name")
    try:
        found = imported(["other_name"])
    finally:
        del sys.modules["other_name"]
    assert (found.packages, found.editable, found.local) == ({"my-thing": "1.2"}, ("my-thing",), ())


def test_an_upgrade_within_the_process_is_seen(tmp_path, monkeypatch):
    (tmp_path / "thing-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert imported([], always=["thing"]).packages == {"thing": "1.0"}
    (tmp_path / "thing-1.0.dist-info").rename(tmp_path / "thing-2.0.dist-info")
    os.utime(tmp_path, ns=(1, 1))
    assert imported([], always=["thing"]).packages == {"thing": "2.0"}


def test_odd_paths_and_modules_do_no_harm(monkeypatch, tmp_path):
    broken = tmp_path / "odd.egg-info"
    broken.mkdir()
    (tmp_path / "worse-1.dist-info").mkdir()
    (tmp_path / "worse-1.dist-info" / "direct_url.json").write_text("[1")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path), "", "/no/such/folder", "\0", b"bytes"])
    monkeypatch.setitem(sys.modules, "made_up", ModuleType("made_up"))
    monkeypatch.setitem(sys.modules, "no_module", None)
    monkeypatch.setitem(sys.modules, "an_object", object())
    facts = environment.environment()
    assert not {"made_up", "no_module", "an_object"} & set(facts["local"])


def test_a_lazily_loaded_module_stays_unloaded(monkeypatch, tmp_path):
    (tmp_path / "lazy_of_today.py").write_text("raise SystemExit('loaded')")
    spec = importlib.util.spec_from_file_location("lazy_of_today", tmp_path / "lazy_of_today.py")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "lazy_of_today", module)
    spec.loader.exec_module(module)
    assert "lazy_of_today" in environment.environment()["local"]


def test_a_gpu_is_named_only_where_it_is_in_use(monkeypatch):
    cuda = ModuleType("torch.cuda")
    cuda.is_initialized = lambda: False
    cuda.device_count = lambda: 2
    cuda.get_device_name = lambda number: f"GPU {number}"
    monkeypatch.setitem(sys.modules, "torch.cuda", cuda)
    assert environment.environment()["gpus"] == []
    cuda.is_initialized = lambda: True
    assert environment.environment()["gpus"] == ["GPU 0", "GPU 1"]
    cuda.get_device_name = lambda number: 1 / 0
    assert environment.environment()["gpus"] == []


@pytest.mark.parametrize("library", ["importlib.metadata", "subprocess", "email"])
def test_import_nbtrack_does_not_load(library):
    code = f"import sys; before = set(sys.modules); import nbtrack; nbtrack.start_run; print({library!r} in set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_the_listing_is_kept_between_looks(monkeypatch):
    environment.environment()
    monkeypatch.setattr(distributions, "_listed", lambda folder: pytest.fail("read again"))
    environment.environment()
