"""The frame that `%veil learn` and `%veil audit` share."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from veilbook import job_line
from veilbook.errors import VeilError
from veilbook.settings import Settings


@dataclass
class Done:
    seconds: float = 70.0


#: No kernel: nobody watches, progress is plain lines.
SETTINGS = cast(Settings, SimpleNamespace(shell=None))


def run(work: Any) -> Done:
    done: Done = job_line.run_job(SETTINGS, work, title="Audit", past="Audited", kept="what was finished so far")
    return done


def half_way(show: job_line.ShowProgress) -> None:
    show({"done": 0.426, "stage": "measure", "knot": 0.4, "seconds_left": 9})


def test_a_job_tells_how_far_it_is_and_how_long_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    def work(show: job_line.ShowProgress) -> Done:
        half_way(show)
        return Done()

    assert run(work) == Done()
    assert capsys.readouterr().out.splitlines()[:2] == [" 43% measuring", "Audited in 70 s."]


def test_an_interrupt_is_one_line_that_says_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    def work(show: job_line.ShowProgress) -> Done:
        half_way(show)
        raise KeyboardInterrupt

    with pytest.raises(VeilError) as caught:
        run(work)
    assert caught.value.code == "cancelled"
    assert str(caught.value) == (
        "Stopped at 43%; what was finished so far is kept, and no variable changed. "
        "The same line goes on where it stopped."
    )
    assert capsys.readouterr().out.splitlines()[-1] == "Stopped at 43%."


def test_a_failure_ends_the_progress_and_stays_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    failure = VeilError("output_unwritable", "The disk is full.", "Free some space.")

    def work(show: job_line.ShowProgress) -> Done:
        half_way(show)
        raise failure

    with pytest.raises(VeilError) as caught:
        run(work)
    assert caught.value is failure
    assert capsys.readouterr().out.splitlines()[-1] == "Ended at 43%."
