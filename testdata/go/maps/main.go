// Program maps makes, fills, grows and overwrites maps. What a map allocates
// differs by release, and before Go 1.24 by hash seed: the growing ones are
// measured by the runtime's counters around the call. Calls of makemap_small
// and mapassign_fast64 are counted by arithmetic.
package main

import "fixtures/truth"

// Elements and keys over 128 bytes are stored by pointer (SwissMapMaxElemBytes,
// go1.24 src/internal/abi/map_swiss.go:23), one object for each new key.
type indirect [17]int

var (
	smallSink    map[int]int
	hintSink     map[int]int
	grownSink    map[int]int
	stringSink   map[string]int
	elementSink  map[int]indirect
	keySink      map[indirect]int
	overwritable = make(map[int]int, 256)
	literalSink  map[int]string
)

//go:noinline
func makeSmall() {
	smallSink = make(map[int]int)
}

//go:noinline
func makeHinted(hint int) {
	hintSink = make(map[int]int, hint)
}

//go:noinline
func insertFew() {
	grownSink = make(map[int]int)
	for i := 0; i < 8; i++ {
		grownSink[i] = i
	}
}

//go:noinline
func insertMany() {
	grownSink = make(map[int]int)
	for i := 0; i < insertions; i++ {
		grownSink[i] = i
	}
}

//go:noinline
func insertStrings() {
	stringSink = make(map[string]int)
	for i := 0; i < len(words); i++ {
		stringSink[words[i:]] = i
	}
}

//go:noinline
func insertIndirectElements() {
	elementSink = make(map[int]indirect)
	for i := 0; i < 100; i++ {
		elementSink[i] = indirect{i}
	}
}

//go:noinline
func insertIndirectKeys() {
	keySink = make(map[indirect]int)
	for i := 0; i < 100; i++ {
		keySink[indirect{i}] = i
	}
}

//go:noinline
func overwrite() {
	for i := 0; i < overwrites; i++ {
		overwritable[i%256] = i
	}
}

//go:noinline
func literal() {
	literalSink = map[int]string{1: "one", 2: "two", 3: "three"}
}

const (
	many       = 500
	few        = 10
	insertions = 1000
	overwrites = 2560
	words      = "every suffix of this sentence is a key of its own, one for each byte"
)

// A new map without room for anything is its header alone: 48 bytes in every
// release (go1.19 src/runtime/map.go:116, hmap; go1.24
// src/internal/runtime/maps/map.go:194, Map).
var small = truth.Site{
	Function: "main.makeSmall", Objects: many, Bytes: many * 48,
	Cause: "make map",
}

var (
	hinted   = truth.Site{Function: "main.makeHinted"}
	few8     = truth.Site{Function: "main.insertFew"}
	grown    = truth.Site{Function: "main.insertMany"}
	strings  = truth.Site{Function: "main.insertStrings"}
	elements = truth.Site{Function: "main.insertIndirectElements"}
	keys     = truth.Site{Function: "main.insertIndirectKeys"}
	literals = truth.Site{Function: "main.literal"}
)

func hint1000() { makeHinted(1000) }

func section() {
	for i := 0; i < many; i++ {
		makeSmall()
	}
	for i := 0; i < few; i++ {
		truth.Measure(&hinted, hint1000)
		truth.Measure(&few8, insertFew)
		truth.Measure(&grown, insertMany)
		truth.Measure(&strings, insertStrings)
		truth.Measure(&elements, insertIndirectElements)
		truth.Measure(&keys, insertIndirectKeys)
		truth.Measure(&literals, literal)
	}
	overwrite()
}

func calls(call, function, typ string, n int) truth.Calls {
	return truth.Calls{Call: "runtime." + call, Function: "main." + function, Type: typ, Calls: uint64(n)}
}

func main() {
	for i := 0; i < 256; i++ {
		overwritable[i] = i
	}
	truth.Run(truth.Program{
		Section: section,
		Sites:   []*truth.Site{&small, &hinted, &few8, &grown, &strings, &elements, &keys, &literals},
		Calls: []truth.Calls{
			calls("makemap_small", "makeSmall", "", many),
			calls("makemap_small", "insertFew", "", few),
			calls("makemap_small", "insertMany", "", few),
			calls("makemap_small", "insertStrings", "", few),
			calls("makemap_small", "insertIndirectKeys", "", few),
			calls("makemap_small", "insertIndirectElements", "", few),
			calls("makemap_small", "literal", "", few),
			calls("mapassign_fast64", "insertFew", "map[int]int", few*8),
			calls("mapassign_fast64", "insertMany", "map[int]int", few*insertions),
			calls("mapassign_fast64", "literal", "map[int]string", few*3),
			calls("mapassign_fast64", "overwrite", "map[int]int", overwrites),
		},
	})
}
