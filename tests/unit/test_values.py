"""Values: what is a number, what is a param, what is a credential, and what the refusals say."""

from __future__ import annotations

import datetime as dt
import enum
import math
import sys
import types
from collections import OrderedDict, defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from nbtrack.capture.values import (
    MAX_PARAM_CHARS,
    as_metric,
    as_param,
    check_key,
    is_simple,
    looks_secret,
    metric_value,
    numbers_in,
    param_value,
    step_value,
    tag_value,
)
from nbtrack.errors import InputError, MetricError, ParamError
from nbtrack.records import Param


class Colour(enum.Enum):
    RED = 1
    DARK = "dark"


class Level(enum.IntEnum):
    HIGH = 3


class Point(NamedTuple):
    x: float
    y: str


class Raises:
    """An object that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


# --- numbers -----------------------------------------------------------------------------------------------------

NUMBERS = [
    (3, 3.0), (0.5, 0.5), (10**300, 1e300), (math.inf, math.inf), (np.float64(0.5), 0.5), (np.float16(0.5), 0.5),
    (np.longdouble(0.25), 0.25), (np.int8(-3), -3.0), (np.uint64(2**63), 2.0**63), (np.array(1.5), 1.5),
    (np.array(2), 2.0), (Decimal("0.25"), 0.25), (Decimal("Infinity"), math.inf), (Fraction(1, 4), 0.25),
]  # fmt: skip
NO_NUMBERS = [
    True, np.True_, np.array(True), None, "1", b"1", 1j, np.complex64(1), [1], (1,), {}, np.array([1.0]), np.array("x"),
    np.array(object()), 10**400, Decimal("sNaN"), Fraction(10**400), Level.HIGH, np.datetime64("2026-01-01"),
    np.timedelta64(3, "s"), dt.timedelta(1), pd.NaT, pd.NA, pd.Series([1.0]), types, float, Raises(), object(),
]  # fmt: skip


@pytest.mark.parametrize(("value", "number"), NUMBERS, ids=repr)
def test_numbers(value: Any, number: float) -> None:
    found = as_metric(value)
    assert type(found) is float
    assert found == number == metric_value("x", value)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_no_numbers(value: Any) -> None:
    assert as_metric(value) is None


def test_nan_is_a_number() -> None:
    for value in (math.nan, np.float32("nan"), Decimal("NaN"), np.array(np.nan)):
        found = as_metric(value)
        assert found is not None
        assert math.isnan(found)


@pytest.mark.parametrize(
    "value",
    [v for v in NO_NUMBERS if not isinstance(v, np.ndarray | pd.Series | Level)] + [np.zeros(2)],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_number_is_refused_by_name(value: Any) -> None:
    with pytest.raises(MetricError, match="'loss'"):
        metric_value("loss", value)


def test_refusals_of_numbers_say_what_to_do() -> None:
    for value, said in [
        (10**400, "beyond the range"),
        (True, r"int\(value\)"),
        ("0.5", r"Try float\(value\)"),
        (None, "None"),
    ]:
        with pytest.raises(MetricError, match=said):
            metric_value("x", value)


def test_logged_by_word_one_element_and_anything_with_a_float_will_do() -> None:
    class Measured:
        def __float__(self) -> float:
            return 0.25

    class Broken:
        def __float__(self) -> float:
            raise RuntimeError("not yet")

    assert metric_value("x", np.array([[0.5]])) == 0.5
    assert metric_value("x", Measured()) == 0.25
    assert as_metric(Measured()) is None
    with pytest.raises(MetricError, match="RuntimeError"):
        metric_value("x", Broken())


def fake_library(monkeypatch: pytest.MonkeyPatch, name: str, module: str, **members: Any) -> Any:
    """Put a library with a tensor class into sys.modules, as an installed and imported one would be."""
    cls = type(name, (), {"__module__": module, "dtype": None, **members})
    for part in (module.partition(".")[0], module):
        monkeypatch.setitem(sys.modules, part, types.ModuleType(part))
    setattr(sys.modules[module], name, cls)
    return cls


def test_tensors_of_known_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    tensor = fake_library(monkeypatch, "Tensor", "torch", shape=(), item=lambda self: 0.5)
    assert as_metric(tensor()) == 0.5
    assert metric_value("x", tensor()) == 0.5
    numpy_only = fake_library(
        monkeypatch, "EagerTensor", "tensorflow.python.ops", shape=(), numpy=lambda self: np.float32(0.25)
    )
    assert as_metric(numpy_only()) == 0.25
    vector = fake_library(monkeypatch, "ArrayImpl", "jaxlib.core", shape=(1,), item=lambda self: 3)
    assert as_metric(vector()) is None
    assert metric_value("x", vector()) == 3.0
    flag = fake_library(monkeypatch, "Tensor", "torch", shape=(), item=lambda self: True)
    assert as_metric(flag()) is None
    with pytest.raises(MetricError):
        metric_value("x", flag())


def test_tensors_that_cannot_be_read_now_are_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def item(self: Any) -> float:
        raise RuntimeError("on a meta device")

    tensor = fake_library(monkeypatch, "Tensor", "torch", shape=(), item=item)
    assert as_metric(tensor()) is None
    other = type("Tensor", (), {"__module__": "torch", "shape": (), "dtype": None, "item": lambda self: 1.0})
    assert as_metric(other()) is None


def test_numbers_in_a_mapping() -> None:
    point = Point(1, "z")
    found = numbers_in(
        {"loss": 1, "by": {"a": 0.5, 3: np.int8(2)}, "name": "x", "ok": True, "p": point, None: 1, "a\nb": 1}
    )
    assert found == {"loss": 1.0, "by.a": 0.5, "by.3": 2.0, "p.x": 1.0}
    assert numbers_in({str(i): i for i in range(200)}) == {}
    assert len(numbers_in({str(i): i for i in range(200)}, limit=200)) == 200


@pytest.mark.parametrize(
    ("step", "number"), [(3, 3), (-1, -1), (3.0, 3), (np.int64(4), 4), (np.array(5), 5), (2**63 - 1, 2**63 - 1)]
)
def test_steps(step: Any, number: int) -> None:
    assert step_value(step) == number


@pytest.mark.parametrize(
    "step", [1.5, math.nan, math.inf, "3", None, 2**63, True, [1], Raises()], ids=lambda value: type(value).__name__
)
def test_what_is_no_step_is_refused(step: Any) -> None:
    with pytest.raises(MetricError, match="step"):
        step_value(step)


# --- params ------------------------------------------------------------------------------------------------------

PARAMS = [
    ("x", "x", "str"), ("", "", "str"), ("größe\n", "größe\n", "str"), (3, "3", "int"), (-0.5, "-0.5", "float"),
    (1e-05, "1e-05", "float"), (math.inf, "inf", "float"), (True, "True", "bool"), (None, "None", "none"),
    (np.float32(0.1), "0.1", "float"), (np.float64(0.1), "0.1", "float"), (np.longdouble(0.5), "0.5", "float"),
    (np.int64(3), "3", "int"), (np.True_, "True", "bool"), (np.str_("x"), "x", "str"),
    (np.datetime64("2026-01-02"), "2026-01-02", "str"), (Decimal("0.10"), "0.10", "float"), (Fraction(1, 3), "1/3", "str"),
    (Path("a/b"), "a/b", "str"), (PureWindowsPath("a/b"), "a\\b", "str"), (Colour.RED, "Colour.RED", "str"),
    (Colour.DARK, "dark", "str"), (Level.HIGH, "Level.HIGH", "str"), (dt.date(2026, 1, 2), "2026-01-02", "str"),
    (dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC), "2026-01-02T03:00:00+00:00", "str"),
    (dt.datetime(2026, 1, 2, tzinfo=ZoneInfo("UTC")), "2026-01-02T00:00:00+00:00", "str"),
    (dt.time(3, 4), "03:04:00", "str"), (dt.timedelta(hours=1), "1:00:00", "str"),
    (pd.Timestamp("2026-01-02"), "2026-01-02T00:00:00", "str"),
    ([64, 0.5, "x", None, True], '[64, 0.5, "x", null, true]', "json"), ((1, (2,)), "[1, [2]]", "json"),
    ({3, 1, 2}, "[1, 2, 3]", "json"), ({"a": [Path("x"), Colour.RED], 3: np.float32(0.5)}, '{"a": ["x", "Colour.RED"], "3": 0.5}', "json"),
    (OrderedDict(ä=1), '{"ä": 1}', "json"), (defaultdict(list, a=[]), '{"a": []}', "json"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text", "kind"), PARAMS, ids=lambda value: repr(value)[:30])
def test_params(value: Any, text: str, kind: str) -> None:
    assert as_param(value) == Param(text, kind) == param_value("x", value)
    assert is_simple(value) is (kind != "json")


@pytest.mark.parametrize("value", ["x", 3, 0.1, math.inf, True, None, [1, [2.5, "x"]], {"a": {"b": None}}])
def test_params_are_read_back_with_their_type(value: Any) -> None:
    read = as_param(value).value
    assert read == value
    assert type(read) is type(value)


NO_PARAMS = [
    object(),
    np.zeros(2),
    pd.DataFrame(),
    1j,
    b"x",
    len,
    int,
    [object()],
    {"a": object()},
    {(1,): 1},
    "\ud800",
    ["\ud800"],
    10**5000,
    pd.NaT,
]


@pytest.mark.parametrize("value", NO_PARAMS, ids=lambda value: type(value).__name__)
def test_what_is_no_simple_value_is_no_param_of_itself(value: Any) -> None:
    with pytest.raises(ParamError, match="accepted"):
        as_param(value)
    assert not is_simple(value)


def test_a_circular_list_is_no_param_of_itself() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ParamError):
        as_param(loop)


def test_logged_by_word_anything_with_a_text_is_a_param() -> None:
    assert param_value("x", 1j) == Param("1j", "str")
    assert param_value("x", np.array([1, 2])) == Param("[1 2]", "str")
    assert param_value("x", Param("3", "int")) == Param("3", "int")
    for value in (Raises(), [Raises()], "\ud800", 10**5000):
        with pytest.raises(ParamError, match="'x'"):
            param_value("x", value)


def test_long_texts_are_whole_or_refused() -> None:
    assert param_value("x", "y" * MAX_PARAM_CHARS).text == "y" * MAX_PARAM_CHARS
    with pytest.raises(ParamError, match=r"100,001 characters.*log_text\(text, 'notes.txt'\)"):
        param_value("notes", "y" * (MAX_PARAM_CHARS + 1))


def test_a_time_zone_of_the_users_is_not_asked() -> None:
    class Zone(dt.tzinfo):
        def utcoffset(self, when: Any) -> dt.timedelta:
            raise AssertionError("asked")

    assert not is_simple(dt.datetime(2026, 1, 2, tzinfo=Zone()))


def test_tags() -> None:
    assert tag_value("stage", 3) == "3"
    assert tag_value("stage", None) == "None"
    with pytest.raises(InputError, match="RuntimeError"):
        tag_value("stage", Raises())


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["C", "größe", "f1 score", "a/b", "损失", "🎯", "👩‍🔬", "a.b.c", "x" * 500, "clf.score(X, y)", np.str_("n")]
)
def test_names(key: str) -> None:
    for kind in ("param", "metric", "tag"):
        found = check_key(kind, key)
        assert found == key
        assert type(found) is str


@pytest.mark.parametrize(
    "key",
    ["", "  ", "x" * 501, "a\nb", "a\x00b", "a\x7fb", "a\u2028b", "\ud800", None, 3, 0.5, b"a", ("a",)],
    ids=ascii,
)
def test_bad_names(key: Any) -> None:
    for kind, error in (("param", ParamError), ("metric", MetricError), ("tag", InputError)):
        with pytest.raises(error, match=f"{kind} name .* not accepted"):
            check_key(kind, key)


# --- credentials -------------------------------------------------------------------------------------------------

SECRET_NAMES = (
    "password db_password PASSWORD passwd pwd passphrase secret client_secret my_secret_key credentials API_KEY apiKey "
    "api_keys openai_api_key OPENAI_API_KEY aws_secret_access_key private_key ssh_key account_key token hf_token "
    "auth_token accessToken GITHUB_TOKEN refresh_token bearer auth oauth authorization cfg.secret cfg.token"
).split()
OTHER_NAMES = (
    "max_tokens tokenizer n_tokens pad_token eos_token mask_token cls_token next_token token_count tokens_per_step "
    "key keys num_keys author authority authors keyword primary_key sort_key key_dim passes compass secretary bypass "
    "use_auth auth_method password_length secret_name tokenise embedding_key monkey"
).split()
SECRET_VALUES = [
    "ghp_" + "a1" * 18, "github_pat_" + "a" * 30, "AKIA" + "A1" * 8, "sk-" + "a1B2" * 8, "sk-proj-" + "a1-B_" * 6,
    "sk-" + "abcdefghij" * 3, "sk_live_" + "a1" * 10, "hf_" + "aB" * 15, "glpat-" + "a" * 20, "xoxb-1234567890-abc",
    "AIza" + "a" * 35, "-----BEGIN RSA PRIVATE KEY-----\nx", "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc",
    "postgres://me:pw@host/db", "https://:pw@host", "Server=h;Password=hunter22;", "Bearer abcdefghijklmnop1234",
    "see https://user:pass@host/x for it",
]  # fmt: skip
OTHER_VALUES = [
    "rf", "sk-learn", "sk-learn-based-pipeline-of-models", "https://host/path?q=1", "s3://bucket/key", "me@host.org",
    "the password is not here", "a:b@c", "file:///a/b", "v1.2.3", "0" * 40, "key", "hf_hub", "mask-rcnn", "x" * 5000,
    "https://host:8080/x@y",
]  # fmt: skip


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_credentials(name: str) -> None:
    assert looks_secret(name, "something")


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_names_that_only_sound_like_it(name: str) -> None:
    assert not looks_secret(name, "something")


def test_values_that_cannot_be_credentials() -> None:
    assert not looks_secret("password", True)
    assert not looks_secret("token", 3)
    assert not looks_secret("secret", None)
    assert looks_secret("password", 12345678)


@pytest.mark.parametrize("value", SECRET_VALUES)
def test_credentials_under_any_name(value: str) -> None:
    assert looks_secret("x", value)


@pytest.mark.parametrize("value", OTHER_VALUES)
def test_texts_that_only_look_like_it(value: str) -> None:
    assert not looks_secret("x", value)
