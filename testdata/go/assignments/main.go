// Program assignments makes numbered assignments to maps from several goroutines, each
// with maps of its own, one for each sort of key that the runtime has a function for,
// and lets slices grow.
//
// It prints its PID, waits for a byte on standard input, and does that. It prints "done",
// waits for a second byte, and prints one line of JSON: of each goroutine its number, its
// first key and how many assignments it made to each of its maps; of each slice every
// capacity it had.
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
)

type maps struct {
	wide   map[uint64]int
	narrow map[uint32]int
	text   map[string]int
}

// Keys are made beforehand, so that nothing else assigns to a map meanwhile.
type worker struct {
	goroutine uint64
	first     int
	keys      []string
	maps      maps
}

//go:noinline
func (w *worker) assignWide(n int) {
	for i := 0; i < n; i++ {
		w.maps.wide[uint64(w.first+i)] = i
	}
}

//go:noinline
func (w *worker) assignNarrow(n int) {
	for i := 0; i < n; i++ {
		w.maps.narrow[uint32(w.first+i)] = i
	}
}

//go:noinline
func (w *worker) assignText(n int) {
	for i := 0; i < n; i++ {
		w.maps.text[w.keys[i]] = i
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

var (
	numbers []int
	words   []string
)

//go:noinline
func growNumbers(capacities []int) []int {
	for i := 0; len(capacities) < cap(capacities); i++ {
		before := cap(numbers)
		numbers = append(numbers, i)
		if cap(numbers) != before {
			capacities = append(capacities, cap(numbers))
		}
	}
	return capacities
}

//go:noinline
func growWords(capacities []int) []int {
	for len(capacities) < cap(capacities) {
		before := cap(words)
		words = append(words, "word", "word", "word")
		if cap(words) != before {
			capacities = append(capacities, cap(words))
		}
	}
	return capacities
}

type truth struct {
	Goroutines []account `json:"goroutines"`
	Numbers    []int     `json:"numbers"`
	Words      []int     `json:"words"`
}

type account struct {
	Goroutine   uint64 `json:"goroutine"`
	First       int    `json:"first"`
	Assignments int    `json:"assignments"`
}

func wait() {
	var buffer [1]byte
	os.Stdin.Read(buffer[:])
}

func main() {
	goroutines := flag.Int("g", 1, "goroutines")
	each := flag.Int("n", 1, "assignments of each goroutine to each of its maps")
	growths := flag.Int("s", 0, "growths of each slice")
	flag.Parse()
	workers := make([]*worker, *goroutines)
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(*goroutines)
	done.Add(*goroutines)
	for i := range workers {
		w := &worker{first: 1000000 * (i + 1), keys: make([]string, *each)}
		for k := range w.keys {
			w.keys[k] = fmt.Sprintf("key %d", w.first+k)
		}
		w.maps = maps{map[uint64]int{}, map[uint32]int{}, map[string]int{}}
		workers[i] = w
		go func() {
			w.goroutine = goroutine()
			ready.Done()
			<-begin
			w.assignWide(*each)
			w.assignNarrow(*each)
			w.assignText(*each)
			done.Done()
		}()
	}
	ready.Wait()
	t := truth{Numbers: make([]int, 0, *growths), Words: make([]int, 0, *growths)}
	fmt.Println(os.Getpid())
	wait()
	close(begin)
	done.Wait()
	t.Numbers = growNumbers(t.Numbers)
	t.Words = growWords(t.Words)
	fmt.Println("done")
	wait()
	for _, w := range workers {
		t.Goroutines = append(t.Goroutines, account{w.goroutine, w.first, *each})
	}
	line, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
