// Program goroutines starts goroutines that allocate, on goroutine descriptors
// that are free for reuse and on new ones, which the runtime allocates on its
// system stack.
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
	parked  = 100
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
	go work(worker)
}

// park never ends, and waits without an entry in any queue.
func park() {
	select {}
}

// No descriptor is ever free again, so this takes more than there are.
//
//go:noinline
func spawnParked() {
	for i := 0; i < parked; i++ {
		go park()
	}
}

// More than the free ones: those of the warm-up, and the workers.
const freeDescriptors = 2000

//go:noinline
func useUpDescriptors() {
	for i := 0; i < freeDescriptors; i++ {
		go park()
	}
}

var fresh = truth.Site{Function: "main.spawnParked"}

var used bool

func section() {
	for round := 0; round < rounds; round++ {
		group.Add(workers)
		for worker := 0; worker < workers; worker++ {
			spawn(worker)
		}
		group.Wait()
	}
	truth.Measure(&fresh, spawnParked)
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
		&fresh,
	}})
}
