// Command etcd is the etcd server. The module of etcd's server has no main package: the root module
// of its repository has it, and that one is not published for Go.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
