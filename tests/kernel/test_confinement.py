"""A confined process: what it writes stays in the mirror, and what it reads is what is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrack.replay.engine import sandbox as sandbox_module
from nbtrack.replay.engine.sandbox import Sandbox

_ROOT = Path(__file__).resolve().parents[2]
_BEGIN = """
import glob, io, json, os, pathlib, shutil, sqlite3, subprocess, sys, tempfile, warnings
from nbtrack.capture.confinement import confine, redirected
from nbtrack.errors import ReplayWriteError
facts = json.loads(sys.argv[1])
locked = confine(facts["allowed"], facts["mirrors"], system=facts["system"])
PROJECT, DATA, FREE, ELSEWHERE = (facts[name] for name in ("project", "data", "free", "elsewhere"))
found = {}
def refused(function, *arguments, **more):
    try:
        function(*arguments, **more)
    except ReplayWriteError as error:
        return str(error)
    return None
"""


class Place:
    """A project, data beside it, and a folder elsewhere; its sandbox, and what ran in it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.project, self.data = base / "user" / "project", base / "user" / "data"
        self.elsewhere, self.free = base / "elsewhere", base / "free"
        for folder in (self.project / "out", self.data, self.elsewhere, self.free, base / "home"):
            folder.mkdir(parents=True)
        (self.project / "a.txt").write_text("a")
        (self.project / "cache.pkl").write_text("of the run")
        (self.project / "out" / "m.txt").write_text("m")
        (self.data / "x.csv").write_text("x")
        (self.elsewhere / "y.txt").write_text("y")
        self.before = self.contents()

    def contents(self) -> dict[str, bytes]:
        found = [file for top in ("user", "elsewhere") for file in (self.base / top).rglob("*")]
        return {str(file.relative_to(self.base)): file.read_bytes() for file in found if file.is_file()}

    def run(self, code: str, *, absent: tuple[str, ...] = (), system: bool = False) -> dict[str, Any]:
        with Sandbox(str(self.project), self.base / "scratch", absent=absent) as sandbox:
            facts = {
                "allowed": [str(self.free)],
                "mirrors": dict(sandbox.mirrors),
                "system": system,
                **{name: str(getattr(self, name)) for name in ("project", "data", "free", "elsewhere")},
            }
            environment = os.environ | dict(sandbox.variables) | {"HOME": str(self.base / "home")}
            environment["PYTHONPATH"] = os.pathsep.join([str(_ROOT), environment.get("PYTHONPATH", "")])
            script = _BEGIN + textwrap.dedent(code) + "\nprint('\\n' + json.dumps(found))"
            ended = subprocess.run(
                [sys.executable, "-W", "error", "-c", script, json.dumps(facts)],
                cwd=sandbox.folder(None),
                env=environment,
                capture_output=True,
                text=True,
                timeout=240,
            )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return dict(json.loads(ended.stdout.splitlines()[-1]))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "place")
    yield made
    assert made.contents() == made.before


def test_absolute_and_relative_paths_are_one(place: Place) -> None:
    found = place.run("""
        with open(PROJECT + "/a.txt", "a") as file: file.write("b")
        found["relative"] = open("a.txt").read()
        pathlib.Path("new.txt").write_text("n")
        found["absolute"] = pathlib.Path(PROJECT, "new.txt").read_text()
        os.remove("out/m.txt")
        found["gone"] = os.path.exists(PROJECT + "/out/m.txt")
        os.replace(PROJECT + "/new.txt", PROJECT + "/out/moved.txt")
        found["listed"] = sorted(os.listdir(PROJECT)), sorted(os.listdir("out")), sorted(glob.glob(PROJECT + "/*.txt"))
        found["walked"] = sorted(name for _, _, names in os.walk(PROJECT) for name in names)
        found["home"] = os.path.basename(os.getcwd()), os.path.basename(os.path.dirname(os.getcwd()))
        found["redirected"] = [os.path.relpath(path, PROJECT) for path in redirected()]
    """)
    assert found["relative"] == "ab"
    assert found["absolute"] == "n"
    assert found["gone"] is False
    assert found["listed"] == [["a.txt", "cache.pkl", "out"], ["moved.txt"], [str(place.project / "a.txt")]]
    assert found["walked"] == ["a.txt", "cache.pkl", "moved.txt"]
    assert found["home"] == ["project", "user"]
    assert found["redirected"] == ["a.txt", "new.txt", "out/m.txt", "out/moved.txt"]


