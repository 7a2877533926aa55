"""Artifacts in small: every kind of file, broken ones, huge ones and hostile ones."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from PIL import Image

from nbtrack.capture.artifacts import figure_bytes, image_bytes, media_type, table_bytes
from nbtrack.records import Artifact
from nbtrack.store.store import open_store
from nbtrack.widgets.previews import preview_html
from nbtrack.widgets.previews.images import recognised
from tests.unit.test_widgets_html import ATTRIBUTES, TAGS, Page

NOISE = (np.random.default_rng(0).random((600, 800, 3)) * 255).astype("uint8")
FRAME = pd.DataFrame({"name": ["ada", "<b>bob"] * 6, "x": np.linspace(0, 1, 12), "n": range(12), "flag": [True] * 12})


@pytest.fixture
def preview(tmp_path):
    store = open_store(tmp_path / ".nbtrack")

    def of(path: str, data: bytes, most_bytes: int = 64_000, kind: str | None = None) -> str:
        digest, size_bytes = store.add_artifact(data)
        return preview_html(Artifact(path, digest, size_bytes, kind or media_type(path)), store, most_bytes)

    of.store = store
    return of


def words(markup: str) -> str:
    return " ".join("".join(Page(markup).text).split())


def images(markup: str) -> list[tuple[str, bytes]]:
    found = re.findall(r'src="data:image/([\w+]+);base64,([^"]+)"', markup)
    return [(kind, base64.b64decode(data)) for kind, data in found]


# --- images -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [("a.png", "png", "PNG"), ("a.jpg", "jpeg", "JPEG"), ("a.gif", "gif", "GIF"), ("a.webp", "webp", "WebP")],
)
def test_an_image_is_shown_as_it_is(preview, name, kind, said):
    data = image_bytes(NOISE[:40, :60], name)
    markup = preview(name, data)
    assert images(markup) == [(kind, data)]
    assert 'width="60"' in markup
    assert f"{said} image, 60 × 40" in words(markup)


@pytest.mark.parametrize(("side", "width"), [(8, 96), (28, 84), (95, 95), (96, 96), (1, 96)])
def test_a_tiny_image_is_shown_by_whole_multiples(preview, side, width):
    assert f'width="{width}"' in preview("digit.png", image_bytes(NOISE[:side, :side], "a.png"))


def test_an_image_is_told_by_its_content_alone(preview):
    markup = preview("weights.bin", image_bytes(NOISE[:40, :60], "a.png"))
    assert images(markup)[0][0] == "png"


def test_a_large_image_is_made_smaller(preview):
    data = image_bytes(NOISE, "a.png")
    markup = preview("noise.png", data, 20_000)
    [(kind, small)] = images(markup)
    assert len(data) > 1_000_000
    assert len(markup) < 21_000
    assert Image.open(io.BytesIO(small)).format.lower() == kind
    assert re.search(r"PNG image, 800 × 600 · 1\.\d MB · shown with a width of \d+", words(markup))


def test_without_pillow_a_large_image_is_told(preview, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = words(preview("noise.png", image_bytes(NOISE, "a.png"), 20_000))
    assert "too large to be shown here; with Pillow installed" in found
    assert not images(preview("noise.png", image_bytes(NOISE, "a.png"), 20_000))


def test_an_image_that_browsers_do_not_show_is_turned_into_one(preview):
    assert images(preview("a.tiff", image_bytes(NOISE[:40, :60], "a.tiff")))[0][0] == "png"
    assert images(preview("a.bmp", image_bytes(NOISE[:40, :60], "a.bmp")))[0][0] == "png"


def test_transparent_pixels_stay_so(preview):
    clear = np.zeros((300, 300, 4), "uint8")
    clear[:60, :, :3] = NOISE[:60, :300]
    clear[:60, :, 3] = 255
    [(kind, small)] = images(preview("clear.png", image_bytes(clear, "a.png"), 40_000))
    assert kind == "png"
    assert Image.open(io.BytesIO(small)).mode == "RGBA"


def test_an_image_that_would_fill_the_memory_is_not_decoded(preview):
    bomb = bytearray(image_bytes(NOISE, "a.png"))
    bomb[16:24] = struct.pack(">II", 200_000, 200_000)
    assert words(preview("bomb.png", bytes(bomb))).startswith("The image is too large to be shown here.")


@pytest.mark.parametrize("head", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 "])
def test_a_broken_image_is_said_to_be_broken(preview, head):
    for tail in (b"", b"\0", b"xyz", b"\0" * 40):
        found = words(preview("a.png", head + tail))
        assert re.match(r"The \w+ image is broken: (its size cannot be read|it has no pixels)\. ", found), found
        assert "sha256" in found


def test_pixels_that_cannot_be_decoded_are_said_to_be_broken(preview):
    torn = image_bytes(NOISE, "a.png")[:40_000]
    found = words(preview("torn.png", torn, 20_000))
    assert found.startswith("The image is broken: it cannot be decoded (")


@pytest.mark.parametrize(
    ("width", "height", "options"), [(30, 20, {}), (31, 17, {"lossless": True}), (33, 9, {"exif": b"Exif\0\0II*\0"})]
)
def test_the_three_kinds_of_webp_tell_their_size(width, height, options):
    buffer = io.BytesIO()
    Image.fromarray(NOISE[:height, :width]).save(buffer, "WEBP", **options)
    found = recognised(buffer.getvalue())
    assert (found.width, found.height) == (width, height)


# --- SVG --------------------------------------------------------------------------------------------------------------

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}</svg>'


def test_a_drawing_is_an_image_and_never_markup(preview):
    source = SVG.format("<script>alert(1)</script><a href='https://example.org'/>").encode()
    markup = preview("a.svg", source)
    assert images(markup) == [("svg+xml", source)]
    assert "<svg" not in markup
    assert "<script" not in markup


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (SVG.format("<g>"), "The drawing is broken: mismatched tag"),
        ('<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + SVG.format("&a;"), "entities of its own"),
        ("<html/>", "The file is no SVG drawing."),
        (SVG.format("<!--" + "x" * 90_000 + "-->"), "The drawing is too large"),
    ],
)
def test_what_no_browser_should_draw_is_shown_as_text(preview, source, why):
    markup = preview("a.svg", source.encode())
    assert not images(markup)
    assert why in words(markup)
    assert source[:5] in words(markup)


# --- texts ------------------------------------------------------------------------------------------------------------


def test_html_is_shown_as_text_and_never_rendered(preview):
    markup = preview("report.html", b"<h1>hi</h1><script>alert(1)</script>")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in markup
    assert "<h1>" not in markup


def test_the_first_lines_of_a_text(preview):
    markup = preview("notes.md", "\n".join(f"line {i} *x*" for i in range(200)).encode())
    found = words(markup)
    assert "line 59 *x*" in found
    assert "line 60" not in found
    assert "48 more lines" in found
    assert "first 60 lines of 200" in found
    assert "text/markdown" in found
    assert "<details" not in preview("short.py", b"a = 1\nb = 2\n")


def test_a_text_without_end_is_cut(preview):
    markup = preview("one_line.log", b"x" * 5_000_000)
    assert len(markup) < 1_000
    assert "first 1 line of 5.0 MB" in words(markup)


def test_older_encodings_and_marks_are_read(preview):
    for data in ("é è".encode("latin-1") + b" plain words", "é è".encode("utf-16"), "é è".encode("utf-8-sig")):
        assert "é è" in words(preview("a.txt", data))
    # A character of three bytes that the part looked at cuts in two.
    assert "ば" in words(preview("a.txt", b"a" + "ば".encode() * 100_000))


def test_binary_files_are_told(preview):
    found = words(preview("model.pkl", b"\x80\x04\x95\0\0\0"))
    assert re.fullmatch(r"No preview: the file is binary\. application/octet-stream · 6 B · sha256 [0-9a-f]{12}", found)
    assert words(preview("empty.txt", b"")).startswith("The file is empty.")
    assert words(preview("blank.txt", b" \n\n ")).startswith("The file has nothing but blanks.")


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((1000, 20), "float32"), "NumPy array of float32, 1,000 × 20"),
        (np.array(3), "NumPy array of int64, one value"),
        (np.zeros(3, [("a", "i4"), ("b", "f8")]), "NumPy array of records, 3"),
        (np.array([None, {}]), "NumPy array of objects, 2"),
    ],
)
def test_arrays_are_told_by_their_header(preview, array, said):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    assert words(preview("a.npy", buffer.getvalue())).startswith(said)


@pytest.mark.parametrize(
    "header",
    [b"", b"\x01\x00", b"\x01\x00\x05\x00__imp", b"\x01\x00\x0d\x00{'shape': 'x'}", b"\x02\x00" + b"\xff" * 90],
)
def test_broken_arrays_are_said_to_be_broken(preview, header):
    assert words(preview("a.npy", b"\x93NUMPY" + header)).startswith("The NumPy array is broken: ")


def test_no_object_is_unpickled(preview, tmp_path):
    marker = tmp_path / "ran"
    hostile = f"cposix\nsystem\n(S'touch {marker}'\ntR.".encode()
    preview("model.pkl", hostile)
    preview("model.json", hostile)
    assert not marker.exists()


# --- JSON -------------------------------------------------------------------------------------------------------------


def test_json_is_laid_out_and_folded_where_it_is_long(preview):
    small = preview("a.json", json.dumps({"lr": 0.1, "opt": {"name": "<adam>", "betas": [0.9, 0.99]}}).encode())
    assert "<details" not in small
    assert '{ "lr": 0.1, "opt": {"name": "<adam>", "betas"' not in words(small)
    assert '"betas": [0.9, 0.99]' in words(small)
    long = preview("b.json", json.dumps({f"key{i}": {"a": list(range(60))} for i in range(100)}).encode())
    assert "100 keys: key0, key1, key2, key3, key4, key5, …" in words(long)
    assert "first 60 lines of" in words(long)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{'a': 1}", "The file is no JSON"),
        (b'{"a": 1', "The file is no JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "The file is no JSON"),
        (b'["\\ud800"]', "application/json"),
        (b"NaN", "NaN"),
        (b"null", "null"),
        (b"{}", "{}"),
        (b'[{"a": 1}, 2]', '[ {"a": 1}, 2 ]'),
    ],
)
def test_odd_json_never_raises(preview, data, said):
    markup = preview("a.json", data)
    markup.encode()
    assert said in words(markup)


def test_deep_json_is_cut(preview):
    value: list = []
    for _ in range(500):
        value = [value, 1]
    markup = preview("deep.json", json.dumps(value).encode())
    assert "first 60 lines of" in words(markup)


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.parquet"])
def test_a_table_has_its_first_rows_and_its_shape(preview, name):
    markup = preview(name, table_bytes(FRAME, name))
    found = words(markup)
    assert "12 rows × 4 columns" in found
    assert "<b>bob" in found
    assert 'align="right">0.0909091' in markup
    assert markup.count("<tr") == 1 + 8 + 1


def test_a_wide_table_has_its_first_columns(preview):
    markup = preview("wide.csv", pd.DataFrame({f"c{i}": [i] for i in range(500)}).to_csv(index=False).encode())
    assert "1 row × 500 columns" in words(markup)
    assert re.findall(r"<th[^>]*><span[^>]*>([^<]*)<", markup) == [*(f"c{i}" for i in range(8)), "…"]


@pytest.mark.parametrize(("name", "between"), [("t.csv", ";"), ("t.csv", ","), ("t.tsv", "\t"), ("t.csv", "|")])
def test_values_are_separated_by_what_the_file_has(preview, name, between):
    text = f'a{between}b\n1{between}"two\nlines"\n2{between}x\n'
    found = words(preview(name, text.encode()))
    assert "2 rows × 2 columns" in found
    assert "two lines" in found


def test_a_table_too_long_to_be_counted_is_estimated(preview):
    found = words(preview("long.csv", b"a,b\n" + b"1,2\n" * 4_100_000))
    assert re.search(r"about 4,(09|10)\d,\d{3} rows × 2 columns", found)


def test_lines_of_json_are_a_table(preview):
    assert "2 rows × 2 columns" in words(preview("a.jsonl", b'{"a": 1, "b": "x"}\n{"a": 2}\n'))
    assert '{"a": 1}' in words(preview("a.jsonl", b'{"a": 1}\nno\n'))


@pytest.mark.parametrize("name", ["t.parquet", "t.bin"])
def test_broken_tables_are_said_to_be_broken(preview, name):
    whole = table_bytes(FRAME, "t.parquet")
    for data in (whole[:-9], b"PAR1" + b"x" * 50, whole[:40] + b"\xff" * 40 + whole[80:]):
        markup = preview(name, data)
        assert "Parquet" in words(markup)
        assert str(preview.store.root) not in markup


def test_ragged_and_odd_tables_never_raise(preview):
    for data in (b"a,b\n1\n1,2,3\n", b"\n\n,\n", b'"', b"a,a\n1,2\n", b'"a\nb', b"a" * 200_000 + b",b\n1,2\n"):
        assert preview("t.csv", data)
    for value in ({"columns": ["a"], "data": [[1, 2], []]}, {"columns": [None], "data": []}, [{"a": {"b": 1}}]):
        assert preview("t.json", json.dumps(value).encode())


# --- figures ----------------------------------------------------------------------------------------------------------


def test_the_lines_of_a_plotly_figure_are_drawn(preview):
    figure = go.Figure([go.Scatter(x=[1, 2, 3], y=np.array([1.0, 3.0, 2.0]), name="<b>a"), go.Scatter(y=[1, None, 2])])
    figure.update_layout(title="<i>loss", xaxis_title="epoch")
    markup = preview("loss.json", figure_bytes(figure, "loss.json"))
    [(kind, drawing)] = images(markup)
    assert kind == "svg+xml"
    assert b"epoch" in drawing
    assert b"&lt;b&gt;a" in drawing
    assert "plotly figure, drawn still" in words(markup)


@pytest.mark.parametrize(
    "traces",
    [
        [{"type": "bar", "x": ["a"], "y": [1]}],
        [{"type": "scatter", "x": ["a"], "y": [1]}],
        [{"y": {"dtype": "f8", "bdata": "!!"}}],
        [{"y": {"dtype": "O", "bdata": ""}}],
        [{"y": [1], "mode": None}],
        [{"x": 3, "y": 4}],
        [],
    ],
)
def test_other_figures_are_told(preview, traces):
    found = words(preview("f.json", json.dumps({"data": traces, "layout": {"title": 3}}).encode()))
    assert found.startswith("A plotly figure (")


# --- all of them ------------------------------------------------------------------------------------------------------


def test_content_that_is_gone_is_told(preview, tmp_path):
    gone = Artifact("a.png", "0" * 64, 10, "image/png")
    assert words(preview_html(gone, preview.store)) == "The content is not in this store any more. image/png · 10 B"
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for digest in (str(secret), "../../secret.txt", "", "0" * 63 + "/"):
        assert "secret" not in preview_html(Artifact("a.txt", digest, 6, "text/plain"), preview.store)


def test_a_file_that_cannot_be_read_is_told(preview):
    digest, _ = preview.store.add_artifact(b"x")
    file: Path = preview.store.artifact_file(digest)
    file.unlink()
    file.mkdir()
    assert words(preview_html(Artifact("a", digest, 1), preview.store)).startswith("The content cannot be read: ")


def test_every_preview_keeps_to_its_size_and_to_what_sanitizers_let_through(preview, nasty):
    text, _ = nasty
    data = text.encode("utf-8", "surrogatepass")
    tabled = json.dumps({"columns": [text, "b"], "data": [[text, i] for i in range(30)]}).encode()
    for name, content in (
        ("a.txt", data * 50),
        ("a.csv", b'"' + data.replace(b'"', b'""') + b'",b\n1,2\n'),
        ("a.json", json.dumps({text: [text] * 99}).encode()),
        ("t.json", tabled),
        ("f.json", json.dumps({"data": [{"y": [1, 2], "name": text}], "layout": {"title": text}}).encode()),
        (f"{text[:100]}.png", image_bytes(NOISE[:9, :9], "a.png")),
    ):
        for most_bytes in (64_000, 8_000):
            markup = preview(name, content, most_bytes, kind=None if name.endswith("json") else text)
            markup.encode()
            page = Page(markup)
            assert page.tags <= TAGS
            assert page.attributes <= ATTRIBUTES
            assert len(markup) < most_bytes + 3_000
