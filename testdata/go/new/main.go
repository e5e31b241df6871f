// Program new allocates single objects of every kind the runtime tells apart:
// with and without pointers, tiny, zero-size, over 512 bytes with pointers
// (a malloc header since Go 1.22), over 80 bytes (not size-specialised in
// Go 1.27) and over 32 KiB.
package main

import (
	"fixtures/truth"
	"unsafe"
)

type node struct {
	next  *node
	value int
}

type wide struct {
	next *wide
	pad  [15]int
}

type headed struct {
	next *headed
	pad  [79]int
}

type plain [3]uint64

type triple [3]byte

type fifteen [15]byte

type large [5000]int

type largeScan [5000]*int

type zero struct{}

// Globals, so that everything stored there escapes.
var (
	nodeSink      *node
	wideSink      *wide
	headedSink    *headed
	plainSink     *plain
	byteSink      *byte
	int16Sink     *int16
	int32Sink     *int32
	tripleSink    *triple
	fifteenSink   *fifteen
	largeSink     *large
	largeScanSink *largeScan
	zeroSink      *zero
	aSink, bSink  *uint64
	cSink         *uint32
)

//go:noinline
func newNode() {
	nodeSink = &node{} // <- site
}

//go:noinline
func newWide() {
	wideSink = &wide{} // <- site
}

//go:noinline
func newHeaded() {
	headedSink = new(headed) // <- site
}

//go:noinline
func newPlain() {
	plainSink = new(plain) // <- site
}

//go:noinline
func newByte() {
	byteSink = new(byte) // <- site
}

//go:noinline
func newInt16() {
	int16Sink = new(int16) // <- site
}

//go:noinline
func newInt32() {
	int32Sink = new(int32) // <- site
}

//go:noinline
func newTriple() {
	tripleSink = new(triple) // <- site
}

//go:noinline
func newFifteen() {
	fifteenSink = new(fifteen) // <- site
}

//go:noinline
func newLarge() {
	largeSink = new(large) // <- site
}

//go:noinline
func newLargeScan() {
	largeScanSink = new(largeScan) // <- site
}

//go:noinline
func newZero() {
	zeroSink = new(zero)
}

// Since Go 1.25 the compiler merges these into fewer objects.
//
//go:noinline
func newMerged() {
	a, b, c := uint64(1), uint64(2), uint32(3)
	aSink, bSink, cSink = &a, &b, &c
}

const (
	many = 1000
	few  = 20
)

var merged = truth.Site{Function: "main.newMerged"}

func mergeMany() {
	for i := 0; i < many; i++ {
		newMerged()
	}
}

func section() {
	for i := 0; i < many; i++ {
		newNode()
		newWide()
		newHeaded()
		newPlain()
		newByte()
		newInt16()
		newInt32()
		newTriple()
		newFifteen()
		newZero()
	}
	for i := 0; i < few; i++ {
		newLarge()
		newLargeScan()
	}
	truth.Measure(&merged, mergeMany)
}

func site(function string, objects int, size uintptr, typ string) *truth.Site {
	return &truth.Site{
		Function: function,
		Objects:  uint64(objects),
		Bytes:    uint64(objects) * uint64(size),
		Type:     typ,
		Cause:    "new",
	}
}

func main() {
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		site("main.newNode", many, unsafe.Sizeof(node{}), "main.node"),
		site("main.newWide", many, unsafe.Sizeof(wide{}), "main.wide"),
		site("main.newHeaded", many, unsafe.Sizeof(headed{}), "main.headed"),
		site("main.newPlain", many, unsafe.Sizeof(plain{}), "main.plain"),
		site("main.newByte", many, 1, "uint8"),
		site("main.newInt16", many, 2, "int16"),
		site("main.newInt32", many, 4, "int32"),
		site("main.newTriple", many, unsafe.Sizeof(triple{}), "main.triple"),
		site("main.newFifteen", many, unsafe.Sizeof(fifteen{}), "main.fifteen"),
		site("main.newLarge", few, unsafe.Sizeof(large{}), "main.large"),
		site("main.newLargeScan", few, unsafe.Sizeof(largeScan{}), "main.largeScan"),
		site("main.newZero", 0, 0, ""),
		&merged,
	}})
}
