"""What `-i` takes, and the one line with which it refuses the rest."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from veilbook.errors import VeilError
from veilbook.inputs import single, sources
from veilbook.names import resolve

PIXELS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


class ArrayLike:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return PIXELS


class OnTheGpu:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


@pytest.mark.parametrize("value", [PIXELS, Image.fromarray(PIXELS), ArrayLike(), [PIXELS], PIXELS[np.newaxis]])
def test_pixels_of_every_kind_are_sent_as_they_lie_in_memory(value: object) -> None:
    frame = single(value)
    assert bytes(frame.data) == PIXELS.tobytes()
    assert frame.content_type == "application/octet-stream"
    assert frame.query == {"width": 5, "height": 4, "order": "rgb"}


def test_a_row_major_array_is_not_copied() -> None:
    assert np.shares_memory(np.asarray(single(PIXELS).data), PIXELS)


def test_views_with_other_strides_keep_their_pixels() -> None:
    flipped = PIXELS[::-1, :, ::-1]
    assert bytes(single(flipped, bgr=True).data) == flipped.tobytes()
    assert single(flipped, bgr=True).query["order"] == "bgr"


def test_several_frames_are_named_by_their_place() -> None:
    stack = np.stack([PIXELS, PIXELS])
    assert [source.name for source in sources([PIXELS, stack], "shots")] == ["shots[0]", "shots[1][0]", "shots[1][1]"]


@pytest.mark.parametrize(
    ("suffix", "mime"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("TIFF", "image/tiff")]
)
def test_coded_images_travel_as_they_are(tmp_path: Path, suffix: str, mime: str) -> None:
    path = tmp_path / "photo"
    Image.fromarray(PIXELS).save(path, suffix)
    for value in (path, str(path), path.read_bytes()):
        frame = single(value)
        assert bytes(frame.data) == path.read_bytes()
        assert frame.content_type == mime
        assert frame.query == {}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (PIXELS / 255.0, "(x * 255).round().astype(np.uint8)"),
        (PIXELS.astype(np.float32), "x.clip(0, 255).astype(np.uint8)"),
        (PIXELS.astype(np.int64), "x holds int64, not uint8"),
        (PIXELS[..., 0], "np.stack([x] * 3, axis=-1)"),
        (np.zeros((4, 5, 4), np.uint8), "x[..., :3]"),
        (np.zeros((3, 40, 50), np.uint8), "np.moveaxis(x, -3, -1)"),
        (np.zeros((0, 5, 3), np.uint8), "x is an empty array (0 x 5 x 3)"),
        (np.uint8(3), "a single number"),
        (OnTheGpu(), "Copy it to the host first"),
        ([], "x is an empty list"),
        (b"", "x is empty (0 bytes)"),
        (42, "x is a int, not an image"),
        (Path("/nowhere/photo.jpg"), "/nowhere/photo.jpg does not exist"),
        (Path("/"), "/ is a folder"),
    ],
)
def test_anything_else_is_refused_in_one_line(value: object, words: str) -> None:
    with pytest.raises(VeilError) as caught:
        sources(value, "x")
    assert words in str(caught.value)
    assert "Nothing was run." in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_file_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(VeilError, match=r"empty\.jpg is empty \(0 bytes\)"):
        sources([PIXELS, tmp_path / "empty.jpg"], "x")


def test_a_word_is_a_variable_then_a_file_then_a_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("photo.jpg", "other.jpg"):
        (tmp_path / name).write_bytes(b"x")
    data = SimpleNamespace(photos={"first": PIXELS})
    assert resolve("data.photos.first", {"data": data}) is PIXELS
    assert resolve("photo.jpg", {}) == Path("photo.jpg")
    assert resolve("photo.jpg", {"photo": object()}) == Path("photo.jpg")
    assert resolve("*.jpg", {}) == [Path("other.jpg"), Path("photo.jpg")]


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("phto", "There is no variable and no file named phto"),
        ("photo.first", "photo has no first"),
        ("shots/a.jpg", "There is no file shots/a.jpg"),
        ("shots/*.jpg", "No file matches shots/*.jpg"),
    ],
)
def test_a_word_that_names_nothing_says_so(word: str, words: str) -> None:
    with pytest.raises(VeilError, match="Nothing was run") as caught:
        resolve(word, {"photo": PIXELS})
    assert words in str(caught.value)
