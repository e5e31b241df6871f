// Program pgoload does nothing but allocate, and writes a CPU profile of that to
// the file named. Guided by the profile of "small" the compiler inlines parts of
// the allocator into the allocator, which may make it too large to be inlined
// itself; guided by that of "large" it inlines the allocator into its callers.
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

// Over 512 bytes with pointers: a single part of the allocator is hot then, and
// the allocator stays small enough to be inlined.
type block struct {
	next *block
	data [80]int
}

var (
	largeSink *block
	nodeSink  *node
	wideSink  *wide
	byteSink  []byte
	plainSink *[12]int
	text      string
	boxed     any
	ints      []int
)

//go:noinline
func large(n int) {
	for i := 0; i < n; i++ {
		largeSink = &block{}
	}
}

//go:noinline
func small(n int) {
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
	work := map[string]func(int){"small": small, "large": large}[os.Args[1]]
	out, err := os.Create(os.Args[2])
	if err == nil {
		err = pprof.StartCPUProfile(out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for start := time.Now(); time.Since(start) < 3*time.Second; {
		work(1_000)
	}
	pprof.StopCPUProfile()
	if err := out.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
