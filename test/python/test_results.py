"""What a result holds and how it shows itself."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from documents import document, picture
from support import ROOT

from veilbook import tensors
from veilbook.bundle import FRAME_MIME
from veilbook.errors import VeilError
from veilbook.results import FrameResult, read
from veilbook.wire import Reply


def result(**changes: Any) -> FrameResult:
    return FrameResult(document(**changes), {kind: picture() for kind in ("annotated", "frame", "reconstruction")})


@pytest.fixture(scope="session")
def frame_bundle_schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """FrameBundle of src/protocol/mime.ts as JSON Schema: the very object that the TypeScript side uses."""
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    if not esbuild.exists():
        pytest.skip("node_modules is not installed")
    path = f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    script = "import { FrameBundle } from './src/protocol'; process.stdout.write(JSON.stringify(FrameBundle));"
    bundle = tmp_path_factory.mktemp("schema") / "schema.cjs"
    build = [str(esbuild), "--bundle", "--platform=node", f"--outfile={bundle}", "--log-level=error"]
    subprocess.run(build, input=script, text=True, check=True, cwd=ROOT, env={**os.environ, "PATH": path})
    answer = subprocess.run(["node", str(bundle)], capture_output=True, text=True, check=True)
    schema: dict[str, Any] = json.loads(answer.stdout)
    return schema


def test_the_caption_says_faces_alpha_time_and_device() -> None:
    assert repr(result()) == "1 face · ALPHA 0.2 (uncalibrated noise scale) · 23 ms on cpu"
    assert repr(result(mode="clean", alpha=None, private=False, artefact=None)) == "1 face · clean · 23 ms on cpu"
    assert repr(result(detections=[])).startswith("0 faces · ")


def test_a_classifier_says_its_best_classes_and_finds_no_faces() -> None:
    classes = [{"label": "seven", "index": 7, "score": 0.97}, {"label": "one", "index": 1, "score": 0.02}]
    shown = result(detections=[], classes=classes)
    assert shown.classes == [("seven", 0.97), ("one", 0.02)]
    assert shown.faces.shape == (0, 5)
    assert shown.caption.startswith("seven 0.97 · ALPHA 0.2")
    assert result().classes == []


def test_repeatable_noise_is_called_not_private() -> None:
    assert "not private" in result(private=False).caption


def test_a_source_that_was_seen_before_is_told() -> None:
    assert result().looks is None
    once = result(looks={"count": 1, "alpha_1": 0.2, "alpha_k": 0.2})
    assert once.looks == {"count": 1, "alpha_1": 0.2, "alpha_k": 0.2}
    assert once.caption == result().caption
    again = result(looks={"count": 4, "alpha_1": 0.2, "alpha_k": 0.1})
    assert " · seen 4 times (ALPHA 0.10 for all) · " in again.caption
    assert " · seen 40 times · " in result(looks={"count": 40, "alpha_1": 0.2, "alpha_k": None}).caption


def test_faces_are_those_at_or_above_the_threshold() -> None:
    shown = result()
    assert shown.faces.dtype == np.float32
    np.testing.assert_allclose(shown.faces, [[10, 20, 110, 140, 0.9]], rtol=1e-6)
    assert shown.detections.shape == (2, 5)
    assert result(detections=[]).faces.shape == (0, 5)
    assert result(threshold=0.9).faces.shape == (1, 5)


@pytest.mark.parametrize("compared", [False, True])
def test_the_bundle_is_what_the_front_end_expects(frame_bundle_schema: dict[str, Any], compared: bool) -> None:
    shown = result(looks={"count": 2, "alpha_1": 0.2, "alpha_k": None})
    if compared:
        shown.compare = FrameResult(document(mode="clean", alpha=None, artefact=None, private=False, looks=None))
    data, metadata = shown._repr_mimebundle_()
    jsonschema.validate(data[FRAME_MIME], frame_bundle_schema)
    json.dumps([data, metadata])
    assert base64.b64decode(data["image/jpeg"]) == picture().data
    assert data["text/plain"].splitlines() == [shown.caption, *shown.notices]


def test_the_metadata_says_what_made_the_picture() -> None:
    _, metadata = result()._repr_mimebundle_()
    told = metadata[FRAME_MIME]["veilbook"]
    assert {"versions", "model", "artefact", "device", "alpha", "snapshot", "private"} <= told.keys()
    assert "detections" not in told


def test_without_rich_the_picture_and_the_caption_stay() -> None:
    plain = result()
    plain.rich = False
    data, _ = plain._repr_mimebundle_()
    assert data.keys() == {"text/plain", "image/jpeg"}


def test_a_result_without_pictures_still_has_its_caption() -> None:
    bare = FrameResult(document())
    assert bare._repr_mimebundle_()[0].keys() == {"text/plain"}
    with pytest.raises(VeilError, match="holds no annotated picture"):
        _ = bare.image


def test_an_answer_in_tensors_is_read_and_detached_from_its_buffer() -> None:
    activation = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    body = safetensors(
        {"picture.frame": np.frombuffer(picture().data, np.uint8), "activation": activation},
        {"result": document(), "pictures": {"frame": {"mime": "image/jpeg", "width": 640, "height": 480}}},
    )
    got = read(Reply(200, tensors.MIME, body))
    assert got.pictures == {"frame": picture()}
    assert got.activation is not None
    assert got.activation.flags.owndata
    np.testing.assert_array_equal(got.activation, activation)


def safetensors(arrays: dict[str, Any], header: object) -> bytes:
    plain = tensors.encode(arrays)
    length = int.from_bytes(plain[:8], "little")
    entries = {**json.loads(plain[8 : 8 + length]), "__metadata__": {"json": json.dumps(header)}}
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + plain[8 + length :]


TRUNCATED = tensors.encode({"activation": np.zeros(8, np.float32)})[:-3]


@pytest.mark.parametrize("body", [b"", b"\xff" * 8, (2).to_bytes(8, "little") + b"[]", TRUNCATED])
def test_damaged_tensors_are_one_error(body: bytes) -> None:
    with pytest.raises(VeilError, match="cannot be read"):
        tensors.decode(body)


def test_an_error_is_one_line_for_a_notebook() -> None:
    error = VeilError("bad_image", "photo.jpg is\ntruncated.", "Export it again.")
    assert error._render_traceback_() == ["VeilError: photo.jpg is truncated. Export it again."]


def test_the_package_is_cheap_to_import() -> None:
    script = "import sys, veilbook; veilbook.__version__; print(*sys.modules)"
    answer = subprocess.run(
        [os.sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(ROOT)
    )
    assert not {"numpy", "PIL", "httpx", "IPython", "http.client"} & set(answer.stdout.split())
