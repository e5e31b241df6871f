// Program descriptors starts goroutines that never end, so that the runtime
// allocates new descriptors for them, on its system stack. Their size and the
// growth of the runtime's list of them differ by release: they are measured.
package main

import "fixtures/truth"

// More than the free descriptors that the warm-up leaves behind.
const parked = 2000

// park waits without an entry in any queue.
func park() {
	select {}
}

//go:noinline
func spawnParked() {
	for i := 0; i < parked; i++ {
		go park() // <- site
	}
}

var fresh = truth.Site{Function: "main.spawnParked"}

func section() {
	truth.Measure(&fresh, spawnParked)
}

func main() {
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{&fresh}})
}
