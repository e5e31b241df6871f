// Program causes allocates for every cause there is, each in a function of its own, named
// after it. Where the runtime keeps what it has allocated for the next time (goroutines,
// wait queues, deferred calls), how many objects it makes is its own affair.
package main

import (
	"reflect"
	"runtime"
	"strings"
	"sync"

	"fixtures/truth"
)

const (
	many = 400
	// More than the warm-up leaves descriptors for.
	goroutines = 2000
)

type node struct{ next, other *node }

type pair struct{ key, value int }

var (
	nodes     [many]*node
	texts     [many]string
	bytes     [many][]byte
	ints      [many][]int
	lists     [many][]*node
	four      = []int{1, 2, 3, 4}
	boxes     [many]interface{}
	functions [many]func() int
	channels  [many]chan int
	maps      [many]map[int]int
	values    [many]reflect.Value
	large     map[int][256]byte
	growing   map[int]int
	pairType  = reflect.TypeOf(pair{})
	text      = strings.Repeat("a line of text, ", 4)
	word      = text[2:6]
	number    = 1000
	gate      chan int
	other     chan int
	ended     sync.WaitGroup
	here      sync.WaitGroup
)

//go:noinline
func causeNew(i int) { nodes[i] = &node{} }

//go:noinline
func causeMakeSlice(i, n int) { bytes[i] = make([]byte, n) }

//go:noinline
func causeAppendGrowth(i int) { ints[i] = append(ints[i], i) }

//go:noinline
func causeMakeMap(i int) { maps[i] = make(map[int]int, 100) }

// An element of more than 128 bytes is an object of its own; there is room for it.
//
//go:noinline
func causeMapInsert(i int) { large[i] = [256]byte{} }

// The first entries are in by then.
//
//go:noinline
func causeMapGrowth(i int) { growing[8+i] = i }

//go:noinline
func causeStringConcatenation(i int) { texts[i] = text + word }

//go:noinline
func causeStringConversion(i int) { bytes[i] = []byte(text) }

//go:noinline
func causeInterfaceBoxing(i int) { boxes[i] = number + i }

//go:noinline
func causeChannel(i, n int) { channels[i] = make(chan int, n) }

//go:noinline
func causeGoroutine() { go causeSelect() }

//go:noinline
func causeClosure(i int) { functions[i] = func() int { return i } }

//go:noinline
func causeDefer(n int) {
	for i := 0; i < n; i++ {
		defer ignore()
	}
}

//go:noinline
func causeReflect(i int) { values[i] = reflect.New(pairType) }

// What a goroutine waits with is of the runtime's wait queues.
func causeSelect() {
	here.Done()
	select {
	case <-gate:
	case <-other:
	}
	ended.Done()
}

// The compiler makes one of the two; where elements have no pointers it calls malloc
// itself.
//
//go:noinline
func causeCopy(i, n int) {
	some := nodes[:2]
	copied := make([]*node, n)
	copy(copied, some)
	lists[i] = copied
	all := four
	same := make([]int, len(all))
	copy(same, all)
	ints[i] = same
}

//go:noinline
func ignore() {}

func section() {
	gate, other = make(chan int), make(chan int)
	large, growing = make(map[int][256]byte, 8*many), make(map[int]int)
	for i := 0; i < 8; i++ {
		growing[i] = i
	}
	here.Add(goroutines)
	ended.Add(goroutines)
	for i := 0; i < many; i++ {
		causeNew(i)
		causeMakeSlice(i, i+1)
		ints[i] = ints[i][:0:0]
		causeAppendGrowth(i)
		causeMakeMap(i)
		causeMapInsert(i)
		causeMapGrowth(i)
		causeStringConcatenation(i)
		causeStringConversion(i)
		causeInterfaceBoxing(i)
		causeChannel(i, 4)
		causeClosure(i)
		causeReflect(i)
		causeCopy(i, 3)
	}
	for i := 0; i < goroutines; i++ {
		causeGoroutine()
	}
	here.Wait()
	// Those that are here wait, or soon will.
	for i := 0; i < 100; i++ {
		runtime.Gosched()
	}
	close(gate)
	ended.Wait()
	causeDefer(many)
}

func main() {
	truth.RunOnce(truth.Program{Section: section}, func() {}, func() {})
}
