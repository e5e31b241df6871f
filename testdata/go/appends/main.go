// Program appends lets slices grow. What a growth asks for is already rounded
// up by the runtime, and the capacity afterwards says to what: a rehearsal
// before the section adds that up.
package main

import "fixtures/truth"

var (
	byteSink    []byte
	intSink     []int
	pointerSink []*int
	localSink   []string
)

//go:noinline
func growBytes(n int) (objects, bytes uint64) {
	byteSink = nil
	for i, before := 0, 0; i < n; i++ {
		byteSink = append(byteSink, 'x')
		if after := cap(byteSink); after != before {
			objects, bytes, before = objects+1, bytes+uint64(after), after
		}
	}
	return objects, bytes
}

//go:noinline
func growInts(n int) (objects, bytes uint64) {
	intSink = nil
	for i, before := 0, 0; i < n; i++ {
		intSink = append(intSink, i)
		if after := cap(intSink); after != before {
			objects, bytes, before = objects+1, bytes+8*uint64(after), after
		}
	}
	return objects, bytes
}

//go:noinline
func growPointers(n int) (objects, bytes uint64) {
	pointerSink = nil
	for i, before := 0, 0; i < n; i++ {
		pointerSink = append(pointerSink, nil)
		if after := cap(pointerSink); after != before {
			objects, bytes, before = objects+1, bytes+8*uint64(after), after
		}
	}
	return objects, bytes
}

// A local slice that escapes at the end: since Go 1.26 it may begin on the
// stack, so how often it is allocated differs by release.
//
//go:noinline
func growLocal(n int) []string {
	var words []string
	for i := 0; i < n; i++ {
		words = append(words, "word")
	}
	return words
}

const (
	many = 100
	long = 10000
)

var local = truth.Site{Function: "main.growLocal"}

func growLocals() {
	for i := 0; i < many; i++ {
		localSink = growLocal(i)
	}
}

func section() {
	for i := 0; i < many; i++ {
		growBytes(i * 7)
		growInts(i)
		growPointers(i)
	}
	growBytes(long)
	growInts(long)
	growPointers(long)
	truth.Measure(&local, growLocals)
}

// rehearse adds up what the section's calls of one function allocate.
func rehearse(function string, step int, grow func(int) (uint64, uint64)) *truth.Site {
	site := &truth.Site{Function: function, Cause: "append growth"}
	add := func(n int) {
		objects, bytes := grow(n)
		site.Objects += objects
		site.Bytes += bytes
	}
	for i := 0; i < many; i++ {
		add(i * step)
	}
	add(long)
	return site
}

func main() {
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		rehearse("main.growBytes", 7, growBytes),
		rehearse("main.growInts", 1, growInts),
		rehearse("main.growPointers", 1, growPointers),
		&local,
	}})
}
