// Program cycles allocates the same bytes in two functions: first while much is
// live, so that collections are few, then while little is, so that they are many.
// A collection that it calls for lies between.
package main

import (
	"fixtures/truth"
	"runtime"
)

const (
	blocks     = 20_000
	blockBytes = 8192
	liveBlocks = 4096
	percent    = 100
)

var (
	live      [][]byte
	bigSink   []byte
	smallSink []byte
)

//go:noinline
func newLive(n int) {
	live = make([][]byte, n)
	for i := range live {
		live[i] = make([]byte, blockBytes)
	}
}

//go:noinline
func onBigHeap() {
	bigSink = make([]byte, blockBytes)
}

//go:noinline
func onSmallHeap() {
	smallSink = make([]byte, blockBytes)
}

func run(n int) {
	newLive(n / (blocks / liveBlocks))
	for i := 0; i < n; i++ {
		onBigHeap()
	}
	live = nil
	runtime.GC()
	for i := 0; i < n; i++ {
		onSmallHeap()
	}
}

func main() {
	const held = blocks / (blocks / liveBlocks)
	truth.RunOnce(truth.Program{
		Section:   func() { run(blocks) },
		GCPercent: percent,
		Sites: []*truth.Site{
			{
				Function: "main.newLive", Objects: held + 1,
				Bytes: held*blockBytes + held*24, Cause: "make slice",
			},
			{Function: "main.onBigHeap", Objects: blocks, Bytes: blocks * blockBytes, Cause: "make slice"},
			{Function: "main.onSmallHeap", Objects: blocks, Bytes: blocks * blockBytes, Cause: "make slice"},
		},
	}, func() { run(blocks / 10) }, func() {})
}