def test_a_cached_result_is_not_found(place: Place) -> None:
    found = place.run(
        """
        cache = PROJECT + "/cache.pkl"
        found["seen"] = os.path.exists(cache), os.path.exists("cache.pkl"), pathlib.Path(cache).is_file()
        found["seen"] += (os.access(cache, os.R_OK), "cache.pkl" in [entry.name for entry in os.scandir(PROJECT)])
        try:
            open(cache)
        except FileNotFoundError:
            open(cache, "w").write("computed")
        found["content"] = open("cache.pkl").read()
        """,
        absent=(str(place.project / "cache.pkl"),),
    )
    assert not any(found["seen"])
    assert found["content"] == "computed"


def test_what_the_slice_made_elsewhere_is_not_found_either(place: Place) -> None:
    found = place.run(
        """
        found["seen"] = os.path.exists(ELSEWHERE + "/y.txt"), os.listdir(ELSEWHERE)
        open(ELSEWHERE + "/y.txt", "w").write("computed")
        found["content"] = open(ELSEWHERE + "/y.txt").read()
        """,
        absent=(str(place.elsewhere / "y.txt"),),
    )
    assert found == {"seen": [False, []], "content": "computed"}


def test_what_is_beside_the_folder_and_elsewhere_is_read_and_not_written(place: Place) -> None:
    found = place.run("""
        found["before"] = open("../data/x.csv").read(), open(ELSEWHERE + "/y.txt").read()
        open("../data/x.csv", "w").write("changed")
        found["data"] = open(DATA + "/x.csv").read(), open("../data/x.csv").read()
        os.remove(ELSEWHERE + "/y.txt")
        found["elsewhere"] = os.path.exists(ELSEWHERE + "/y.txt")
        os.makedirs(ELSEWHERE + "/deep/er")
        open(ELSEWHERE + "/deep/er/z.txt", "x").write("z")
        found["deep"] = open(ELSEWHERE + "/deep/er/z.txt").read()
        os.chdir(DATA)
        open("here.txt", "w").write("h")
        found["entered"] = sorted(os.listdir()), os.path.basename(os.getcwd())
        shutil.rmtree(ELSEWHERE)
        found["tree"] = os.path.exists(ELSEWHERE)
    """)
    assert found["before"] == ["x", "y"]
    assert found["data"] == ["changed", "changed"]
    assert found["elsewhere"] is False
    assert found["deep"] == "z"
    assert found["entered"] == [["here.txt", "x.csv"], "data"]
    assert found["tree"] is False


def test_a_large_file_is_a_link_until_it_is_written(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "MOST_BYTES", 0)
    found = place.run("""
        stands_in = lambda path: os.path.realpath(path).startswith(os.path.realpath(os.getcwd()))
        with open("a.txt", "r+") as file: file.write("b")
        found["changed"] = open("a.txt").read(), stands_in("a.txt")
        # A function of a library in C does not ask where things are: the audit hook sees it.
        io.FileIO("out/m.txt", "w").write(b"n")
        found["by hook"] = open("out/m.txt").read(), stands_in("out/m.txt")
        os.utime("cache.pkl", (0, 0))
        found["time"] = os.path.getmtime("cache.pkl")
    """)
    assert found["changed"] == ["b", True]
    assert found["by hook"] == ["n", True]
    assert found["time"] == 0.0


def test_folders_that_are_links_are_gone_through_and_removed_as_folders(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_module, "MOST_ENTRIES", 0)
    (place.project / "out" / "deep").mkdir()
    (place.project / "out" / "deep" / "x.txt").write_text("x")
    (place.project / "mine").symlink_to("out")
    place.before = place.contents()
    found = place.run("""
        found["walked"] = sorted(name for _, _, names in os.walk(".") for name in names)
        found["absolute"] = sorted(name for _, _, names in os.walk(PROJECT) for name in names)
        found["globbed"] = sorted(map(str, pathlib.Path(".").rglob("*.txt")))
        found["links"] = [os.path.islink("out"), os.path.islink("mine"), pathlib.Path("out").is_symlink()]
        found["entries"] = sorted((entry.name, entry.is_symlink(), entry.is_dir()) for entry in os.scandir("."))
        shutil.copytree("out", "copy")
        found["copied"] = sorted(os.listdir("copy")), os.path.islink("copy/deep")
        shutil.rmtree("out")
        found["removed"] = os.path.exists("out"), os.path.exists(PROJECT + "/out")
    """)
    assert found["walked"] == found["absolute"] == ["a.txt", "cache.pkl", "m.txt", "x.txt"]
    assert found["globbed"] == ["a.txt", "out/deep/x.txt", "out/m.txt"]
    assert found["links"] == [False, True, False]
    expected = [["a.txt", False, False], ["cache.pkl", False, False], ["mine", True, True], ["out", False, True]]
    assert found["entries"] == expected
    assert found["copied"] == [["deep", "m.txt"], False]
    assert found["removed"] == [False, False]


