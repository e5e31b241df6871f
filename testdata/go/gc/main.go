// Program gc allocates while the collector runs: called for, and by itself
// every time the heap has grown a little. Allocations during marking take the
// runtime's slow paths and help with marking.
package main

import (
	"fixtures/truth"
	"runtime"
)

type node struct {
	left, right *node
	value       int
}

const (
	depth  = 12
	trees  = 20
	blocks = 2000
	large  = 20
)

var (
	root      *node
	blockSink []byte
	tinySink  *uint32
	largeSink []*node
)

//go:noinline
func newNode(value int) *node {
	return &node{value: value} // <- site
}

func grow(depth int) *node {
	n := newNode(depth)
	if depth > 1 {
		n.left, n.right = grow(depth-1), grow(depth-1)
	}
	return n
}

//go:noinline
func newBlock() {
	blockSink = make([]byte, 1000)
}

//go:noinline
func newTiny() {
	tinySink = new(uint32)
}

//go:noinline
func newLarge() {
	largeSink = make([]*node, 20000)
}

func section() {
	for i := 0; i < trees; i++ {
		root = grow(depth)
		for j := 0; j < blocks/trees; j++ {
			newBlock()
			newTiny()
		}
		newLarge()
		if i%5 == 0 {
			runtime.GC()
		}
	}
}

func main() {
	const nodes = trees * (1<<depth - 1)
	truth.Run(truth.Program{Section: section, GCPercent: 5, Sites: []*truth.Site{
		{
			Function: "main.newNode", Objects: nodes, Bytes: nodes * 24,
			Type: "main.node", Cause: "new",
		},
		{Function: "main.newBlock", Objects: blocks, Bytes: blocks * 1000, Cause: "make slice"},
		{Function: "main.newTiny", Objects: blocks, Bytes: blocks * 4, Cause: "new"},
		{Function: "main.newLarge", Objects: large, Bytes: large * 20000 * 8, Cause: "make slice"},
	}})
}
