// Program contention lets 64 goroutines allocate at the same time on two
// processors, giving way to each other in between.
package main

import (
	"fixtures/truth"
	"runtime"
	"sync"
)

type node struct {
	next *node
	data [5]int
}

const (
	goroutines = 64
	each       = 500
)

// One cache line each.
type slot struct {
	node  *node
	bytes []byte
	tiny  *int16
	_     [64]byte
}

var (
	group sync.WaitGroup
	slots [goroutines]slot
)

//go:noinline
func newNode(s *slot) {
	s.node = &node{} // <- site
}

//go:noinline
func newBytes(s *slot, n int) {
	s.bytes = make([]byte, n) // <- site
}

//go:noinline
func newTiny(s *slot) {
	s.tiny = new(int16) // <- site
}

func run(id int) {
	for i := 0; i < each; i++ {
		newNode(&slots[id])
		newBytes(&slots[id], i+16)
		newTiny(&slots[id])
		if i%50 == 0 {
			runtime.Gosched()
		}
	}
	group.Done()
}

//go:noinline
func spawn(id int) {
	go run(id)
}

func section() {
	group.Add(goroutines)
	for id := 0; id < goroutines; id++ {
		spawn(id)
	}
	group.Wait()
}

func main() {
	runtime.GOMAXPROCS(2)
	const objects = goroutines * each
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		{
			Function: "main.newNode", Objects: objects, Bytes: objects * 48,
			Type: "main.node", Cause: "new",
		},
		{
			Function: "main.newBytes", Objects: objects,
			Bytes: goroutines * (each*(each-1)/2 + each*16), Cause: "make slice",
		},
		{Function: "main.newTiny", Objects: objects, Bytes: objects * 2, Cause: "new"},
		{Function: "main.spawn", Objects: goroutines, Bytes: goroutines * 16},
	}})
}