def test_what_goes_another_way_is_refused_in_one_sentence(place: Place) -> None:
    found = place.run("""
        folder = os.open(ELSEWHERE, os.O_RDONLY)
        found["native"] = refused(io.FileIO, ELSEWHERE + "/y.txt", "w")
        found["by folder"] = refused(os.remove, "y.txt", dir_fd=folder)
        found["database"] = refused(sqlite3.Connection, ELSEWHERE + "/db")
        found["is"] = issubclass(ReplayWriteError, PermissionError)
    """)
    for name in ("native", "by folder"):
        assert repr(str(place.elsewhere / "y.txt")) in found[name]
        assert found[name].count(".") == 2
    assert repr(str(place.elsewhere / "db")) in found["database"]
    assert found["is"]


def test_databases(place: Place) -> None:
    import sqlite3

    with sqlite3.connect(place.project / "old.db") as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    connection.close()
    place.before = place.contents()
    found = place.run("""
        def fill(address, **more):
            with sqlite3.connect(address, **more) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS t(a)")
                connection.execute("INSERT INTO t VALUES (2)")
                count = connection.execute("SELECT COUNT(*) FROM t").fetchone()[0]
            connection.close()
            return count
        found["absolute"] = fill(PROJECT + "/old.db"), fill("old.db")
        found["new"] = fill(PROJECT + "/new.db"), os.path.exists("new.db")
        found["address"] = fill("file:" + PROJECT + "/third.db?mode=rwc", uri=True), os.path.exists("third.db")
        found["memory"] = fill(":memory:"), fill(""), fill("file::memory:?cache=shared", uri=True)
        reading = sqlite3.connect("file:" + PROJECT + "/old.db?mode=ro", uri=True)
        found["read"] = reading.execute("SELECT COUNT(*) FROM t").fetchone()[0]
        reading.close()
    """)
    assert found == {"absolute": [2, 3], "new": [1, True], "address": [1, True], "memory": [1, 1, 1], "read": 3}


def test_free_places_stay_free(place: Place) -> None:
    place.run("""
        open(FREE + "/x.txt", "w").write("x")
        os.makedirs(os.path.expanduser("~/.cache/library"))
        open(os.path.expanduser("~/.cache/library/file"), "w").write("c")
        open(os.devnull, "w").write("nothing")
        with tempfile.TemporaryDirectory() as folder:
            open(folder + "/t", "w").write("t")
    """)
    assert (place.free / "x.txt").read_text() == "x"
    assert (place.base / "home" / ".cache" / "library" / "file").read_text() == "c"


def test_libraries_write_into_the_mirror(place: Place) -> None:
    found = place.run("""
        import bz2, gzip, joblib, numpy, pandas, shelve, zipfile
        frame = pandas.DataFrame({"a": [1, 2]})
        frame.to_csv(PROJECT + "/f.csv"); frame.to_pickle(PROJECT + "/f.pkl"); frame.to_json(PROJECT + "/f.json")
        numpy.save(PROJECT + "/f.npy", [1]); numpy.array([1]).tofile(PROJECT + "/f.bin")
        joblib.dump(frame, PROJECT + "/f.joblib")
        gzip.open(PROJECT + "/f.gz", "w").close(); bz2.open(PROJECT + "/f.bz2", "w").close()
        zipfile.ZipFile(PROJECT + "/f.zip", "w").close()
        shutil.copy(PROJECT + "/a.txt", PROJECT + "/f.copy"); shutil.copytree(PROJECT + "/out", PROJECT + "/f.tree")
        memory = joblib.Memory(PROJECT + "/f.memory", verbose=0)
        found["memory"] = memory.cache(abs)(-1)
        found["there"] = sorted(name for name in os.listdir(".") if name.startswith("f."))
        found["read"] = int(pandas.read_csv(PROJECT + "/f.csv")["a"].sum()), int(numpy.fromfile("f.bin", dtype=int)[0])
    """)
    wanted = "f.bin f.bz2 f.copy f.csv f.gz f.joblib f.json f.memory f.npy f.pkl f.tree f.zip".split()
    assert found["there"] == wanted
    assert found["read"] == [3, 1]


