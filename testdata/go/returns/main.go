// Program returns calls functions of the runtime that return addresses, from several
// goroutines, and keeps what they return.
//
// It prints its PID, waits for a byte on standard input, and does that: numbered
// assignments to a map, look-ups of keys that are there and of others, a slice that
// grows, objects made on a stack that grows with every call and shrinks behind it, and
// assignments out of which it panics. It prints "done", waits for a second byte, and
// prints one line of JSON: of each goroutine its number, where each element and object
// was, whether each key was found, and of the slice, each time that it had grown, where it
// was, its length and its capacity.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"unsafe"
)

// The function by which Go assigns to a map with keys of 64 bits. It returns where the
// element is, which no program learns otherwise.
//
//go:linkname mapassign runtime.mapassign_fast64
func mapassign(mapType, m unsafe.Pointer, key uint64) unsafe.Pointer

// Larger than what the compiler makes by other functions, and with a pointer.
type object struct {
	next *object
	rest [15]uint64
}

type account struct {
	Goroutine uint64      `json:"goroutine"`
	Elements  []uintptr   `json:"elements"`
	Found     []bool      `json:"found"`
	Slices    [][3]uint64 `json:"slices"`
	Objects   []uintptr   `json:"objects"`
}

type worker struct {
	account
	wide  map[uint64]int
	any   map[any]int
	slice []uint64
	last  *object
	made  int
}

// The words of an interface that holds a map: its type, and it.
type words struct{ mapType, m unsafe.Pointer }

//go:noinline
func (w *worker) assign() {
	var boxed any = w.wide
	of := (*words)(unsafe.Pointer(&boxed))
	for i := range w.Elements {
		element := mapassign(of.mapType, of.m, uint64(i))
		*(*int)(element) = i
		w.Elements[i] = uintptr(element)
		if i%64 == 0 {
			runtime.Gosched()
		}
	}
}

//go:noinline
func (w *worker) look() {
	for i := range w.Found {
		_, w.Found[i] = w.wide[uint64(i*2)]
	}
}

//go:noinline
func (w *worker) grow() {
	for n := 0; n < len(w.Slices); {
		before := cap(w.slice)
		w.slice = append(w.slice, 1)
		if cap(w.slice) != before {
			at := uint64(uintptr(unsafe.Pointer(&w.slice[0])))
			w.Slices[n] = [3]uint64{at, uint64(len(w.slice)), uint64(cap(w.slice))}
			n++
		}
	}
}

// Stacks of which most is unused shrink.
//
//go:noinline
func collect() {
	runtime.GC()
}

// Its frame has a fifth of a kilobyte.
//
//go:noinline
func (w *worker) descend() uint64 {
	if w.made == len(w.Objects) {
		collect()
		return 0
	}
	var frame [24]uint64
	frame[w.made%24] = 1
	w.last = &object{}
	w.Objects[w.made] = uintptr(unsafe.Pointer(w.last))
	w.made++
	return w.descend() + frame[w.made%24]
}

// Every other assignment panics: its key cannot be hashed.
//
//go:noinline
func (w *worker) panics() {
	for i := 0; i < 10; i++ {
		w.tries(i)
	}
}

//go:noinline
func (w *worker) tries(i int) {
	defer func() { recover() }()
	if i%2 == 0 {
		w.any[[1]any{[]int{i}}] = i
	} else {
		w.any[[1]any{i}] = i
	}
}

// The number of the goroutine that calls, as a traceback begins: "goroutine 18 [running]:".
func goroutine() uint64 {
	buffer := make([]byte, 64)
	words := bytes.Fields(buffer[:runtime.Stack(buffer, false)])
	number, err := strconv.ParseUint(string(words[1]), 10, 64)
	if err != nil {
		panic(err)
	}
	return number
}

func wait() {
	var buffer [1]byte
	os.Stdin.Read(buffer[:])
}

func main() {
	goroutines := flag.Int("g", 1, "goroutines")
	each := flag.Int("n", 1, "assignments, look-ups and objects of each")
	growths := flag.Int("s", 1, "growths of each slice")
	flag.Parse()
	workers := make([]*worker, *goroutines)
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(*goroutines)
	done.Add(*goroutines)
	for i := range workers {
		w := &worker{wide: map[uint64]int{}, any: map[any]int{}}
		w.Elements = make([]uintptr, *each)
		w.Found = make([]bool, *each)
		w.Slices = make([][3]uint64, *growths)
		w.Objects = make([]uintptr, *each)
		workers[i] = w
		go func() {
			w.Goroutine = goroutine()
			ready.Done()
			<-begin
			w.assign()
			w.look()
			w.grow()
			w.panics()
			w.descend()
			done.Done()
		}()
	}
	ready.Wait()
	fmt.Println(os.Getpid())
	wait()
	close(begin)
	done.Wait()
	fmt.Println("done")
	wait()
	for _, w := range workers {
		for i := range w.Elements {
			if w.wide[uint64(i)] != i {
				panic("an element was not where the runtime said")
			}
		}
	}
	accounts := make([]account, *goroutines)
	for i, w := range workers {
		accounts[i] = w.account
	}
	line, err := json.Marshal(map[string][]account{"goroutines": accounts})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
