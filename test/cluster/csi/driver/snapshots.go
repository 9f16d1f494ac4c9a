package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func (c *controller) CreateSnapshot(_ context.Context, request *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	if request.Name == "" || request.SourceVolumeId == "" {
		return nil, status.Error(codes.InvalidArgument, "name and source volume id are needed")
	}
	c.store.lock.Lock()
	defer c.store.lock.Unlock()

	made, err := c.store.read(snapshots, identifier("snapshot", request.Name))
	switch {
	case err == nil:
		if made.Source != request.SourceVolumeId {
			return nil, status.Errorf(codes.AlreadyExists, "snapshot %s exists of another volume", request.Name)
		}
	case errors.Is(err, errNotFound):
		volume, err := c.find(volumes, request.SourceVolumeId)
		if err != nil {
			return nil, err
		}
		if err := refusal(request.Parameters, c.firstAttempt(request.Name)); err != nil {
			return nil, err
		}
		made = &record{
			ID: identifier("snapshot", request.Name), Name: request.Name, Bytes: volume.Bytes, Source: volume.ID,
			Created: time.Now(), Settings: request.Parameters,
		}
		if err := c.store.create(snapshots, made, c.store.data(volumes, volume.ID)); err != nil {
			return nil, internal(err)
		}
	default:
		return nil, internal(err)
	}
	return &csi.CreateSnapshotResponse{Snapshot: described(made)}, nil
}

func (c *controller) firstAttempt(name string) time.Time {
	if c.attempts == nil {
		c.attempts = map[string]time.Time{}
	}
	if _, known := c.attempts[name]; !known {
		c.attempts[name] = time.Now()
	}
	return c.attempts[name]
}

func (c *controller) DeleteSnapshot(_ context.Context, request *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	if request.SnapshotId == "" {
		return nil, status.Error(codes.InvalidArgument, "snapshot id is needed")
	}
	c.store.lock.Lock()
	defer c.store.lock.Unlock()
	if err := c.store.remove(snapshots, request.SnapshotId); err != nil {
		return nil, internal(err)
	}
	return &csi.DeleteSnapshotResponse{}, nil
}

// ListSnapshots filters by snapshot and source volume. A page token is the index of the next entry.
func (c *controller) ListSnapshots(_ context.Context, request *csi.ListSnapshotsRequest) (*csi.ListSnapshotsResponse, error) {
	c.store.lock.Lock()
	defer c.store.lock.Unlock()
	all, err := c.store.list(snapshots)
	if err != nil {
		return nil, internal(err)
	}
	matching := []*csi.ListSnapshotsResponse_Entry{}
	for _, each := range all {
		if (request.SnapshotId == "" || request.SnapshotId == each.ID) &&
			(request.SourceVolumeId == "" || request.SourceVolumeId == each.Source) {
			matching = append(matching, &csi.ListSnapshotsResponse_Entry{Snapshot: described(each)})
		}
	}
	start := 0
	if request.StartingToken != "" {
		start, err = strconv.Atoi(request.StartingToken)
		if err != nil || start < 0 || start > len(matching) {
			return nil, status.Errorf(codes.Aborted, "no page starts at %s", request.StartingToken)
		}
	}
	end, next := len(matching), ""
	if wanted := int(request.MaxEntries); wanted > 0 && start+wanted < end {
		end = start + wanted
		next = strconv.Itoa(end)
	}
	return &csi.ListSnapshotsResponse{Entries: matching[start:end], NextToken: next}, nil
}

func described(snapshot *record) *csi.Snapshot {
	return &csi.Snapshot{
		SnapshotId:     snapshot.ID,
		SourceVolumeId: snapshot.Source,
		SizeBytes:      reportedBytes(snapshot),
		CreationTime:   timestamppb.New(snapshot.Created),
		ReadyToUse:     isReady(snapshot),
	}
}
