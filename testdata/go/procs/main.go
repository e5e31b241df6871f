// Program procs allocates while the number of the runtime's processors goes up
// and down: caches come and go, and the slice of all processors is replaced. It
// ends with -p of them, each with spans of many classes in its cache.
package main

import (
	"flag"
	"runtime"
	"sync/atomic"
	"syscall"

	"fixtures/truth"
)

const (
	maxProcs = 256
	// Per goroutine and size.
	objects = 200
)

var (
	most  = flag.Int("p", 8, "processors at the end and most of the time")
	sizes = [...]int{8, 24, 48, 64, 112, 256, 480, 640, 1024, 1792, 3072, 4096, 8192, 40_000}

	sinks         [maxProcs][]byte
	pointers      [maxProcs]*pair
	arrived, left int32
)

type pair struct{ a, b *pair }

//go:noinline
func allocate(i int) {
	for _, size := range sizes {
		for n := 0; n < objects; n++ {
			sinks[i] = make([]byte, size)
			pointers[i] = &pair{a: pointers[i]}
			pointers[i].a = nil
		}
	}
	for n := 0; n < objects; n++ {
		sinks[i] = make([]byte, 3)
	}
}

// everywhere allocates on each of count processors: goroutines that have all
// arrived and none of which gives way are on different ones.
func everywhere(count int) {
	runtime.GOMAXPROCS(count)
	atomic.StoreInt32(&arrived, 0)
	atomic.StoreInt32(&left, 0)
	for i := 1; i < count; i++ {
		go member(i, int32(count))
	}
	member(0, int32(count))
}

func member(i int, count int32) {
	meet(&arrived, count)
	allocate(i)
	meet(&left, count)
}

func meet(here *int32, count int32) {
	atomic.AddInt32(here, 1)
	for atomic.LoadInt32(here) < count {
		// Gives way to other threads and keeps the processor.
		syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
	}
}

func section() {
	for _, count := range []int{*most, 1, *most / 2, *most} {
		everywhere(count)
		if count == 1 {
			runtime.GC()
		}
	}
}

func main() {
	flag.Parse()
	truth.RunOnce(truth.Program{Section: section}, func() { everywhere(2) }, func() {})
}
