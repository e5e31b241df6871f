// Program reflection allocates through package reflect, of types known to the
// compiler and of types made at run time, whose names no binary holds.
package main

import (
	"fixtures/truth"
	"reflect"
	"unsafe"
)

type node struct {
	next  *node
	value int
}

var (
	nodeType = reflect.TypeOf(node{})
	intsType = reflect.TypeOf([]int{})
	mapType  = reflect.TypeOf(map[int]int{})
	madeType = reflect.StructOf([]reflect.StructField{
		{Name: "Next", Type: reflect.TypeOf((*node)(nil))},
		{Name: "Numbers", Type: reflect.TypeOf([5]int{})},
	})
	madeSlice = reflect.SliceOf(madeType)
)

var sink reflect.Value

//go:noinline
func newNode() { sink = reflect.New(nodeType) }

//go:noinline
func newMade() { sink = reflect.New(madeType) }

//go:noinline
func makeInts(n int) { sink = reflect.MakeSlice(intsType, n, n) }

//go:noinline
func makeMade(n int) { sink = reflect.MakeSlice(madeSlice, n, n) }

//go:noinline
func makeMap() { sink = reflect.MakeMap(mapType) }

const (
	many   = 1000
	length = 7
)

func section() {
	for i := 0; i < many; i++ {
		newNode()
		newMade()
		makeInts(length)
		makeMade(length)
		makeMap()
	}
}

func main() {
	nodeSize := uint64(unsafe.Sizeof(node{}))
	madeSize := uint64(madeType.Size())
	const header = uint64(unsafe.Sizeof([]int{}))
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		{
			Function: "reflect.New",
			Objects:  2 * many,
			Bytes:    many * (nodeSize + madeSize),
			Cause:    "reflect",
		},
		{
			// The elements, and the slice header the Value points to.
			Function: "reflect.MakeSlice",
			Objects:  4 * many,
			Bytes:    many * (length*(8+madeSize) + 2*header),
		},
		{
			// The header alone, 48 bytes in every release (see maps).
			Function: "reflect.MakeMapWithSize",
			Objects:  many,
			Bytes:    many * 48,
		},
	}})
}
