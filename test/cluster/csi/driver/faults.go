package main

import (
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Parameters of a VolumeSnapshotClass that let a test see what storage does on bad days.
const (
	readyAfter  = "readyAfter"  // duration, "3s": the snapshot exists at once and is ready this much later
	failWith    = "failWith"    // message: every attempt fails with it, for ever
	failFor     = "failFor"     // duration: attempts fail until this long after the first, then succeed
	restoreSize = "restoreSize" // bytes to report instead of the volume's capacity; "0" means unknown
)

// refusal is the error that a class with failWith or failFor asks for, nil where it asks for none.
func refusal(settings map[string]string, since time.Time) error {
	if message := settings[failWith]; message != "" {
		return status.Error(codes.Internal, message)
	}
	if span, err := time.ParseDuration(settings[failFor]); err == nil && time.Since(since) < span {
		return status.Error(codes.Unavailable, "storage is busy")
	}
	return nil
}

func isReady(snapshot *record) bool {
	span, err := time.ParseDuration(snapshot.Settings[readyAfter])
	return err != nil || time.Since(snapshot.Created) >= span
}

func reportedBytes(snapshot *record) int64 {
	if bytes, err := strconv.ParseInt(snapshot.Settings[restoreSize], 10, 64); err == nil {
		return bytes
	}
	return snapshot.Bytes
}
