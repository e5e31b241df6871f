// Program load allocates in one way, so that this way alone is hot, and writes
// a CPU profile of it to the file named.
package main

import (
	"fmt"
	"os"
	"runtime/pprof"
)

type node struct {
	next  *node
	value int
}

var (
	bytesSink []byte
	nodeSink  *node
	arraySink *[16]int
)

var ways = map[string]func(n int){
	"slices": func(n int) {
		for i := 0; i < n; i++ {
			bytesSink = make([]byte, 64+i%64)
		}
	},
	"nodes": func(n int) {
		for i := 0; i < n; i++ {
			nodeSink = &node{}
		}
	},
	"arrays": func(n int) {
		for i := 0; i < n; i++ {
			arraySink = new([16]int)
		}
	},
}

func record(way func(n int), path string) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	way(40_000_000)
	pprof.StopCPUProfile()
	return out.Close()
}

func main() {
	if err := record(ways[os.Args[1]], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
