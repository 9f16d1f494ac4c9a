package main

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// nodeService gives a volume to a pod by a bind mount.
type nodeService struct {
	csi.UnimplementedNodeServer
	store *store
	name  string
}

func (n *nodeService) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: n.name}, nil
}

func (n *nodeService) NodeGetCapabilities(
	context.Context, *csi.NodeGetCapabilitiesRequest,
) (*csi.NodeGetCapabilitiesResponse, error) {
	return &csi.NodeGetCapabilitiesResponse{Capabilities: []*csi.NodeServiceCapability{{
		Type: &csi.NodeServiceCapability_Rpc{Rpc: &csi.NodeServiceCapability_RPC{
			Type: csi.NodeServiceCapability_RPC_SINGLE_NODE_MULTI_WRITER,
		}},
	}}}, nil
}

func (n *nodeService) NodePublishVolume(
	_ context.Context, request *csi.NodePublishVolumeRequest,
) (*csi.NodePublishVolumeResponse, error) {
	if request.VolumeId == "" || request.TargetPath == "" || request.VolumeCapability == nil {
		return nil, status.Error(codes.InvalidArgument, "volume id, target path and capability are needed")
	}
	n.store.lock.Lock()
	defer n.store.lock.Unlock()
	volume, err := n.store.read(volumes, request.VolumeId)
	if errors.Is(err, errNotFound) {
		return nil, status.Errorf(codes.NotFound, "no volume %s", request.VolumeId)
	} else if err != nil {
		return nil, internal(err)
	}
	elsewhere := slices.DeleteFunc(volume.Targets, func(target string) bool { return target == request.TargetPath })
	if len(elsewhere) > 0 && request.VolumeCapability.AccessMode.GetMode() == csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER {
		return nil, status.Errorf(codes.FailedPrecondition, "volume %s is in use by another pod", request.VolumeId)
	}
	if err := os.MkdirAll(request.TargetPath, 0o750); err != nil {
		return nil, internal(err)
	}
	// A repeated request replaces the earlier mount, so that one volume is mounted once.
	if err := unmount(request.TargetPath); err != nil {
		return nil, internal(err)
	}
	if err := unix.Mount(n.store.data(volumes, request.VolumeId), request.TargetPath, "", unix.MS_BIND, ""); err != nil {
		return nil, internal(err)
	}
	if request.Readonly {
		flags := uintptr(unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY)
		if err := unix.Mount("", request.TargetPath, "", flags, ""); err != nil {
			return nil, internal(errors.Join(err, unmount(request.TargetPath)))
		}
	}
	volume.Targets = append(elsewhere, request.TargetPath)
	if err := n.store.update(volumes, volume); err != nil {
		return nil, internal(err)
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func (n *nodeService) NodeUnpublishVolume(
	_ context.Context, request *csi.NodeUnpublishVolumeRequest,
) (*csi.NodeUnpublishVolumeResponse, error) {
	if request.VolumeId == "" || request.TargetPath == "" {
		return nil, status.Error(codes.InvalidArgument, "volume id and target path are needed")
	}
	n.store.lock.Lock()
	defer n.store.lock.Unlock()
	if err := unmount(request.TargetPath); err != nil {
		return nil, internal(err)
	}
	// Not RemoveAll: were the mount still there, that would empty the volume.
	if err := os.Remove(request.TargetPath); err != nil && !os.IsNotExist(err) {
		return nil, internal(err)
	}
	volume, err := n.store.read(volumes, request.VolumeId)
	if err == nil {
		volume.Targets = slices.DeleteFunc(volume.Targets, func(target string) bool { return target == request.TargetPath })
		err = n.store.update(volumes, volume)
	}
	if err != nil && !errors.Is(err, errNotFound) {
		return nil, internal(err)
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

// unmount takes a mount away; nothing mounted, or nothing there, is as good.
func unmount(path string) error {
	err := unix.Unmount(path, 0)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}
