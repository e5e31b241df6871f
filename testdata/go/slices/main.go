// Program slices makes slices: of constant and of variable length, with and
// without pointers, over 32 KiB, over 64 KiB, and of no length.
package main

import (
	"fixtures/truth"
	"unsafe"
)

type element struct {
	next *element
	data [3]int
}

var (
	byteSink    []byte
	intSink     []int
	pointerSink []*int
	structSink  []element
	emptySink   []int
	copySink    []int
)

//go:noinline
func makeBytesConst() {
	byteSink = make([]byte, 100)
}

//go:noinline
func makeIntsVar(n int) {
	intSink = make([]int, n)
}

//go:noinline
func makePointersConst() {
	pointerSink = make([]*int, 10)
}

//go:noinline
func makePointersVar(n int) {
	pointerSink = make([]*int, n)
}

//go:noinline
func makeStructsVar(n int) {
	structSink = make([]element, 0, n)
}

//go:noinline
func makeOver32K(n int) {
	byteSink = make([]byte, n)
}

//go:noinline
func makeOver64K(n int) {
	pointerSink = make([]*int, n)
}

//go:noinline
func makeEmpty(n int) {
	emptySink = make([]int, n)
}

// Compiled code calls runtime.mallocgc itself here (go1.24
// src/cmd/compile/internal/walk/assign.go, walk of append(make) and copy).
//
//go:noinline
func makeCopy(from []int) {
	to := make([]int, len(from))
	copy(to, from)
	copySink = to
}

//go:noinline
func literal() {
	intSink = []int{1, 2, 3, 4, 5}
}

const (
	many    = 1000
	few     = 20
	lengths = 200
	over32K = 32*1024 + 8
	over64K = 9000
)

var template [12]int

func section() {
	for i := 0; i < many; i++ {
		makeBytesConst()
		makePointersConst()
		makeIntsVar(i%lengths + 1)
		makePointersVar(i%lengths + 1)
		makeStructsVar(i%lengths + 1)
		makeEmpty(i % 1)
		makeCopy(template[:])
		literal()
	}
	for i := 0; i < few; i++ {
		makeOver32K(over32K)
		makeOver64K(over64K)
	}
}

func site(function string, objects, bytes int, typ string) *truth.Site {
	return &truth.Site{
		Function: function,
		Objects:  uint64(objects),
		Bytes:    uint64(bytes),
		Type:     typ,
		Cause:    "make slice",
	}
}

func main() {
	// Elements of the slices of lengths 1 to 200, five times over.
	varied := many / lengths * (lengths * (lengths + 1) / 2)
	size := int(unsafe.Sizeof(element{}))
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		site("main.makeBytesConst", many, many*100, ""),
		site("main.makePointersConst", many, many*10*8, ""),
		site("main.makeIntsVar", many, varied*8, ""),
		site("main.makePointersVar", many, varied*8, ""),
		site("main.makeStructsVar", many, varied*size, "[]main.element"),
		site("main.makeEmpty", 0, 0, ""),
		{Function: "main.makeCopy", Objects: many, Bytes: many * 12 * 8},
		{Function: "main.literal", Objects: many, Bytes: many * 5 * 8},
		site("main.makeOver32K", few, few*over32K, ""),
		site("main.makeOver64K", few, few*over64K*8, ""),
	}})
}
