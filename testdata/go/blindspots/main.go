// Program blindspots allocates in functions of which the compiler's escape analysis
// says what they put on the heap, and in others of which it says nothing: growth is
// decided when the program runs.
package main

import "fmt"

type node struct {
	next  *node
	value int
}

// Too large to be held in the map itself.
type key [20]int64

var (
	nodeSink  *node
	bytesSink []byte
	intsSink  []int64
	listSink  []int
	done      = make(chan bool)
)

//go:noinline
func escapes(n int) {
	nodeSink = &node{value: n}
	bytesSink = make([]byte, n)
}

//go:noinline
func neverRuns(n int) {
	intsSink = make([]int64, n)
}

//go:noinline
func growsMap(m map[int]int) {
	for i := 0; i < 1000; i++ {
		m[i] = i
	}
}

//go:noinline
func insertsLargeKeys(m map[key]bool) {
	for i := int64(0); i < 100; i++ {
		m[key{i}] = true
	}
}

//go:noinline
func appends() {
	for i := 0; i < 1000; i++ {
		listSink = append(listSink, i)
	}
}

//go:noinline
func starts() {
	for i := 0; i < 20; i++ {
		go finish()
	}
	for i := 0; i < 20; i++ {
		<-done
	}
}

func finish() { done <- true }

func main() {
	for n := 1; n < 50; n++ {
		escapes(n)
	}
	growsMap(map[int]int{})
	insertsLargeKeys(map[key]bool{})
	appends()
	starts()
	if len(listSink) == 0 {
		neverRuns(1)
	}
	fmt.Println("escapes", 2*49)
}
