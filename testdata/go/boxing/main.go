// Program boxing puts values into interfaces. Integers below 256, zero values
// and pointers need no memory.
package main

import "fixtures/truth"

type pair struct{ a, b int }

type linked struct {
	next *linked
	name string
}

var (
	sink  any
	other *linked
)

//go:noinline
func boxSmall(i int) { sink = i }

//go:noinline
func boxPointer(p *linked) { sink = p }

//go:noinline
func boxEmpty(s string) { sink = s }

//go:noinline
func boxInt(i int) { sink = i }

//go:noinline
func boxUint16(i uint16) { sink = i }

//go:noinline
func boxUint32(i uint32) { sink = i }

//go:noinline
func boxString(s string) { sink = s }

//go:noinline
func boxSlice(s []int) { sink = s }

//go:noinline
func boxPair(p pair) { sink = p }

//go:noinline
func boxLinked(l linked) { sink = l }

const many = 1000

func section() {
	for i := 0; i < many; i++ {
		boxSmall(i % 256)
		boxPointer(other)
		boxEmpty("")
		boxInt(i + 256)
		boxUint16(uint16(i + 256))
		boxUint32(uint32(i + 256))
		boxString("text")
		boxSlice(numbers[:])
		boxPair(pair{i, i})
		boxLinked(linked{name: "name"})
	}
}

var numbers [4]int

func site(function string, objects, size uint64, typ string) *truth.Site {
	return &truth.Site{
		Function: function,
		Objects:  objects,
		Bytes:    objects * size,
		Type:     typ,
		Cause:    "interface boxing",
	}
}

func main() {
	other = &linked{}
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		site("main.boxSmall", 0, 0, ""),
		site("main.boxPointer", 0, 0, ""),
		site("main.boxEmpty", 0, 0, ""),
		site("main.boxInt", many, 8, ""),
		site("main.boxUint16", many, 2, ""),
		site("main.boxUint32", many, 4, ""),
		site("main.boxString", many, 16, ""),
		site("main.boxSlice", many, 24, ""),
		site("main.boxPair", many, 16, "main.pair"),
		site("main.boxLinked", many, 24, "main.linked"),
	}})
}
