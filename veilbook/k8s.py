"""The functions of ``netapp_dataops.k8s`` by the same names, for notebooks that import them: change one word.

Each runs the command of that name (docs/toolkit.md), with its deadlines, its roll-back and its rights, and raises
VeilError where that fails. Arguments stand in the toolkit's order and have its names. What a command does differently
from the toolkit is done differently here too: passwords go into a Secret, a restore keeps what was there. Snapshot
classes are those of the volumes' drivers unless one is said. Lists are lists of dicts by the toolkit's columns.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping

from ._command import run_command, table_of
from .errors import VeilError

__all__ = [
    "clone_jupyter_lab",
    "clone_volume",
    "create_jupyter_lab",
    "create_jupyter_lab_snapshot",
    "create_triton_server",
    "create_volume",
    "create_volume_snapshot",
    "delete_jupyter_lab",
    "delete_triton_server",
    "delete_volume",
    "delete_volume_snapshot",
    "list_jupyter_lab_snapshots",
    "list_jupyter_labs",
    "list_triton_servers",
    "list_volume_snapshots",
    "list_volumes",
    "restore_jupyter_lab_snapshot",
    "restore_volume_snapshot",
]


def create_volume(
    pvc_name: str,
    volume_size: str,
    storage_class: str | None = None,
    namespace: str = "default",
    print_output: bool = False,
    pvc_labels: Mapping[str, str] | None = None,
    source_snapshot: str | None = None,
    source_pvc: str | None = None,
) -> None:
    """Make a volume of this size, as in ``"50Gi"``; with a source, a copy of it, of that one's size."""
    _refuse(pvc_labels=pvc_labels)
    if source_snapshot is not None or source_pvc is not None:
        _refuse(storage_class=storage_class)
        clone_volume(pvc_name, source_pvc, source_snapshot, None, namespace, print_output)
        return
    words = _flags(pvc_name=pvc_name, size=volume_size, storage_class=storage_class)
    run_command("create volume", words, namespace, print_output)


def clone_volume(
    new_pvc_name: str,
    source_pvc_name: str | None = None,
    source_snapshot_name: str | None = None,
    volume_snapshot_class: str | None = None,
    namespace: str = "default",
    print_output: bool = False,
    pvc_labels: Mapping[str, str] | None = None,
) -> None:
    """Make a volume as a copy of a snapshot, or of a volume, of which a snapshot is taken."""
    _refuse(pvc_labels=pvc_labels)
    words = _flags(
        new_pvc_name=new_pvc_name,
        # The toolkit wants both and reads the snapshot alone.
        source_pvc_name=None if source_snapshot_name else source_pvc_name,
        source_snapshot_name=source_snapshot_name,
        volume_snapshot_class=None if source_snapshot_name else volume_snapshot_class,
    )
    run_command("clone volume", words, namespace, print_output)


def delete_volume(
    pvc_name: str, namespace: str = "default", preserve_snapshots: bool = False, print_output: bool = False
) -> None:
    """Remove a volume with all that is in it, and its snapshots."""
    words = _flags(pvc_name=pvc_name, preserve_snapshots=preserve_snapshots, force=True)
    run_command("delete volume", words, namespace, print_output)


def list_volumes(namespace: str = "default", print_output: bool = False) -> list[dict[str, str]]:
    """All volumes of a namespace."""
    return table_of("list volumes", [], namespace, print_output)


def create_volume_snapshot(
    pvc_name: str,
    snapshot_name: str | None = None,
    volume_snapshot_class: str | None = None,
    namespace: str = "default",
    print_output: bool = False,
) -> None:
    """Take a snapshot of a volume, and wait until it is ready."""
    words = _flags(pvc_name=pvc_name, snapshot_name=snapshot_name, volume_snapshot_class=volume_snapshot_class)
    run_command("create volume-snapshot", words, namespace, print_output)


