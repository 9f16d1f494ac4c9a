// Command etcd runs one etcd member on loopback from a configuration file, without the flags, gateways and proxies of the full server.
package main

import (
	"log"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: etcd CONFIG.yaml")
	}
	config, err := embed.ConfigFromFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	member, err := embed.StartEtcd(config)
	if err != nil {
		log.Fatal(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	select {
	case <-stop:
	case err = <-member.Err():
		log.Print(err)
	}
	member.Close()
	if err != nil {
		os.Exit(1)
	}
}
