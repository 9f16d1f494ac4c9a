"""Veilbook's own doors: what a notebook may ask of the sidecar and of the command line."""

from __future__ import annotations

import ctypes
import json
import os
import struct

from runs import ALPHA, HOME, URL, changed_model, command, frame, model, send, vouch
from ways import POD, SERVER, way

from veilbook.errors import VeilError


@way("doors")
def clean_by_the_flag(_: bytes) -> object:
    return send(1, mode="clean", alpha=None, allow_clean_egress=True)


@way("doors")
def clean_by_the_flag_of_the_command(_: bytes) -> object:
    return command(2)


@way("doors")
def a_smaller_alpha(_: bytes) -> object:
    return send(3, alpha=0.2)


@way("doors")
def a_known_seed(_: bytes) -> object:
    return send(4, insecure_seed=7)


@way("doors")
def a_clean_activation_as_a_noisy_one(_: bytes) -> object:
    return model().forward_tail(model().forward_head(frame(5)), tail=URL, alpha=ALPHA)


@way("doors")
def a_noisy_activation_with_one_value_changed(_: bytes) -> object:
    noisy = model().forward_noise(model().forward_head(frame(6)), alpha=ALPHA)
    noisy[0, 0, 0, 0] += 1
    return model().forward_tail(noisy, tail=URL)


@way("doors")
def a_smaller_alpha_made_in_parts(_: bytes) -> object:
    return model().forward_tail(model().forward_noise(model().forward_head(frame(7)), alpha=0.2), tail=URL)


def straight(seed: int, query: str):  # type: ignore[no-untyped-def]
    """To the sidecar's socket, past all that the Python package would refuse."""
    from veilbook.client import shared

    path = f"/v1/detect?{query}&width=240&height=180&device=cpu"
    body = frame(seed).tobytes()
    return shared().request("POST", path, body=body, content_type="application/octet-stream").json()["sent"]


@way("doors")
def a_request_with_keys_that_no_client_sends(_: bytes) -> object:
    return straight(8, f"mode=clean&allow_clean_egress=true&clean=false&private=true&tail={URL}")


@way("doors")
def a_request_with_keys_given_twice(_: bytes) -> object:
    return straight(25, f"mode=noisy&mode=clean&alpha=0.8&alpha=0.1&allow_clean_egress=true&tail={URL}&tail={URL}")


@way("doors")
def a_clean_request_without_the_package(_: bytes) -> object:
    return straight(26, f"mode=clean&allow_clean_egress=true&tail={URL}")


@way("doors")
def a_forged_tensor(_: bytes) -> object:
    """A clean activation whose header says that it is none."""
    from veilbook import tensors
    from veilbook.client import shared

    clean = model().forward_head(frame(9))
    document = tensors.encode({"activation": clean})
    length = struct.unpack("<Q", bytes(document[:8]))[0]
    header = json.loads(bytes(document[8 : 8 + length]))
    header["__metadata__"] = {"json": json.dumps({"alpha": 0.8, "private": True, "looks": {"count": 1}})}
    text = json.dumps(header).encode()
    body = struct.pack("<Q", len(text)) + text + bytes(document[8 + length :])
    path = f"/v1/forward/tail?tail={URL}&alpha=0.8"
    return shared().request("POST", path, body=body, content_type=tensors.MIME, accept=tensors.MIME).body


@way("doors")
def another_destination(_: bytes) -> object:
    return send(10, f"triton://{POD}:8000/face_detection_noisy")


@way("doors")
def the_destination_by_its_address(_: bytes) -> object:
    return send(11, f"triton://{SERVER}:8000/face_detection_noisy")


@way("doors")
def the_destination_as_a_user(_: bytes) -> object:
    return send(12, f"triton://inference.example:8000@{POD}:8000/face_detection_noisy")


@way("doors")
def another_port(_: bytes) -> object:
    return send(13, "triton://inference.example:9000/face_detection_noisy")


@way("doors")
def another_model_of_the_server(_: bytes) -> object:
    return send(14, "triton://inference.example:8000/redirect")


@way("doors")
def a_weaker_file_by_the_variable(_: bytes) -> object:
    weaker = HOME / "open.yaml"
    HOME.mkdir(exist_ok=True)
    weaker.write_text(
        "schema: 1\nminimum_alpha: 0\ndestinations: any\nclean_egress: by flag\ntls: where given\n", encoding="utf-8"
    )
    return command(15, VEILBOOK_POLICY=str(weaker))


