// Program heapprofile can be asked for its heap profile, so the runtime keeps
// one: a sample in 512 KiB, or as the environment's RATE says. Its section has
// objects of all sorts, and a collection now and then.
package main

import (
	"fixtures/truth"
	"os"
	"runtime"
	"strconv"
)

type pair struct {
	left, right *pair
}

const (
	rounds = 20_000
	large  = 400
)

var (
	pairSink  *pair
	tinySink  *uint32
	blockSink []byte
	scanSink  []*pair
	largeSink []byte
)

//go:noinline
func newPair() {
	pairSink = &pair{}
}

//go:noinline
func newTiny() {
	tinySink = new(uint32)
}

//go:noinline
func newBlock() {
	blockSink = make([]byte, 1500)
}

//go:noinline
func newScan() {
	scanSink = make([]*pair, 200)
}

//go:noinline
func newLarge() {
	largeSink = make([]byte, 100_000)
}

func section() {
	for i := 0; i < rounds; i++ {
		newPair()
		newTiny()
		newBlock()
		newScan()
		if i%(rounds/large) == 0 {
			newLarge()
		}
		if i%(rounds/4) == 0 {
			runtime.GC()
		}
	}
}

func main() {
	if rate, err := strconv.Atoi(os.Getenv("RATE")); err == nil {
		runtime.MemProfileRate = rate
	}
	// What nothing can ask for the linker turns off: go1.27
	// src/cmd/link/internal/ld/lib.go:911.
	runtime.MemProfile(nil, true)
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		{Function: "main.newPair", Objects: rounds, Bytes: rounds * 16, Type: "main.pair", Cause: "new"},
		{Function: "main.newTiny", Objects: rounds, Bytes: rounds * 4, Cause: "new"},
		{Function: "main.newBlock", Objects: rounds, Bytes: rounds * 1500, Cause: "make slice"},
		{Function: "main.newScan", Objects: rounds, Bytes: rounds * 1600, Cause: "make slice"},
		{Function: "main.newLarge", Objects: large, Bytes: large * 100_000, Cause: "make slice"},
	}})
}
