"""States of generators: read without a draw, written as the same bytes, put back exactly."""

from __future__ import annotations

import random
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

from nbtrack.capture import generators
from nbtrack.capture.generators import digest, restore, states
from nbtrack.errors import InputError


def draw() -> dict[str, list[float]]:
    return {
        "random": [random.random(), random.gauss(0, 1), random.randint(0, 9)],
        "numpy": [*np.random.rand(3), *np.random.standard_normal(3), np.random.randint(0, 99)],
    }


@pytest.mark.parametrize("burn", [0, 1, 623, 624, 1000])
def test_a_state_comes_back(burn):
    for _ in range(burn):
        random.random()
        np.random.rand()
    before = states()
    first = draw()
    assert states() != before
    for stream in ("random", "numpy"):
        restore(stream, before[stream])
    assert states() == before
    assert draw() == first


def test_the_normal_number_in_hand_belongs_to_the_state():
    random.gauss(0, 1)
    np.random.standard_normal()
    before = states()
    first = random.gauss(0, 1), np.random.standard_normal()
    restore("random", before["random"])
    restore("numpy", before["numpy"])
    assert (random.gauss(0, 1), np.random.standard_normal()) == first


def test_reading_draws_nothing():
    random.seed(1)
    np.random.seed(1)
    first = draw()
    random.seed(1)
    np.random.seed(1)
    for _ in range(3):
        states()
    assert draw() == first


def test_the_same_seed_gives_the_same_bytes_in_every_process():
    code = (
        "import random, numpy as np; from nbtrack.capture.generators import *; random.seed(5); np.random.seed(5);"
        "print({stream: digest(state) for stream, state in states().items()})"
    )
    random.seed(5)
    np.random.seed(5)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str({stream: digest(state) for stream, state in states().items()})
    assert all(len(state) < 2_600 for state in states().values())


@pytest.mark.parametrize("kind", ["PCG64", "Philox", "SFC64", "PCG64DXSM"])
def test_another_kind_of_generator_under_numpys_global_one(kind):
    kept = np.random.get_bit_generator()
    try:
        np.random.set_bit_generator(getattr(np.random, kind)(3))
        np.random.standard_normal()
        before = states()["numpy"]
        first = list(np.random.rand(5))
        np.random.set_bit_generator(np.random.MT19937(1))
        restore("numpy", before)
        assert states()["numpy"] == before
        assert list(np.random.rand(5)) == first
    finally:
        np.random.set_bit_generator(kept)


def test_only_what_is_imported_is_read():
    code = "from nbtrack.capture.generators import states; import sys; print(list(states()), 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['random'] False"


def fake_torch(monkeypatch) -> ModuleType:
    torch = ModuleType("torch")
    torch.uint8 = np.uint8
    torch.held = np.arange(16, dtype=np.uint8)

    class Tensor:
        def numpy(self):
            return torch.held

    torch.get_rng_state = Tensor
    torch.set_rng_state = lambda state: setattr(torch, "held", state)
    torch.frombuffer = np.frombuffer
    monkeypatch.setitem(sys.modules, "torch", torch)
    return torch


def test_torch_where_it_is_imported(monkeypatch):
    torch = fake_torch(monkeypatch)
    before = states()["torch"]
    assert before == bytes(range(16))
    torch.held = np.zeros(16, dtype=np.uint8)
    restore("torch", before)
    assert states()["torch"] == before


def test_a_broken_library_is_left_out(monkeypatch):
    torch = fake_torch(monkeypatch)
    torch.get_rng_state = lambda: 1 / 0
    assert set(states()) == {"random", "numpy"}
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    monkeypatch.setitem(sys.modules, "numpy.random.mtrand", None)
    assert set(states()) == {"random"}


def test_a_patched_function_is_not_called(monkeypatch):
    monkeypatch.setattr(random, "getstate", lambda: pytest.fail("called"))
    monkeypatch.setattr(np.random, "get_state", lambda *_: pytest.fail("called"))
    assert set(states()) == {"random", "numpy"}


@pytest.mark.parametrize(
    ("stream", "state"), [("dice", b""), ("random", b""), ("random", b"MT123"), ("numpy", b"JS{}"), ("numpy", b"xx")]
)
def test_what_is_no_state_is_refused(stream, state):
    before = states()
    with pytest.raises(InputError, match=stream):
        restore(stream, state)
    assert states() == before


def test_an_older_form_of_randoms_state(monkeypatch):
    other = (2, tuple(range(625)), None)
    written = []
    monkeypatch.setattr(generators, "_read_random", lambda: other)
    monkeypatch.setattr(generators, "_write_random", written.append)
    restore("random", states()["random"])
    assert written == [other]
