// Program metrics reads its own runtime/metrics all the time while it
// allocates: each time the runtime adds up its counters and begins new ones.
package main

import (
	"runtime/metrics"
	"sync"

	"fixtures/truth"
)

const (
	reads = 2000
	// Between two of them.
	objects = 50
)

type leaf struct{ left, right *leaf }

var (
	sinks   [2]*leaf
	samples = []metrics.Sample{
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/gc/heap/allocs:bytes"},
	}
	total uint64
)

//go:noinline
func grow(i int) {
	for n := 0; n < objects; n++ {
		sinks[i] = &leaf{}
	}
}

func section() {
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		for n := 0; n < reads; n++ {
			grow(1)
		}
		group.Done()
	}()
	for n := 0; n < reads; n++ {
		grow(0)
		metrics.Read(samples)
		total += samples[0].Value.Uint64()
	}
	group.Wait()
}

func main() {
	truth.Run(truth.Program{Section: section, GCPercent: 100})
}
