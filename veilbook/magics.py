"""`%veil` and `%%veil`: from a cell to results under it."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from IPython.core.magic import magics_class, needs_local_scope, no_var_expand

from . import arguments, audit_line, cell, evaluate_line, learn_line, services, snapshot_line, sweep_line
from ._ipython import line_cell_magic, magic_arguments
from .arguments import AUDIT, EVALUATE, JOBS, LEARN, RUNS, SERVICES, SNAPSHOTS, SWEEP, refuse
from .errors import VeilError
from .inputs import Source, sources
from .names import resolve
from .settings import Settings

HELP = """\
%%veil clean -i photo                         find faces in a variable or file, show the frame
%%veil noisy --alpha 0.2 -i photo -o result   the same on an obfuscated activation; keep the result
%veil noisy photo.jpg                         one line instead of a cell; --dry-run runs nothing
%veil status | devices | log | restart        the process that computes
%veil learn | audit | evaluate | sweep -h     learn noise; attack what leaves; accuracy on a data set
%veil snapshot "before training"              keep all files as they are now; %veil snapshots lists
%config Veil.alpha = 0.2                      defaults for this notebook; %veil? lists every option
Example: %veil clean photo.jpg -o result      then result.faces is an array [n, 5]"""


_JOBS: dict[str, Any] = {LEARN: learn_line, AUDIT: audit_line, EVALUATE: evaluate_line, SWEEP: sweep_line}


@magics_class
class Veil(Settings):
    """Clean and noisy detection in a notebook."""

    @line_cell_magic
    @magic_arguments()
    @arguments.veil_arguments
    @needs_local_scope
    @no_var_expand
    def veil(self, line: str, body: str | None = None, local_ns: Mapping[str, Any] | None = None) -> None:
        """Find faces in images, clean or on an obfuscated activation, and show the frames.

        A cell's body may declare stages, one a line: head: local, noise: 0.8, tail: local, threshold: 0.35.
        """
        first, *rest = line.split(None, 1) or [""]
        if first in JOBS:
            namespace = {**(self.shell.user_ns if self.shell else {}), **(local_ns or {})}
            self._work(first, " ".join(rest), body, namespace)
            return
        if first in SNAPSHOTS:
            if body is not None and body.strip():
                raise refuse(f"%veil {first} takes no cell", "Write it with a single %.")
            print(snapshot_line.answer(first, " ".join(rest)))
            return
        options = arguments.parse(self.veil, line)
        if options.command is None:
            if body is not None and body.strip():
                raise refuse("%%veil does not say what to run", "Write %%veil clean or %%veil noisy.")
            print(HELP)
        elif options.command in SERVICES:
            self._serve(options, body)
        elif options.command in RUNS:
            self._run(options, body or "", {**(self.shell.user_ns if self.shell else {}), **(local_ns or {})})
        else:
            commands = [*RUNS, *JOBS, *SNAPSHOTS, *SERVICES]
            close = difflib.get_close_matches(options.command, commands, n=1)
            remedy = f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(commands)}."
            raise refuse(f"%veil {options.command} is not a command", remedy)

    def _work(self, command: str, rest: str, body: str | None, namespace: Mapping[str, Any]) -> None:
        if body is not None and body.strip():
            raise refuse(f"%veil {command} takes no cell", "Write it with a single %.")
        job = _JOBS[command]
        asked = job.parse(rest)
        if asked is None:
            print(job.HELP)
            return
        result = job.run(asked, namespace, self)
        if asked.output is not None and self.shell is not None:
            self.shell.user_ns[asked.output] = result

    def _serve(self, options: argparse.Namespace, body: str | None) -> None:
        if body is not None and body.strip():
            raise refuse(f"%veil {options.command} takes no cell", "Write it with a single %.")
        print(services.answer(options.command, options.images))

    def _run(self, line: argparse.Namespace, body: str, namespace: Mapping[str, Any]) -> None:
        stages = cell.parse(body, line.command)
        options = arguments.options_of(line, stages, self, rich=self.rich)
        named = self._sources([*line.images, *(line.input or [])], namespace, line)
        if line.dry_run:
            print(services.dry_run(options, named, line.repeat))
            if options.tail is not None:
                print(services.would_leave(options, named))
            return
        # One activation is half a MiB: kept for one frame that has a name, for many only when asked for.
        options = replace(options, activation=line.activation or (line.output is not None and len(named) == 1))

        from .display import Session

        session = Session(self, options, compare=line.compare, repeat=line.repeat, skip_bad=line.skip_bad)
        result = session.show(named)
        if line.output is not None and self.shell is not None:
            self.shell.user_ns[line.output] = result

    def _sources(self, words: list[str], namespace: Mapping[str, Any], line: argparse.Namespace) -> list[Source]:
        if not words:
            raise refuse(f"%veil {line.command} names no image", "Give a path, or a variable with -i.")
        found: list[Source] = []
        for word in words:
            try:
                found += sources(resolve(word, namespace), word, bgr=line.bgr)
            except VeilError as problem:
                if not (line.skip_bad and problem.code == "bad_image"):
                    raise
                print(f"Left out: {problem}")
        if not found:
            raise VeilError("bad_image", "Every image was left out. Nothing was run.", "Give one that can be read.")
        return found
