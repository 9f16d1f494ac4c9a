"""The detector from Python, by the report's verbs: head, noise, tail, post-processing on numpy arrays."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import inputs, results, runs, tensors
from .client import Sidecar, shared
from .errors import VeilError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .results import FrameResult

    FloatArray = NDArray[np.float32]

#: Who makes pictures of activations, strongest first.
ATTACKERS = ("adaptive decoder", "linear attacker", "naive viewer")


def load(model: str | os.PathLike[str] = "faceboxes", device: str = "auto") -> Model:
    """A split detector: the name of a registered model or a folder with head.onnx and tail.onnx.

    ``device`` is ``auto``, ``cpu``, ``webgpu`` or ``cuda:N``. Nothing is started or loaded before the first call;
    hashes and shapes are checked then. Raises VeilError ``model_missing`` for a folder that does not exist or holds no
    graphs, ``bad_request`` for a device that is none.
    """
    name = runs.model_argument(os.fspath(model))
    assert name is not None
    if os.sep in name and not any((Path(name) / file).is_file() for file in ("model.json", "head.onnx")):
        raise VeilError(
            "model_missing", f"{name} holds neither model.json nor head.onnx. Nothing was loaded.", "Check the folder."
        )
    if not re.fullmatch(r"auto|cpu|webgpu|cuda:\d{1,2}", device):
        raise VeilError(
            "bad_request", f"{device!r} is not a device. Nothing was loaded.", "Use auto, cpu, webgpu or cuda:N."
        )
    return Model(name, device)


class Model:
    """A detector split into head, noise and tail. All methods are thread-safe and raise VeilError.

    A *frame* is an H x W x 3 uint8 array (RGB unless ``bgr=True``), a PIL image, a path or the bytes of a coded image.
    """

    def __init__(self, name: str, device: str = "auto", sidecar: Sidecar | None = None) -> None:
        self.name = name
        self.device = device
        self._sidecar = sidecar or shared()

    def __repr__(self) -> str:
        return f"Model({self.name!r}, device={self.device!r})"

    def forward_head(self, frame: Any, *, bgr: bool = False) -> FloatArray:
        """The first layers: frame -> clean activation, float32 [1, C, H, W] ([1, 128, 32, 32] for faceboxes).

        Includes the pre-processing (bilinear resize to the network's input, channel order, mean). The activation is
        not obfuscated: keep it in the trusted zone. Errors: ``bad_image``, ``image_too_large``, ``model_*``.
        """
        picture = inputs.single(frame, bgr=bgr)
        reply = self._sidecar.send_frame("/v1/forward/head", picture, {"model": self.name, "device": self.device})
        activation: FloatArray = _tensors(reply)["activation"]
        return activation

    def forward_noise(
        self, activation: FloatArray, *, alpha: float | None = None, insecure_seed: int | None = None
    ) -> FloatArray:
        """Obfuscation: clean activation -> noisy activation, same shape and dtype.

        ``alpha`` is the noise strength inside the artefact's range; None takes the sidecar's default. The noise comes
        from a CSPRNG; ``insecure_seed`` makes it repeatable for tests and not private. Errors: ``bad_alpha``,
        ``artefact_missing``, ``artefact_mismatch``, ``bad_tensor``; there is no way through without noise.
        """
        query = {"model": self.name, "alpha": alpha, "insecure_seed": insecure_seed}
        obfuscated: FloatArray = self._pass("/v1/forward/noise", {"activation": activation}, query)["activation"]
        return obfuscated

    def forward_tail(
        self, activation: FloatArray, *, alpha: float | None = None, tail: str | None = None
    ) -> tuple[FloatArray, ...]:
        """The other layers: activation -> (loc, conf), float32 [1, P, 4] and [1, P, 2] (P = 21824 for faceboxes).

        ``alpha`` is that of the noise in the activation: the server's side for it runs (filter, denoiser and tail as
        they were learned for this strength), as in ``detect(mode="noisy")``; None runs the plain tail.
        ``loc`` are box offsets to the priors, ``conf[..., 1]`` face scores 0 to 1. A classifier's answer is
        (scores,), float32 [1, K], which add up to 1. Errors: ``bad_tensor``, ``bad_alpha``, ``artefact_missing``.

        ``tail`` is the model of a server that runs it instead: ``triton://host:port/model``. Only what
        ``forward_noise`` returned, unchanged, goes there. Errors besides: ``egress_refused``, ``server_unavailable``,
        ``server_mismatch``.
        """
        query = {"model": self.name, "device": self.device, "alpha": alpha, "tail": tail, **runs.snapshot_label(tail)}
        answer = self._pass("/v1/forward/tail", {"activation": activation}, query)
        return tuple(answer[name] for name in ("loc", "conf", "scores") if name in answer)

    def reconstruct(
        self, activation: FloatArray, *, alpha: float | None = None, attacker: str = ATTACKERS[0]
    ) -> NDArray[np.uint8]:
        """What an attacker makes of an activation: RGB, uint8 [H, W, 3] ([128, 128, 3] for faceboxes).

        ``alpha`` is that of the noise in it, None for a clean one. ``attacker``: ``adaptive decoder`` was trained on
        noisy activations and knows the noise; ``linear attacker`` knows it too; ``naive viewer`` was fitted to clean
        activations, an illustration and no evidence of protection. Errors: ``bad_request`` for another attacker,
        ``bad_tensor``, ``bad_alpha``, ``artefact_missing``.
        """
        if attacker not in ATTACKERS:
            raise VeilError(
                "bad_request", f"{attacker!r} is no attacker. Nothing was run.", f"Use one of: {', '.join(ATTACKERS)}."
            )
        query = {"model": self.name, "device": self.device, "alpha": alpha, "attacker": attacker}
        picture: NDArray[np.uint8] = self._pass("/v1/reconstruct", {"activation": activation}, query)["picture"]
        return picture

    def postprocess(
        self, loc: FloatArray, conf: FloatArray, shape: Sequence[int], *, threshold: float = 0.5
    ) -> FloatArray:
        """Boxes of a frame of ``shape`` (height, width, ...): float32 [n, 5] of x1, y1, x2, y2, score >= ``threshold``.

        Coordinates are pixels of the frame, best score first; overlapping boxes are merged (NMS, IoU 0.3).
        Errors: ``bad_tensor``, ``bad_request`` for a threshold outside 0 to 1.
        """
        reply = self._sidecar.request(
            "POST",
            "/v1/postprocess",
            query={"model": self.name, "height": int(shape[0]), "width": int(shape[1]), "threshold": threshold},
            body=tensors.encode({"loc": _float32(loc, "loc"), "conf": _float32(conf, "conf")}),
            content_type=tensors.MIME,
        )
        return results.boxes(reply.json()["detections"])

    def detect(
        self,
        frame: Any,
        *,
        mode: str = "clean",
        alpha: float | None = None,
        threshold: float | None = None,
        bgr: bool = False,
        pictures: bool = True,
        activation: bool = False,
        insecure_seed: int | None = None,
        tail: str | None = None,
        allow_clean_egress: bool = False,
        dry_run: bool = False,
    ) -> FrameResult:
        """All stages at once, in one process and without copies between them.

        ``mode`` is ``clean`` or ``noisy``. ``pictures=False`` codes none, for loops; ``activation=True`` returns what
        the tail saw. ``threshold`` None takes the model's (half of it when noisy). Errors as of the single stages.
        ``tail`` runs the tail on a server, as in ``forward_tail``: the obfuscated activation goes there, a clean one
        only by ``allow_clean_egress`` in this one call; ``dry_run`` says in ``result.sent`` what would leave, and
        sends nothing.
        """
        options = runs.Options(
            mode=mode,
            alpha=alpha,
            threshold=threshold,
            device=self.device,
            model=self.name,
            insecure_seed=insecure_seed,
            pictures=runs.shown_pictures(mode) if pictures else (),
            activation=activation,
            tail=tail,
            allow_clean_egress=allow_clean_egress,
            dry_run=dry_run,
        )
        return runs.run(self._sidecar, inputs.single(frame, bgr=bgr), options)

    def _pass(self, path: str, sent: Mapping[str, FloatArray], query: Mapping[str, object]) -> dict[str, Any]:
        reply = self._sidecar.request(
            "POST",
            path,
            query={key: value for key, value in query.items() if value is not None},
            body=tensors.encode({name: _float32(value, name) for name, value in sent.items()}),
            content_type=tensors.MIME,
            accept=tensors.MIME,
        )
        return _tensors(reply)


def _tensors(reply: Any) -> dict[str, Any]:
    arrays, _ = tensors.decode(reply.body)
    # Copies: the user may write into them.
    return {name: array.copy() for name, array in arrays.items()}


def _float32(value: Any, name: str) -> FloatArray:
    import numpy as np

    array = np.asarray(value)
    if array.dtype.kind != "f" or array.size == 0:
        raise VeilError(
            "bad_tensor",
            f"{name} is {array.dtype} of shape {array.shape}, not a float32 tensor. Nothing was run.",
            "Pass on what the stage before returned.",
        )
    return array.astype(np.float32, copy=False)
