"""`%config Veil.…`: what cells use when they say nothing."""

from __future__ import annotations

from IPython.core.magic import Magics
from traitlets import Bool, Enum, Float, Int, Unicode


class Settings(Magics):
    """The traits of `Veil`; None leaves the choice to the side panel's defaults."""

    alpha = Float(
        None, allow_none=True, help="ALPHA of noisy runs: the noise strength, inside the artefact's range."
    ).tag(config=True)
    threshold = Float(
        None, allow_none=True, min=0.0, max=1.0, help="Score from which a box is drawn; None: the model's own."
    ).tag(config=True)
    device = Unicode(None, allow_none=True, help="auto, cpu, webgpu or cuda:N; None: the side panel's choice.").tag(
        config=True
    )
    model = Unicode(None, allow_none=True, help="Name of a registered model or a model folder.").tag(config=True)
    format = Enum(["jpeg", "png"], default_value="jpeg", help="How shown pictures are coded.").tag(config=True)
    rich = Bool(True, help="Add the interactive view to outputs; False leaves picture and caption (for VS Code).").tag(
        config=True
    )
    max_inline = Int(4, min=0, help="Frames shown under a cell; the others are written to disk and linked.").tag(
        config=True
    )
