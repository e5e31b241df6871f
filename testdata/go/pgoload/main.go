// Program pgoload does nothing but allocate, in every way a compiler guided by
// its CPU profile may inline: it writes that profile to the file named.
package main

import (
	"fmt"
	"os"
	"runtime/pprof"
	"time"
)

type node struct {
	next  *node
	value int
}

type wide struct {
	next *wide
	pad  [15]int
}

var (
	nodeSink  *node
	wideSink  *wide
	byteSink  []byte
	plainSink *[12]int
	text      string
	boxed     any
	ints      []int
)

//go:noinline
func work(n int) {
	for i := 0; i < n; i++ {
		nodeSink = &node{}
		wideSink = &wide{}
		byteSink = make([]byte, 64+i%64)
		plainSink = new([12]int)
		text = string(byteSink[:20])
		boxed = i
		ints = append(ints[:0:0], i)
	}
}

func main() {
	out, err := os.Create(os.Args[1])
	if err == nil {
		err = pprof.StartCPUProfile(out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for start := time.Now(); time.Since(start) < 3*time.Second; {
		work(10_000)
	}
	pprof.StopCPUProfile()
	if err := out.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
