// Program cgo allocates in Go code that C code calls, and after C calls.
package main

// int call_back(int times);
import "C"

import "fixtures/truth"

type node struct {
	next  *node
	value int
}

const (
	many  = 200
	times = 5
)

var backSink, afterSink *node

//go:noinline
func newInCallback(value int) {
	backSink = &node{value: value} // <- site
}

//go:noinline
func newAfterCall(value int) {
	afterSink = &node{value: value} // <- site
}

//export goCallback
func goCallback(value C.int) C.int {
	newInCallback(int(value))
	return value
}

func section() {
	for i := 0; i < many; i++ {
		newAfterCall(int(C.call_back(times)))
	}
}

func main() {
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		{
			Function: "main.newInCallback", Objects: many * times, Bytes: many * times * 16,
			Type: "main.node", Cause: "new",
		},
		{
			Function: "main.newAfterCall", Objects: many, Bytes: many * 16,
			Type: "main.node", Cause: "new",
		},
	}})
}