def delete_volume_snapshot(snapshot_name: str, namespace: str = "default", print_output: bool = False) -> None:
    """Remove a snapshot."""
    run_command("delete volume-snapshot", _flags(snapshot_name=snapshot_name, force=True), namespace, print_output)


def list_volume_snapshots(
    pvc_name: str | None = None,
    namespace: str = "default",
    print_output: bool = False,
    jupyter_lab_workspaces_only: bool = False,
) -> list[dict[str, str]]:
    """Snapshots, of one volume if one is named, or those of workspaces alone."""
    if jupyter_lab_workspaces_only:
        _refuse(pvc_name=pvc_name)
        return list_jupyter_lab_snapshots(None, namespace, print_output)
    return table_of("list volume-snapshots", _flags(pvc_name=pvc_name), namespace, print_output)


def restore_volume_snapshot(
    snapshot_name: str,
    namespace: str = "default",
    print_output: bool = False,
    pvc_labels: Mapping[str, str] | None = None,
) -> None:
    """Give the volume of a snapshot what that holds; what was there stays under a name that is told."""
    _refuse(pvc_labels=pvc_labels)
    run_command("restore volume-snapshot", _flags(snapshot_name=snapshot_name, force=True), namespace, print_output)


def create_jupyter_lab(
    workspace_name: str,
    workspace_size: str,
    mount_pvc: str | None = None,
    storage_class: str | None = None,
    load_balancer_service: bool = False,
    namespace: str = "default",
    workspace_password: str | None = None,
    workspace_image: str | None = None,
    request_cpu: str | None = None,
    request_memory: str | None = None,
    request_nvidia_gpu: str | None = None,
    allocate_resource: str | None = None,
    register_with_astra: bool = False,
    print_output: bool = False,
    pvc_already_exists: bool = False,
    labels: Mapping[str, str] | None = None,
    enable_https: bool = True,
) -> str:
    """Make a workspace; the password is asked for where none is given. Returns its address, or an empty string."""
    _refuse(register_with_astra=register_with_astra, pvc_already_exists=pvc_already_exists, labels=labels)
    words = _flags(
        workspace_name=workspace_name,
        size=workspace_size,
        mount_pvc=mount_pvc,
        storage_class=storage_class,
        load_balancer=load_balancer_service,
        image=workspace_image,
        no_https=not enable_https,
    ) + _amounts(request_cpu, request_memory, request_nvidia_gpu, allocate_resource)
    password = workspace_password or getpass.getpass(f"Password for workspace {workspace_name}: ")
    made = run_command("create jupyterlab", words, namespace, print_output, password)
    return str((made.get("workspace") or {}).get("url") or "")


def clone_jupyter_lab(
    new_workspace_name: str,
    source_workspace_name: str | None = None,
    source_snapshot_name: str | None = None,
    load_balancer_service: bool = False,
    new_workspace_password: str | None = None,
    volume_snapshot_class: str | None = None,
    namespace: str = "default",
    request_cpu: str | None = None,
    request_memory: str | None = None,
    request_nvidia_gpu: str | None = None,
    allocate_resource: str | None = None,
    print_output: bool = False,
    enable_https: bool = True,
) -> str:
    """Make a workspace as a copy of another, or of a snapshot of one, with that one's password. Returns its address."""
    _refuse(new_workspace_password=new_workspace_password)
    words = _flags(
        new_workspace_name=new_workspace_name,
        source_workspace_name=None if source_snapshot_name else source_workspace_name,
        source_snapshot_name=source_snapshot_name,
        volume_snapshot_class=None if source_snapshot_name else volume_snapshot_class,
        load_balancer=load_balancer_service,
        no_https=not enable_https,
    ) + _amounts(request_cpu, request_memory, request_nvidia_gpu, allocate_resource)
    made = run_command("clone jupyterlab", words, namespace, print_output)
    return str((made.get("workspace") or {}).get("url") or "")


def delete_jupyter_lab(
    workspace_name: str, namespace: str = "default", preserve_snapshots: bool = False, print_output: bool = False
) -> None:
    """Remove a workspace with all that is in it, and its snapshots."""
    words = _flags(workspace_name=workspace_name, preserve_snapshots=preserve_snapshots, force=True)
    run_command("delete jupyterlab", words, namespace, print_output)


