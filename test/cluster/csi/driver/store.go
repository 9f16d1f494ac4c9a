package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"sync"
	"time"
)

var errNotFound = errors.New("not found")

// record is what the driver remembers of a volume or a snapshot, kept as JSON beside its data.
type record struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Bytes    int64             `json:"bytes"`            // capacity; not enforced
	Source   string            `json:"source,omitempty"` // snapshot: its volume; volume: the snapshot or volume it began as
	Created  time.Time         `json:"created"`
	Settings map[string]string `json:"settings,omitempty"` // parameters of the snapshot's class
	Targets  []string          `json:"targets,omitempty"`  // where pods have the volume mounted
}

// store keeps records under root/volumes/ID and root/snapshots/ID, each with a data folder.
// A new one is made beside its place and renamed into it, so a killed driver leaves no half copy behind.
type store struct {
	root string
	lock sync.Mutex // one change at a time: the sidecars retry, and tests are small
}

const (
	volumes   = "volumes"
	snapshots = "snapshots"
)

func openStore(root string) (*store, error) {
	if err := os.RemoveAll(filepath.Join(root, "unfinished")); err != nil {
		return nil, err
	}
	for _, kind := range []string{volumes, snapshots, "unfinished"} {
		if err := os.MkdirAll(filepath.Join(root, kind), 0o755); err != nil {
			return nil, err
		}
	}
	return &store{root: root}, nil
}

// identifier makes the id of a name, so that a repeated request finds what the first one made.
func identifier(prefix, name string) string {
	sum := sha256.Sum256([]byte(name))
	return prefix + "-" + hex.EncodeToString(sum[:12])
}

func (s *store) data(kind, id string) string {
	return filepath.Join(s.root, kind, filepath.Base(id), "data")
}

func (s *store) read(kind, id string) (*record, error) {
	text, err := os.ReadFile(filepath.Join(s.root, kind, filepath.Base(id), "record.json"))
	if os.IsNotExist(err) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	found := &record{}
	return found, json.Unmarshal(text, found)
}

// list returns all records of a kind, oldest first.
func (s *store) list(kind string) ([]*record, error) {
	entries, err := os.ReadDir(filepath.Join(s.root, kind))
	if err != nil {
		return nil, err
	}
	found := make([]*record, 0, len(entries))
	for _, entry := range entries {
		each, err := s.read(kind, entry.Name())
		if err != nil {
			return nil, err
		}
		found = append(found, each)
	}
	sort.Slice(found, func(a, b int) bool { return found[a].Created.Before(found[b].Created) })
	return found, nil
}

// create makes a volume or snapshot whose data is a copy of the folder from, or empty where from is "".
func (s *store) create(kind string, made *record, from string) error {
	beside := filepath.Join(s.root, "unfinished", made.ID)
	if err := os.RemoveAll(beside); err != nil {
		return err
	}
	data := filepath.Join(beside, "data")
	if err := os.MkdirAll(data, 0o777); err != nil {
		return err
	}
	if err := os.Chmod(data, 0o777); err != nil { // MkdirAll obeys the umask; pods run as any user
		return err
	}
	if from != "" {
		if output, err := exec.Command("cp", "-a", "--reflink=auto", from+"/.", data).CombinedOutput(); err != nil {
			return errors.New(string(output))
		}
	}
	if err := write(filepath.Join(beside, "record.json"), made); err != nil {
		return err
	}
	return os.Rename(beside, filepath.Join(s.root, kind, made.ID))
}

func (s *store) update(kind string, changed *record) error {
	return write(filepath.Join(s.root, kind, changed.ID, "record.json"), changed)
}

func (s *store) remove(kind, id string) error {
	return os.RemoveAll(filepath.Join(s.root, kind, filepath.Base(id)))
}

func write(path string, content *record) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
