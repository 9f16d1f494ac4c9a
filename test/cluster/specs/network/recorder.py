"""In a pod: a place that data may reach. Says `seen NAME` for every token `veil-NAME-end` in any frame that arrives.

With `--serve` it is a model server, too: KServe v2 over HTTP on port 8000, of one model, described in /etc/server. It
says `tensor SHA256` of each tensor that it was sent, and redirects what is asked below /redirect to $FORBIDDEN.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOKEN = re.compile(rb"veil-([a-z0-9-]{1,60})-end")
PORTS = (53, 80, 443, 8000, 9000)
ALL = 0x0003  # ETH_P_ALL
#: Of a model server that says which port was meant: what reaches the allowed one is no way around.
ALLOWED = 8000 if "--serve" in sys.argv else None


def say(line: str) -> None:
    print(line, flush=True)


def watch() -> None:
    """Every frame, whatever its protocol, before any program of this pod sees it."""
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(ALL))
    known: set[bytes] = set()
    while True:
        frame, (_, _, kind, *_) = tap.recvfrom(1 << 16)
        if kind == 4:  # PACKET_OUTGOING
            continue
        for name in TOKEN.findall(frame):
            if name not in known and not is_allowed(frame):
                known.add(name)
                say(f"seen {name.decode()}")


def is_allowed(frame: bytes) -> bool:
    """TCP over IPv4 to the port of the model server."""
    if ALLOWED is None or frame[12:14] != b"\x08\x00" or frame[23] != socket.IPPROTO_TCP:
        return False
    header = 14 + 4 * (frame[14] & 15)
    return int.from_bytes(frame[header + 2 : header + 4], "big") == ALLOWED


class Accept(socketserver.BaseRequestHandler):
    """Takes what comes, so that clients go on sending; the tap has seen it."""

    def handle(self) -> None:
        self.request.settimeout(3)
        try:
            self.request.recv(1 << 16)
            self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass


def accept(port: int) -> None:
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    threading.Thread(target=socketserver.ThreadingTCPServer(("", port), Accept).serve_forever, daemon=True).start()


class ModelServer(BaseHTTPRequestHandler):
    """What the protocol asks for, and no more."""

    protocol_version = "HTTP/1.1"
    about = json.loads(Path("/etc/server/model.json").read_text()) if ALLOWED else {}

    def do_GET(self) -> None:
        if self.path.startswith("/redirect"):
            self.send_response(307)
            self.send_header("Location", f"http://{os.environ['FORBIDDEN']}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        model = f"/v2/models/{self.about['metadata']['name']}"
        answers = {
            "/v2/health/live": {},
            "/v2/health/ready": {},
            "/v2": {"name": "recorder", "version": "1", "extensions": ["binary_tensor_data"]},
            model: self.about["metadata"],
            f"{model}/ready": {},
            f"{model}/versions/1/ready": {},
            f"{model}/config": self.about["config"],
        }
        found = answers.get(self.path)
        self.answer(200 if found is not None else 404, json.dumps(found).encode() if found else b"", "application/json")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        length = int(self.headers.get("Inference-Header-Content-Length", 0))
        say(f"tensor {hashlib.sha256(body[length:]).hexdigest()}")
        if length == 0:
            self.answer(400, b"{}", "application/json")
            return
        wanted = [output["name"] for output in json.loads(body[:length])["outputs"]]
        ports = {port["name"]: port for port in self.about["metadata"]["outputs"]}
        outputs, parts = [], []
        for name in wanted:
            shape = [1, *ports[name]["shape"][1:]]
            part = bytes(4 * shape[1] * shape[2])
            parts.append(part)
            about = {"name": name, "datatype": "FP32", "shape": shape}
            outputs.append({**about, "parameters": {"binary_data_size": len(part)}})
        model = {"model_name": self.about["metadata"]["name"], "model_version": "1", "outputs": outputs}
        header = json.dumps({"id": json.loads(body[:length])["id"], **model}).encode()
        self.answer(200, b"".join([header, *parts]), "application/octet-stream", len(header))

    def answer(self, status: int, body: bytes, kind: str, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if length is not None:
            self.send_header("Inference-Header-Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    threading.Thread(target=watch, daemon=True).start()
    for port in PORTS:
        if port != ALLOWED:
            accept(port)
    hidden = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    hidden.bind("\0veil-recorder")
    if ALLOWED:
        server = ThreadingHTTPServer(("", ALLOWED), ModelServer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    say("ready")
    while True:
        for name in TOKEN.findall(hidden.recv(1 << 16)):
            say(f"seen {name.decode()}")


main()
