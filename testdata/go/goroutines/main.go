// Program goroutines starts goroutines that allocate. Their descriptors are
// there already, free for reuse.
package main

import (
	"fixtures/truth"
	"sync"
)

type node struct {
	next  *node
	value int
}

const (
	rounds  = 50
	workers = 64
	each    = 10
)

var (
	group sync.WaitGroup
	slots [workers]*node
)

//go:noinline
func allocate(worker int) {
	slots[worker] = &node{value: worker} // <- site
}

func work(worker int) {
	for i := 0; i < each; i++ {
		allocate(worker)
	}
	group.Done()
}

// The go statement packs the function's argument into a closure: a code
// pointer, and the argument.
//
//go:noinline
func spawn(worker int) {
	go work(worker) // <- site
}

func section() {
	for round := 0; round < rounds; round++ {
		group.Add(workers)
		for worker := 0; worker < workers; worker++ {
			spawn(worker)
		}
		group.Wait()
	}
}

func main() {
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		{
			Function: "main.allocate",
			Objects:  rounds * workers * each,
			Bytes:    rounds * workers * each * 16,
			Type:     "main.node",
			Cause:    "new",
		},
		{Function: "main.spawn", Objects: rounds * workers, Bytes: rounds * workers * 16},
	}})
}
