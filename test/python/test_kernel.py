"""The magics in a real kernel with the real sidecar."""

from __future__ import annotations

import base64
import os
import signal
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from kernels import Kernel
from support import needs_bundle

from veilbook import launcher
from veilbook.bundle import FRAME_MIME

pytestmark = [needs_bundle, pytest.mark.slow]

SETUP = """
%load_ext veilbook
import numpy as np, skimage.data
photo = skimage.data.astronaut()
result = "as it was"
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def kernel(directory: Path, shared_state: Path) -> Iterator[Kernel]:
    with Kernel(directory, shared_state) as kernel:
        assert kernel.run(SETUP).status == "ok"
        yield kernel


@pytest.fixture(autouse=True)
def usable_afterwards(kernel: Kernel) -> Iterator[None]:
    """Whatever a test did, the session goes on."""
    yield
    assert kernel.run("%veil clean photo -o after").text.startswith("photo: 1 face · clean")
    kernel.run("result = 'as it was'")


def test_a_clean_run_shows_frame_and_caption_and_assigns_the_result(kernel: Kernel) -> None:
    ran = kernel.run("%%veil clean -i photo -o result\nhead: local\ntail: local\n")
    assert ran.status == "ok"
    data = ran.displays[0]["data"]
    assert data[FRAME_MIME]["result"]["mode"] == "clean"
    assert data[FRAME_MIME]["reconstruction"] is None
    assert base64.b64decode(data["image/jpeg"]).startswith(b"\xff\xd8\xff")
    assert data["text/plain"].startswith("1 face · clean")
    told = kernel.run(
        "print(result.faces.shape, result.faces.dtype, result.activation.shape, result.image.size, result.provenance)"
    )
    assert told.text.startswith("(1, 5) float32 (1, 128, 32, 32) (512, 512)")
    assert "head_sha256" in told.text


def test_a_noisy_run_comes_with_its_reconstruction_and_says_what_was_measured(kernel: Kernel) -> None:
    ran = kernel.run("%%veil noisy --alpha 0.2 -i photo -o result --compare")
    data = ran.displays[0]["data"]
    bundle = data[FRAME_MIME]
    assert bundle["result"]["private"]
    assert bundle["compare"]["mode"] == "clean"
    assert bundle["reconstruction"]["picture"]["base64"]
    assert bundle["reconstruction"]["attacker"] == "adaptive decoder"
    assert "measured, not a guarantee" in bundle["result"]["notices"][0]
    assert ran.displays[0]["metadata"][FRAME_MIME]["veilbook"]["alpha"] == 0.2


def test_alpha_comes_from_the_sidecars_defaults_when_nothing_is_said(kernel: Kernel) -> None:
    assert kernel.run("%veil noisy photo -o result").status == "ok"
    told = kernel.run(
        "from veilbook.client import shared; s = shared().get('/v1/status')['defaults']['alpha']; "
        "print(result.alpha == s)"
    )
    assert told.text == "True\n"


def test_repeatable_noise_is_marked_not_private(kernel: Kernel) -> None:
    ran = kernel.run("%veil noisy photo --alpha 0.2 --insecure-seed 7 -o result")
    assert "not private" in ran.text
    assert ran.displays[0]["data"][FRAME_MIME]["result"]["private"] is False


def test_without_rich_output_only_picture_and_caption_remain(kernel: Kernel) -> None:
    ran = kernel.run("%config Veil.rich = False\n%veil noisy photo --alpha 0.2\n%config Veil.rich = True")
    assert ran.displays[0]["data"].keys() == {"text/plain", "image/jpeg"}
    assert "measured, not a guarantee" in ran.text


def test_png_on_request(kernel: Kernel) -> None:
    ran = kernel.run("%veil clean photo --format png")
    assert base64.b64decode(ran.displays[0]["data"]["image/png"]).startswith(b"\x89PNG")


def test_four_frames_inline_and_the_others_written_and_linked(kernel: Kernel, directory: Path) -> None:
    kernel.run("shots = np.stack([photo] * 6)")
    ran = kernel.run("%veil clean -i shots -o result")
    frames = [output for output in ran.displays if FRAME_MIME in output["data"]]
    links = ran.displays[-1]["data"]["text/markdown"]
    assert len(frames) == 4
    assert links.count("veilbook-frames/") == 4
    assert sorted(path.name for path in (directory / "veilbook-frames").iterdir()) == [
        "0005-clean-shots_4_.jpg",
        "0006-clean-shots_5_.jpg",
    ]
    assert "6 of 6 frames in" in ran.text
    assert kernel.run("print(len(result), result[5].image.size, result[5].activation)").text == "6 (512, 512) None\n"


def test_progress_is_one_display_updated_at_most_five_times_a_second(directory: Path, shared_state: Path) -> None:
    with Kernel(directory, shared_state, watched=True) as watched:
        watched.run(SETUP)
        start = time.monotonic()
        ran = watched.run("%config Veil.max_inline = 0\nshots = [photo] * 40\n%veil clean -i shots")
        seconds = time.monotonic() - start
    updates = [update["data"]["text/plain"] for update in ran.updates]
    assert updates[-1].startswith("40 of 40 frames in")
    assert len({update["transient"]["display_id"] for update in ran.updates}) == 1
    assert 1 <= len(updates) <= seconds * 5 + 2


def test_repeat_prints_the_times(kernel: Kernel) -> None:
    ran = kernel.run("%veil noisy photo --alpha 0.2 --repeat 3")
    assert "3 runs: mean" in ran.text
    assert len(ran.displays) == 1


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    start = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + start + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def bad_files(directory: Path) -> None:
    from PIL import Image
    from skimage.data import astronaut

    Image.fromarray(astronaut()).save(directory / "whole.jpg")
    (directory / "truncated.jpg").write_bytes((directory / "whole.jpg").read_bytes()[:3000])
    (directory / "empty.jpg").touch()
    (directory / "text.jpg").write_text("this is not an image\n" * 100)
    (directory / "huge.png").write_bytes(png_header(20000, 20000))
    (directory / "folder").mkdir(exist_ok=True)


@pytest.mark.usefixtures("bad_files")
@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%veil clean truncated.jpg -o result", "truncated"),
        ("%veil clean empty.jpg -o result", "is empty (0 bytes)"),
        ("%veil clean text.jpg -o result", "text.jpg"),
        ("%veil clean huge.png -o result", "20000 x 20000"),
        ("%veil clean folder -o result", "is a folder"),
        ("pixels = photo / 255.0\n%veil clean pixels -o result", "pixels holds float64, not uint8"),
        ("grey = photo[..., 0]\n%veil clean grey -o result", "np.stack"),
        ("none = photo[:0]\n%veil clean none -o result", "empty array"),
        ("%veil clean nobody -o result", "no variable and no file named nobody"),
        ("%veil noisy photo --alpha 7 -o result", "ALPHA 7"),
        ("%veil noisy photo --alpha 0.2 --model nobody -o result", "nobody"),
        ("%veil clean photo --model ./nowhere -o result", "There is no model folder"),
        ("%%veil clean -i photo -o result\nimport os", "Line 2 of the cell"),
        ("%veil clean photo text.jpg photo -o result", "frame 2 of 3"),
    ],
)
def test_bad_input_is_a_real_error_of_one_line_and_the_variable_keeps_its_value(
    kernel: Kernel, cell: str, words: str
) -> None:
    ran = kernel.run(cell)
    assert ran.status == "error"
    assert ran.errors[0]["ename"] == "VeilError"
    assert ran.error.startswith("VeilError: ")
    assert "\n" not in ran.error
    assert words.lower() in ran.error.lower()
    assert kernel.run("print(result)").text == "as it was\n"


@pytest.mark.usefixtures("bad_files")
def test_bad_images_are_left_out_when_asked(kernel: Kernel) -> None:
    ran = kernel.run("%veil clean photo truncated.jpg empty.jpg text.jpg -o result --skip-bad")
    assert ran.status == "ok"
    assert ran.text.count("Left out: ") == 3
    assert kernel.run("print(len(result))").text == "1\n"


def test_an_interrupt_cancels_the_run_and_leaves_the_sidecar_alive(kernel: Kernel, shared_state: Path) -> None:
    before = launcher.ensure_running(shared_state)
    sent = kernel.send("shots = [photo] * 5000\n%config Veil.max_inline = 0\n%veil clean -i shots -o result")
    time.sleep(2)
    kernel.manager.interrupt_kernel()
    ran = kernel.collect(sent)
    assert ran.status == "error"
    assert "Interrupted after" in ran.error
    assert "\n" not in ran.error
    assert kernel.run("%config Veil.max_inline = 4\nprint(result)").text == "as it was\n"
    assert launcher.ensure_running(shared_state).instance == before.instance


def test_a_sidecar_killed_between_two_cells_is_replaced(kernel: Kernel, shared_state: Path) -> None:
    before = launcher.ensure_running(shared_state)
    os.kill(before.pid, signal.SIGKILL)
    assert kernel.run("%veil clean photo -o result").status == "ok"
    assert launcher.ensure_running(shared_state).instance != before.instance


def test_a_sidecar_killed_during_a_run_is_replaced_and_no_frame_is_lost(kernel: Kernel, shared_state: Path) -> None:
    before = launcher.ensure_running(shared_state)
    sent = kernel.send("%config Veil.max_inline = 0\nshots = [photo] * 30\n%veil clean -i shots -o result")
    time.sleep(1)
    os.kill(before.pid, signal.SIGKILL)
    ran = kernel.collect(sent)
    assert ran.status == "ok", ran.error
    told = kernel.run("%config Veil.max_inline = 4\nprint({len(found.faces) for found in result}, len(result))")
    assert told.text == "{1} 30\n"


def test_status_devices_log_and_restart(kernel: Kernel, shared_state: Path) -> None:
    before = launcher.ensure_running(shared_state)
    status = kernel.run("%veil status").text
    assert f"sidecar   running, pid {before.pid}" in status
    assert "faceboxes (bundled, 1.0 M parameters)   artefact stationary-gaussian (calibrated)" in status
    assert "cpu " in kernel.run("%veil devices").text
    assert "started pid=" in kernel.run("%veil log 500").text
    assert "restarted" in kernel.run("%veil restart").text
    assert launcher.ensure_running(shared_state).instance != before.instance


def test_the_python_interface_agrees_with_the_cell(kernel: Kernel) -> None:
    ran = kernel.run(
        "import veilbook\n"
        "model = veilbook.load('faceboxes', device='cpu')\n"
        "a = model.forward_head(photo)\n"
        "loc, conf = model.forward_tail(a)\n"
        "faces = model.postprocess(loc, conf, photo.shape, threshold=0.5)\n"
        "whole = model.detect(photo)\n"
        "print(np.abs(faces - whole.faces).max() < 1e-2, a.shape, loc.shape, conf.shape)\n"
        "z = model.forward_noise(a, alpha=0.2)\n"
        "print(z.shape, z.dtype, float(np.abs(z - a).max()) > 0, (z == model.forward_noise(a, alpha=0.2)).all())\n"
    )
    assert ran.text.splitlines() == [
        "True (1, 128, 32, 32) (1, 21824, 4) (1, 21824, 2)",
        "(1, 128, 32, 32) float32 True True",
    ]


def test_the_tail_of_an_alpha_and_every_attackers_picture_are_at_hand_in_python(kernel: Kernel) -> None:
    ran = kernel.run(
        "import veilbook\n"
        "model = veilbook.load('faceboxes', device='cpu')\n"
        "z = model.forward_noise(model.forward_head(photo), alpha=0.4)\n"
        "whole = model.detect(photo, mode='noisy', alpha=0.4, activation=True)\n"
        "faces = model.postprocess(*model.forward_tail(z, alpha=0.4), photo.shape, threshold=0.05)\n"
        "print(np.array_equal(z, whole.activation), np.abs(faces - whole.detections).max() < 1e-2)\n"
        "print(np.array_equal(model.forward_tail(z)[1], model.forward_tail(z, alpha=0.4)[1]))\n"
        "seen = [model.reconstruct(z, alpha=0.4, attacker=name) for name in veilbook.api.ATTACKERS]\n"
        "print({(a.shape, str(a.dtype)) for a in seen}, np.array_equal(seen[0], model.reconstruct(z, alpha=0.4)))\n"
        "print([np.array_equal(seen[i], seen[i - 1]) for i in range(3)])\n"
    )
    assert ran.text.splitlines() == [
        "True True",
        "False",
        "{((128, 128, 3), 'uint8')} True",
        "[False, False, False]",
    ]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("forward_tail(z, alpha=0.99)", "ALPHA 0.99 is outside this artefact's 0.05 … 0.95. Nothing was run."),
        ("reconstruct(z, alpha=0.01)", "ALPHA 0.01 is outside this artefact's 0.05 … 0.95. Nothing was run."),
        ("reconstruct(z, attacker='me')", "'me' is no attacker. Nothing was run. Use one of: adaptive decoder"),
        ("reconstruct(z[:, :5], alpha=0.4)", "activation is [1,5,32,32], not [1,128,32,32]. Nothing was run."),
        ("forward_tail(z[0], alpha=0.4)", "activation is [128,32,32], not [1,128,32,32]. Nothing was run."),
    ],
)
def test_a_wrong_stage_is_refused_in_one_line(kernel: Kernel, call: str, told: str) -> None:
    ran = kernel.run(
        "import veilbook\n"
        "model, z = veilbook.load('faceboxes', device='cpu'), np.zeros((1, 128, 32, 32), np.float32)\n"
        f"try:\n    model.{call}\nexcept veilbook.VeilError as error:\n    print(error)\n"
    )
    assert told in ran.text
    assert ran.text.count("\n") == 1


def test_bgr_arrays_give_the_same_faces(kernel: Kernel) -> None:
    ran = kernel.run(
        "bgr = photo[..., ::-1]\n%veil clean photo -o rgb_result\n%veil clean bgr --bgr -o bgr_result\n"
        "print(np.allclose(rgb_result.faces, bgr_result.faces))"
    )
    assert ran.text.endswith("True\n")
