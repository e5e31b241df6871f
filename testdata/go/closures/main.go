// Program closures makes function values that capture variables by value and
// by reference, and method values.
package main

import "fixtures/truth"

type counter struct{ n int }

func (c *counter) next() int {
	c.n++
	return c.n
}

var (
	sink func() int
	one  counter
)

// A closure holds its code pointer and what it captures: 8 + 8 bytes.
//
//go:noinline
func captureValue(n int) {
	sink = func() int { return n }
}

// The captured variable moves to the heap: 8 bytes, and 8 + 8 for the closure.
//
//go:noinline
func captureReference(n int) {
	sink = func() int { n++; return n }
}

// A method value holds its receiver.
//
//go:noinline
func methodValue(c *counter) {
	sink = c.next
}

// Nothing captured, nothing allocated.
//
//go:noinline
func captureNothing() {
	sink = func() int { return 1 }
}

const many = 1000

func section() {
	for i := 0; i < many; i++ {
		captureValue(i)
		captureReference(i)
		methodValue(&one)
		captureNothing()
	}
}

func main() {
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		{Function: "main.captureValue", Objects: many, Bytes: many * 16},
		{Function: "main.captureReference", Objects: 2 * many, Bytes: many * (8 + 16)},
		{Function: "main.methodValue", Objects: many, Bytes: many * 16},
		{Function: "main.captureNothing"},
	}})
}
