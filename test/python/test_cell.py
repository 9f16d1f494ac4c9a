"""The stages that a cell's body declares."""

from __future__ import annotations

import pytest

from veilbook.cell import Stages, parse
from veilbook.errors import VeilError


def test_a_cell_may_declare_every_stage_once() -> None:
    body = "head: local\n# how strong\nnoise: 0.8   # of the deviation\n\ntail: local\nthreshold: 0.35\n"
    assert parse(body, "noisy") == Stages(alpha=0.8, threshold=0.35)


def test_a_cell_may_name_a_server_for_the_tail() -> None:
    url = "triton://inference.example:8000/face_detection_noisy"
    assert parse(f"noise: 0.8\ntail: {url}", "noisy") == Stages(alpha=0.8, tail=url)


def test_an_empty_cell_declares_nothing() -> None:
    assert parse("\n  \n# only a comment\n", "clean") == Stages()


@pytest.mark.parametrize(
    ("body", "mode", "line", "words"),
    [
        ("tial: local", "noisy", 2, "Did you mean tail:?"),
        ("head: local\nprint('hello')", "noisy", 3, "put Python into a cell of its own"),
        ("\nnoise: 0.1\nnoise: 0.2", "noisy", 4, "declared twice, first on line 3"),
        ("noise: 0.1", "clean", 2, "a clean run has no noise"),
        ("noise: loud", "noisy", 2, "not a number above 0"),
        ("noise: nan", "noisy", 2, "not a number above 0"),
        ("threshold: 1.5", "clean", 2, "not a number from 0 to 1"),
        ("threshold:", "clean", 2, "nothing is not a number"),
        (
            "tail: http://inference.example:8000/face_detection_noisy",
            "noisy",
            2,
            "Write tail: triton://host:port/model.",
        ),
        ("tail: triton://", "noisy", 2, "names no server"),
        ("tail: there", "noisy", 2, "or tail: triton://host:port/model."),
        ("head: elsewhere", "clean", 2, "Write head: local."),
    ],
)
def test_other_text_is_refused_with_its_line(body: str, mode: str, line: int, words: str) -> None:
    with pytest.raises(VeilError) as caught:
        parse(body, mode)
    assert str(caught.value).startswith(f"Line {line} of the cell: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
