// Program pool takes objects from a sync.Pool: new ones while it is empty,
// used ones otherwise. A collection empties it in two steps.
package main

import (
	"fixtures/truth"
	"runtime"
	"sync"
)

type buffer struct {
	next *buffer
	data [504]byte
}

const (
	rounds = 20
	held   = 30
	reused = 100
)

var (
	pool   = sync.Pool{New: fresh}
	taken  [held]any
	poured = truth.Site{Function: "sync.(*poolChain).pushHead"}
	pinned = truth.Site{Function: "sync.(*Pool).pinSlow"}
)

//go:noinline
func newBuffer() *buffer {
	return &buffer{} // <- site
}

func fresh() any { return newBuffer() }

// The first use after a collection sets the pool up again.
func pin() {
	pool.Put(nil)
	pool.Put(taken[0])
	taken[0] = pool.Get()
}

// The first goes to the processor's own slot, the others to a queue, which
// doubles when full.
func putAll() {
	for i := range taken {
		pool.Put(taken[i])
		taken[i] = nil
	}
}

func section() {
	for round := 0; round < rounds; round++ {
		for i := range taken {
			taken[i] = newBuffer()
		}
		truth.Measure(&pinned, pin)
		truth.Measure(&poured, putAll)
		for i := 0; i < reused; i++ {
			pool.Put(pool.Get())
		}
		for i := range taken {
			taken[i] = pool.Get()
		}
		// Empty again: these are new.
		for i := range taken {
			taken[i] = pool.Get()
		}
		runtime.GC()
		runtime.GC()
	}
}

func main() {
	// One processor, so that what was put is found.
	runtime.GOMAXPROCS(1)
	const objects = rounds * 2 * held
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		{
			Function: "main.newBuffer", Objects: objects, Bytes: objects * 512,
			Type: "main.buffer", Cause: "new",
		},
		&pinned,
		&poured,
	}})
}
