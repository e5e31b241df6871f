// Program threads64 allocates on 64 threads, each by a call chain of its own:
// threadNN_a calls threadNN_b calls threadNN_c. A stack with two numbers in it
// mixes two threads. With -pin all threads share one CPU, where they preempt
// each other in the middle of anything.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"fixtures/truth"
)

//go:generate go run gen.go

type cell struct {
	next *cell
	data [3]int
}

// What one thread works on, on cache lines of its own.
type slot struct {
	sink    *cell
	a, b, c uint64
	token   [64]byte
}

var (
	pin  = flag.Bool("pin", false, "run on one CPU")
	each = flag.Uint64("n", 2000, "objects for each thread to make")

	slots [len(chains)]slot
	sites []*truth.Site
	// Each round is a byte down every thread's pipe, so that the threads stay
	// and nothing is allocated to start them.
	pipes [len(chains)][2]int
	group sync.WaitGroup
)

func main() {
	flag.Parse()
	if *pin {
		pinToOneCPU()
	}
	for i := range chains {
		if err := syscall.Pipe(pipes[i][:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go thread(i)
		sites = append(sites, &truth.Site{
			Function: fmt.Sprintf("main.thread%02d_c", i),
			Objects:  *each,
			Bytes:    *each * uint64(unsafe.Sizeof(cell{})),
			Type:     "main.cell",
			Cause:    "new",
		})
	}
	truth.Run(truth.Program{Section: section, Sites: sites})
}

func section() {
	group.Add(len(chains))
	for i := range pipes {
		syscall.Syscall(syscall.SYS_WRITE, uintptr(pipes[i][1]), uintptr(unsafe.Pointer(&token)), 1)
	}
	group.Wait()
}

var token [1]byte

// thread works for as long as the program runs, on an operating system thread
// of its own.
func thread(i int) {
	runtime.LockOSThread()
	if *pin {
		pinToOneCPU()
	}
	for {
		syscall.Syscall(syscall.SYS_READ, uintptr(pipes[i][0]), uintptr(unsafe.Pointer(&slots[i].token)), 1)
		for n := uint64(0); n < *each; n++ {
			chains[i](&slots[i])
		}
		group.Done()
	}
}

func pinToOneCPU() {
	mask := [16]uint64{1}
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
	if errno != 0 {
		fmt.Fprintln(os.Stderr, "sched_setaffinity:", errno)
		os.Exit(1)
	}
}
