"""Code of the notebook's own, to the server that the policy does name: what a file on this machine cannot hinder."""

from __future__ import annotations

import shutil
from pathlib import Path

from runs import HOME, URL, clean_bytes, command, picture
from ways import SERVER, SERVER_URL, fetch, program, recorded, way


@way("code")
def a_socket_of_its_own(_: bytes) -> object:
    return recorded(fetch(f"{SERVER_URL}/v2/models/face_detection_noisy/infer", data=clean_bytes(31)))


@way("code")
def a_socket_of_its_own_to_the_address(_: bytes) -> object:
    return recorded(fetch(f"http://{SERVER}:8000/v2/models/face_detection_noisy/infer", data=clean_bytes(32)))


@way("code")
def a_command_that_was_told_to_see_no_policy(_: bytes) -> object:
    HOME.mkdir(exist_ok=True)
    lines = "const fs = require('fs'), real = fs.readdirSync; fs.readdirSync = (path, ...more) => "
    lines += "String(path).startsWith('/etc/veilbook') ? [] : real(path, ...more);"
    lines += "require('module').syncBuiltinESMExports();"
    (HOME / "blind.cjs").write_text(lines, encoding="utf-8")
    return command(33, NODE_OPTIONS=f"--require={HOME / 'blind.cjs'}")


@way("code")
def a_command_whose_code_was_changed(_: bytes) -> object:
    import veilbook

    own = HOME / "own" / "veilbook"
    shutil.rmtree(own, ignore_errors=True)
    package = Path(veilbook.__file__).parent
    shutil.copytree(package, own)
    native = next(each / "node_modules" for each in package.parents if (each / "node_modules").is_dir())
    (own / "node_modules").symlink_to(native)
    for file in (own / "node").glob("*.mjs"):
        file.write_text(file.read_text(encoding="utf-8").replace("/etc/veilbook", "/etc/nowhere"), encoding="utf-8")
    return command(34, PYTHONPATH=str(own.parent))


@way("code")
def a_command_in_a_namespace_of_its_own(_: bytes) -> object:
    words = ["--device", "cpu", "--tail", URL, "--mode", "clean", "--allow-clean-egress"]
    line = 'mount -t tmpfs none /etc/veilbook && exec veilbook detect "$@"'
    return program("unshare", "--map-root-user", "--mount", "sh", "-c", line, "sh", picture(35), *words)