def list_jupyter_labs(
    namespace: str = "default", include_astra_app_id: bool = False, print_output: bool = False
) -> list[dict[str, str]]:
    """The workspaces of a namespace."""
    _refuse(include_astra_app_id=include_astra_app_id)
    return table_of("list jupyterlabs", [], namespace, print_output)


def create_jupyter_lab_snapshot(
    workspace_name: str,
    snapshot_name: str | None = None,
    volume_snapshot_class: str | None = None,
    namespace: str = "default",
    print_output: bool = False,
) -> None:
    """Take a snapshot of a workspace's volume."""
    words = _flags(
        workspace_name=workspace_name, snapshot_name=snapshot_name, volume_snapshot_class=volume_snapshot_class
    )
    run_command("create jupyterlab-snapshot", words, namespace, print_output)


def list_jupyter_lab_snapshots(
    workspace_name: str | None = None, namespace: str = "default", print_output: bool = False
) -> list[dict[str, str]]:
    """Snapshots of workspaces, of one if it is named."""
    return table_of("list jupyterlab-snapshots", _flags(workspace_name=workspace_name), namespace, print_output)


def restore_jupyter_lab_snapshot(snapshot_name: str, namespace: str = "default", print_output: bool = False) -> None:
    """Give a workspace what a snapshot of it holds; it can be undone (docs/kubernetes.md)."""
    run_command("restore jupyterlab-snapshot", _flags(snapshot_name=snapshot_name), namespace, print_output)


def create_triton_server(
    server_name: str,
    model_pvc_name: str,
    load_balancer_service: bool = False,
    namespace: str = "default",
    server_image: str | None = None,
    request_cpu: str | None = None,
    request_memory: str | None = None,
    request_nvidia_gpu: str | None = None,
    allocate_resource: str | None = None,
    print_output: bool = False,
    pvc_already_exists: bool = False,
    labels: Mapping[str, str] | None = None,
) -> str:
    """Run a Triton server on the models of a volume. Returns host:port of its HTTP endpoint, or an empty string."""
    # The volume with the models is always there before: the toolkit's flag for that says nothing here.
    del pvc_already_exists
    _refuse(labels=labels)
    words = _flags(
        server_name=server_name,
        model_repo_pvc_name=model_pvc_name,
        load_balancer=load_balancer_service,
        image=server_image,
    ) + _amounts(request_cpu, request_memory, request_nvidia_gpu, allocate_resource)
    made = run_command("create triton-server", words, namespace, print_output)
    return str((made.get("server") or {}).get("http") or "")


def delete_triton_server(server_name: str, namespace: str = "default", print_output: bool = False) -> None:
    """Remove a Triton server; the volume with its models stays."""
    run_command("delete triton-server", _flags(server_name=server_name, force=True), namespace, print_output)


def list_triton_servers(namespace: str = "default", print_output: bool = False) -> list[dict[str, str]]:
    """The Triton servers of a namespace."""
    return table_of("list triton-servers", [], namespace, print_output)


def _flags(**values: str | bool | None) -> list[str]:
    """The words for what was said: ``pvc_name="data"`` is ``--pvc-name=data``, and True is a flag alone."""
    words = []
    for name, value in values.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif isinstance(value, str):
            words.append(f"{flag}={value}")
    return words


def _amounts(cpu: str | None, memory: str | None, gpus: str | None, resource: str | None) -> list[str]:
    return _flags(cpu=cpu, memory=memory, nvidia_gpu=gpus, allocate_resource=resource)


def _refuse(**values: object) -> None:
    """What the toolkit takes and is not done here is never left undone without a word."""
    for name, value in values.items():
        if value:
            raise VeilError(
                "bad_request", f"{name} cannot be said here. Nothing was done.", "Leave it out: docs/toolkit.md."
            )