def test_folders_list_in_the_order_of_their_originals(place: Place) -> None:
    names = [f"{number:03}.txt" for number in (5, 3, 9, 1, 7, 2, 8, 4, 6, 0)]
    for name in names:
        (place.data / name).touch()
    place.before = place.contents()
    found = place.run("""
        open("../data/added.txt", "w").close()
        found["listdir"] = os.listdir("../data"), os.listdir(DATA)
        found["scandir"] = [entry.name for entry in os.scandir(DATA)]
        found["glob"] = glob.glob("../data/*.txt")
    """)
    expected = [*os.listdir(place.data), "added.txt"]
    assert found["listdir"] == [expected, expected]
    assert found["scandir"] == expected
    assert found["glob"] == ["../data/" + name for name in expected if name.endswith(".txt")]


def test_bad_paths_fail_as_they_do_everywhere(place: Place) -> None:
    found = place.run("""
        def error(function, *arguments):
            try:
                function(*arguments)
            except Exception as error:
                return type(error).__name__
        found["null"] = error(open, "a\\0b", "w")
        found["empty"] = error(open, "", "w")
        found["folder"] = error(open, PROJECT + "/out", "w")
        found["none"] = error(open, PROJECT + "/no/such/folder/file", "w")
        found["type"] = error(open, 1.5)
        found["mode"] = error(open, "a.txt", "q")
        found["there"] = error(open, PROJECT + "/a.txt", "x")
        found["bytes"] = os.fsencode(PROJECT) and open(os.fsencode(PROJECT) + b"/a.txt").read()
        os.close(os.open("a.txt", os.O_RDONLY))
        read, write = os.pipe()
        open(write, "w").close(); os.close(read)
    """)
    assert found == {
        "null": "ValueError",
        "empty": "FileNotFoundError",
        "folder": "IsADirectoryError",
        "none": "FileNotFoundError",
        "type": "TypeError",
        "mode": "ValueError",
        "there": "FileExistsError",
        "bytes": "a",
    }


def test_two_threads_may_write_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "MOST_BYTES", 0)
    found = place.run("""
        from concurrent.futures import ThreadPoolExecutor
        def write(number):
            for turn in range(20):
                with open(f"{DATA}/{number}-{turn}.txt", "w") as file: file.write("x")
                with open(f"{PROJECT}/out/m.txt", "a") as file: file.write("x")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(8)))
        found["files"] = len(os.listdir(DATA)), os.path.getsize("out/m.txt")
    """)
    assert found["files"] == [161, 161]


def test_a_process_is_confined_once(place: Place) -> None:
    found = place.run("""
        try:
            confine(facts["allowed"], facts["mirrors"])
        except ValueError as error:
            found["error"] = str(error)
    """)
    assert "already confined" in found["error"]


def test_the_system_refuses_subprocesses_where_it_can(place: Place) -> None:
    found = place.run(
        """
        found["locked"] = locked
        shell = lambda text: subprocess.run(text, shell=True, capture_output=True).returncode
        if locked:
            found["codes"] = [shell(f"echo 1 > {PROJECT}/a.txt"), shell(f"rm {DATA}/x.csv"), shell(f"mkdir {ELSEWHERE}/n")]
            found["inside"] = [shell("echo 1 > a.txt"), shell("mkdir new && mv a.txt new/a.txt && rm -r new")]
            found["read"] = subprocess.run(["cat", DATA + "/x.csv"], capture_output=True, text=True).stdout
        """,
        system=True,
    )
    if not found["locked"]:
        pytest.skip("this system has no Landlock")
    assert all(found["codes"])
    assert found["inside"] == [0, 0]
    assert found["read"] == "x"
