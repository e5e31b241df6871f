// Program labels makes objects on goroutines with profiler labels.
//
// It prints its PID, waits for a byte on standard input, and makes them: on each
// goroutine first without labels, then with labels of its own, and inside with one more
// and one changed, then with the former again. One goroutine has many labels. It prints
// "done", waits for a second byte, and prints one line of JSON: of each goroutine its
// number and the labels it had at each object, in turn.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

const (
	goroutines = 4
	rounds     = 3
)

// Larger than what the compiler makes by other functions.
type object struct {
	next *object
	rest [15]uint64
}

type account struct {
	Goroutine uint64              `json:"goroutine"`
	Labels    []map[string]string `json:"labels"`
}

type worker struct {
	account
	last *object
}

//go:noinline
func (w *worker) allocate() {
	w.last = &object{}
}

// Labels that are read a few milliseconds after the object was made are there still.
func (w *worker) make(ctx context.Context) {
	w.allocate()
	time.Sleep(50 * time.Millisecond)
	labels := map[string]string{}
	pprof.ForLabels(ctx, func(key, value string) bool {
		labels[key] = value
		return true
	})
	w.Labels = append(w.Labels, labels)
}

func (w *worker) run(number int) {
	w.make(context.Background())
	endpoint := pprof.Labels("endpoint", "/cart", "user", strconv.Itoa(number))
	for round := 0; round < rounds; round++ {
		pprof.Do(context.Background(), endpoint, func(ctx context.Context) {
			w.make(ctx)
			inner := pprof.Labels("round", strconv.Itoa(round), "endpoint", "/pay")
			pprof.Do(ctx, inner, w.make)
			w.make(ctx)
		})
	}
	if number == 0 {
		var many []string
		for i := 0; i < 30; i++ {
			many = append(many, fmt.Sprintf("key%d", i), fmt.Sprintf("value%d", i))
		}
		pprof.Do(context.Background(), pprof.Labels(many...), w.make)
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
	fmt.Println(os.Getpid())
	wait()
	workers := make([]*worker, goroutines)
	var done sync.WaitGroup
	done.Add(goroutines)
	for i := range workers {
		number, w := i, &worker{}
		workers[i] = w
		go func() {
			w.Goroutine = goroutine()
			w.run(number)
			done.Done()
		}()
	}
	done.Wait()
	fmt.Println("done")
	wait()
	accounts := make([]account, goroutines)
	for i, w := range workers {
		accounts[i] = w.account
	}
	line, err := json.Marshal(map[string][]account{"goroutines": accounts})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
