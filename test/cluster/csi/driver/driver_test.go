package main

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"github.com/kubernetes-csi/csi-test/v5/pkg/sanity"
	"google.golang.org/grpc"
)

// The CSI project's own conformance checks.
func TestDriverKeepsTheCSISpecification(t *testing.T) {
	root := t.TempDir()
	store, err := openStore(filepath.Join(root, "store"))
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(root, "csi.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	csi.RegisterIdentityServer(server, &identity{name: "directory.csi.veilbook.test"})
	csi.RegisterControllerServer(server, &controller{store: store})
	csi.RegisterNodeServer(server, &nodeService{store: store, name: "node"})
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()

	config := sanity.NewTestConfig()
	config.Address = "unix://" + socket
	config.TargetPath = filepath.Join(root, "target")
	config.StagingPath = filepath.Join(root, "staging")
	sanity.Test(t, config)
}