@way("doors")
def a_home_of_its_own(_: bytes) -> object:
    for folder in (HOME / ".config/veilbook", HOME / "veilbook"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "policy.yaml").write_text("schema: 1\n", encoding="utf-8")
    return command(16, HOME=str(HOME), XDG_CONFIG_HOME=str(HOME), XDG_CONFIG_DIRS=str(HOME), VEILBOOK_ETC=str(HOME))


@way("doors")
def the_policy_edited(_: bytes) -> object:
    with open("/etc/veilbook/policy.d/team.yaml", "a", encoding="utf-8") as file:
        return file.write("\n")


@way("doors")
def the_policy_removed(_: bytes) -> object:
    os.remove("/etc/veilbook/policy.d/team.yaml")
    return "reached: removed"


@way("doors")
def the_policy_moved_away(_: bytes) -> object:
    os.rename("/etc/veilbook", "/tmp/veilbook")
    return "reached: moved"


@way("doors")
def the_policy_mounted_over(_: bytes) -> object:
    error = ctypes.CDLL(None, use_errno=True)
    if error.mount(b"none", b"/etc/veilbook", b"tmpfs", 0, None) != 0:
        raise OSError(ctypes.get_errno(), "mount")
    return "reached: mounted over"


@way("doors")
def a_sidecar_of_its_own(_: bytes) -> object:
    from veilbook.api import Model
    from veilbook.client import Sidecar

    (HOME / "state").mkdir(parents=True, exist_ok=True, mode=0o700)
    (HOME / "state").chmod(0o700)
    own = Sidecar(HOME / "state")
    try:
        how = {"mode": "clean", "allow_clean_egress": True, "pictures": False}
        return f"reached: {Model('faceboxes', 'cpu', own).detect(frame(17), tail=URL, **how).sent}"
    finally:
        from veilbook import launcher

        launcher.stop(HOME / "state")


@way("doors")
def another_head(_: bytes) -> object:
    """The head's graph with a field more (a text without meaning): another file, which the model's document names."""
    folder = changed_model("head")
    path = folder / "head.onnx"
    before = path.read_bytes()
    path.write_bytes(before + b"\x32\x00")
    vouch(folder, before, path.read_bytes())
    return send(18, name=str(folder))


@way("doors")
def an_obfuscation_changed_under_its_hash(_: bytes) -> object:
    folder = changed_model("kept")
    path = folder / "obfuscation.safetensors"
    data = bytearray(path.read_bytes())
    data[-64:] = bytes(64)
    path.write_bytes(data)
    return send(19, name=str(folder))


@way("doors")
def another_obfuscation(_: bytes) -> object:
    """The same model with another document of its obfuscation, for which the model's document vouches."""
    folder = changed_model("other")
    path = folder / "obfuscation.json"
    before = path.read_bytes()
    path.write_bytes(before.rstrip() + b"\n\n")
    vouch(folder, before, path.read_bytes())
    return send(20, name=str(folder))


@way("doors")
def one_look_too_many(_: bytes) -> object:
    """The policy allows one at a source; equal noise is one tensor, so the picture is changed a little for the next."""
    first = send(21)
    try:
        second = model().detect(frame(21) ^ 1, mode="noisy", alpha=ALPHA, tail=URL, pictures=False).sent
    except VeilError as refused:
        return f"{first}; refused: {refused}"
    return f"reached: {second}"


@way("doors")
def proxies_in_the_environment(_: bytes) -> object:
    proxy = f"http://{POD}:443"
    names = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "ALL_PROXY", "grpc_proxy"), proxy)
    return command(22, NODE_USE_ENV_PROXY="1", **names)


@way("doors")
def names_that_lead_elsewhere(_: bytes) -> object:
    HOME.mkdir(exist_ok=True)
    (HOME / "aliases").write_text(f"inference {POD}\n", encoding="utf-8")
    return command(23, HOSTALIASES=str(HOME / "aliases"), LOCALDOMAIN=f"{POD}", tail="triton://inference:8000/m")


@way("doors")
def the_table_of_names_edited(_: bytes) -> object:
    with open("/etc/hosts", "a", encoding="utf-8") as file:
        return file.write(f"{POD} inference.example\n")


@way("doors")
def text_in_the_names_of_a_run(token: bytes) -> object:
    """A run that may leave: nothing that the caller called it goes along."""
    name = token.decode()
    sent = straight(24, f"mode=noisy&alpha=0.8&tail={URL}&image={name}&snapshot={name}")
    return f"allowed: {sent['tensor_sha256']}"
