package main

import (
	"context"
	"errors"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// controller makes, copies, grows and removes volumes. Snapshots: snapshots.go.
type controller struct {
	csi.UnimplementedControllerServer
	store    *store
	attempts map[string]time.Time // first attempt of a snapshot that failFor delays, by name
}

func (c *controller) ControllerGetCapabilities(
	context.Context, *csi.ControllerGetCapabilitiesRequest,
) (*csi.ControllerGetCapabilitiesResponse, error) {
	kinds := []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT,
		csi.ControllerServiceCapability_RPC_LIST_SNAPSHOTS,
		csi.ControllerServiceCapability_RPC_CLONE_VOLUME,
		csi.ControllerServiceCapability_RPC_EXPAND_VOLUME,
		csi.ControllerServiceCapability_RPC_SINGLE_NODE_MULTI_WRITER,
	}
	answer := &csi.ControllerGetCapabilitiesResponse{}
	for _, kind := range kinds {
		answer.Capabilities = append(answer.Capabilities, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: kind}},
		})
	}
	return answer, nil
}

func (c *controller) ValidateVolumeCapabilities(
	_ context.Context, request *csi.ValidateVolumeCapabilitiesRequest,
) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if request.VolumeId == "" || len(request.VolumeCapabilities) == 0 {
		return nil, status.Error(codes.InvalidArgument, "volume id and capabilities are needed")
	}
	if _, err := c.find(volumes, request.VolumeId); err != nil {
		return nil, err
	}
	if needsBlock(request.VolumeCapabilities) {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: "no block volumes"}, nil
	}
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{
		VolumeCapabilities: request.VolumeCapabilities,
	}}, nil
}

func (c *controller) CreateVolume(_ context.Context, request *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	if request.Name == "" || len(request.VolumeCapabilities) == 0 {
		return nil, status.Error(codes.InvalidArgument, "name and capabilities are needed")
	}
	if needsBlock(request.VolumeCapabilities) {
		return nil, status.Error(codes.InvalidArgument, "a volume is a directory: no block volumes")
	}
	c.store.lock.Lock()
	defer c.store.lock.Unlock()

	required, limit := request.CapacityRange.GetRequiredBytes(), request.CapacityRange.GetLimitBytes()
	source, from, atLeast, err := c.origin(request.VolumeContentSource)
	if err != nil {
		return nil, err
	}
	made, err := c.store.read(volumes, identifier("volume", request.Name))
	switch {
	case err == nil:
		if made.Bytes < required || (limit > 0 && made.Bytes > limit) || made.Source != source {
			return nil, status.Errorf(codes.AlreadyExists, "volume %s exists and differs", request.Name)
		}
	case errors.Is(err, errNotFound):
		if required < atLeast {
			return nil, status.Errorf(codes.OutOfRange, "%d bytes requested, the source has %d", required, atLeast)
		}
		made = &record{
			ID: identifier("volume", request.Name), Name: request.Name, Bytes: required, Source: source, Created: time.Now(),
		}
		if err := c.store.create(volumes, made, from); err != nil {
			return nil, internal(err)
		}
	default:
		return nil, internal(err)
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{
		VolumeId: made.ID, CapacityBytes: made.Bytes, ContentSource: request.VolumeContentSource,
	}}, nil
}

// origin finds what a new volume begins as: its id, the folder to copy and the least capacity.
func (c *controller) origin(content *csi.VolumeContentSource) (source, from string, atLeast int64, err error) {
	kind, id := "", ""
	switch {
	case content == nil:
		return "", "", 0, nil
	case content.GetSnapshot() != nil:
		kind, id = snapshots, content.GetSnapshot().SnapshotId
	case content.GetVolume() != nil:
		kind, id = volumes, content.GetVolume().VolumeId
	default:
		return "", "", 0, status.Error(codes.InvalidArgument, "unknown content source")
	}
	found, err := c.find(kind, id)
	if err != nil {
		return "", "", 0, err
	}
	atLeast = found.Bytes
	if kind == snapshots {
		atLeast = reportedBytes(found)
	}
	return id, c.store.data(kind, id), atLeast, nil
}

func (c *controller) DeleteVolume(_ context.Context, request *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	if request.VolumeId == "" {
		return nil, status.Error(codes.InvalidArgument, "volume id is needed")
	}
	c.store.lock.Lock()
	defer c.store.lock.Unlock()
	if err := c.store.remove(volumes, request.VolumeId); err != nil {
		return nil, internal(err)
	}
	return &csi.DeleteVolumeResponse{}, nil
}

func (c *controller) ControllerExpandVolume(
	_ context.Context, request *csi.ControllerExpandVolumeRequest,
) (*csi.ControllerExpandVolumeResponse, error) {
	if request.VolumeId == "" || request.CapacityRange == nil {
		return nil, status.Error(codes.InvalidArgument, "volume id and capacity are needed")
	}
	c.store.lock.Lock()
	defer c.store.lock.Unlock()
	grown, err := c.find(volumes, request.VolumeId)
	if err != nil {
		return nil, err
	}
	grown.Bytes = max(grown.Bytes, request.CapacityRange.RequiredBytes)
	if err := c.store.update(volumes, grown); err != nil {
		return nil, internal(err)
	}
	return &csi.ControllerExpandVolumeResponse{CapacityBytes: grown.Bytes}, nil
}

func (c *controller) find(kind, id string) (*record, error) {
	found, err := c.store.read(kind, id)
	if errors.Is(err, errNotFound) {
		return nil, status.Errorf(codes.NotFound, "nothing named %s in %s", id, kind)
	}
	if err != nil {
		return nil, internal(err)
	}
	return found, nil
}

func needsBlock(capabilities []*csi.VolumeCapability) bool {
	for _, each := range capabilities {
		if each.GetBlock() != nil {
			return true
		}
	}
	return false
}

func internal(err error) error {
	return status.Error(codes.Internal, err.Error())
}
