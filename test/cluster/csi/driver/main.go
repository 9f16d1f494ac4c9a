// Command driver is a CSI driver for tests: a volume is a directory, a snapshot is a copy of it, a restore is a copy back.
// It runs on one node only. With -registry it also announces itself to the kubelet, so no separate registrar is needed.
package main

import (
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

func main() {
	name := flag.String("name", "directory.csi.veilbook.test", "name of the driver in StorageClasses")
	socket := flag.String("socket", "", "path of the UNIX socket to serve CSI on")
	root := flag.String("root", "", "directory for volumes and snapshots")
	node := flag.String("node", "node", "name of the node that this process runs on")
	registry := flag.String("registry", "", "the kubelet's plugins_registry directory; empty: there is no kubelet")
	flag.Parse()
	if *socket == "" || *root == "" {
		log.Fatal("driver needs -socket and -root")
	}

	store, err := openStore(*root)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	csi.RegisterIdentityServer(server, &identity{name: *name})
	csi.RegisterControllerServer(server, &controller{store: store})
	csi.RegisterNodeServer(server, &nodeService{store: store, name: *node})
	go serve(server, *socket)
	servers := []*grpc.Server{server}

	if *registry != "" {
		announced := grpc.NewServer()
		registration.RegisterRegistrationServer(announced, &announcement{name: *name, socket: *socket})
		go serve(announced, *registry+"/"+*name+"-reg.sock")
		servers = append(servers, announced)
	}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
	for _, each := range servers {
		each.GracefulStop()
	}
}

// serve listens on a UNIX socket, also when a killed process left the socket's file behind.
func serve(server *grpc.Server, socket string) {
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		log.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}
