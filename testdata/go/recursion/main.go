// Program recursion allocates at every depth of deep recursions, each on a
// fresh goroutine whose stack begins small. The frames differ in size, so that
// the stack runs out in every place, inside the allocator included: a function
// that grows its stack runs its first instructions again, and must be counted
// once.
package main

import (
	"fixtures/truth"
	"sync"
)

type node struct {
	next *node
	data [3]int
}

const (
	goroutines = 256
	depth      = 150
)

var (
	group sync.WaitGroup
	sinks [goroutines]*node
	bytes [goroutines][]byte
)

//go:noinline
func newNode(id int) {
	sinks[id] = &node{} // <- site
}

//go:noinline
func newBytes(id, n int) {
	bytes[id] = make([]byte, n) // <- site
}

func touch(frame []byte, id int) int {
	frame[id%len(frame)] = byte(id)
	return int(frame[0])
}

//go:noinline
func small(id, left int) int {
	newNode(id)
	if left == 0 {
		return 0
	}
	return 1 + medium(id, left-1)
}

//go:noinline
func medium(id, left int) int {
	var frame [40]byte
	newBytes(id, left+1)
	if left == 0 {
		return touch(frame[:], id)
	}
	return touch(frame[:], id) + big(id, left-1)
}

//go:noinline
func big(id, left int) int {
	var frame [136]byte
	newNode(id)
	if left == 0 {
		return touch(frame[:], id)
	}
	return touch(frame[:], id) + odd(id, left-1)
}

//go:noinline
func odd(id, left int) int {
	var frame [264]byte
	newBytes(id, left+1)
	if left == 0 {
		return touch(frame[:], id)
	}
	return touch(frame[:], id) + small(id, left-1)
}

// Eight more bytes of stack for each step: wherever the stack ends, some
// goroutine reaches it in some function.
//
//go:noinline
func shift(id, steps int) int {
	if steps == 0 {
		return small(id, depth-1)
	}
	return shift(id, steps-1) + 1
}

func run(id int) {
	shift(id, id%16)
	group.Done()
}

// The closure of a go statement: code pointer and argument.
//
//go:noinline
func spawn(id int) {
	go run(id)
}

func section() {
	for id := 0; id < goroutines; id++ {
		group.Add(1)
		spawn(id)
		if id%32 == 31 {
			group.Wait()
		}
	}
}

func main() {
	nodes, slices, asked := uint64(0), uint64(0), uint64(0)
	for left := depth - 1; left >= 0; left-- {
		// Every second function makes a slice, the second one first.
		if (depth-1-left)%2 == 1 {
			slices++
			asked += uint64(left + 1)
		} else {
			nodes++
		}
	}
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		{
			Function: "main.newNode",
			Objects:  goroutines * nodes,
			Bytes:    goroutines * nodes * 32,
			Type:     "main.node",
			Cause:    "new",
		},
		{
			Function: "main.newBytes",
			Objects:  goroutines * slices,
			Bytes:    goroutines * asked,
			Cause:    "make slice",
		},
		{Function: "main.spawn", Objects: goroutines, Bytes: goroutines * 16},
	}})
}
