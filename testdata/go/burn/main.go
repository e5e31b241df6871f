// Program burn saturates the processors with allocations of 64 bytes, from two
// functions in strict turn and at a stack depth of choice. It stops after
// -n objects, after -d seconds, or when a second byte (or the end of standard
// input) arrives, and prints exactly how many objects each function made.
package main

import (
	"flag"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"fixtures/truth"
)

type cell struct {
	next *cell
	data [7]int
}

// What one goroutine works on, on cache lines of its own.
type worker struct {
	sink   *cell
	a, b   uint64
	target uint64
	_      [64]byte
}

var (
	goroutines = flag.Int("g", 2, "goroutines")
	depth      = flag.Int("depth", 5, "frames of the program's own above the goroutine's first")
	total      = flag.Uint64("n", 0, "objects to make, 0 for no limit")
	seconds    = flag.Int64("d", 0, "seconds to run, 0 for no limit")

	workers []worker
	group   sync.WaitGroup
	stop    int32
	sites   = []*truth.Site{
		{Function: "main.burnA", Type: "main.cell", Cause: "new"},
		{Function: "main.burnB", Type: "main.cell", Cause: "new"},
		{Function: "main.spawn"},
	}
)

//go:noinline
func burnA(w *worker) {
	w.sink = &cell{} // <- site
	w.a++
}

//go:noinline
func burnB(w *worker) {
	w.sink = &cell{} // <- site
	w.b++
}

func burn(w *worker) {
	for atomic.LoadInt32(&stop) == 0 && (w.target == 0 || w.a+w.b < w.target) {
		burnA(w)
		burnB(w)
	}
}

// descend puts the rest of the frames on the stack: run, itself, and one of the
// two functions that allocate count too.
//
//go:noinline
func descend(w *worker, left int) int {
	if left <= 3 {
		burn(w)
		return 1
	}
	return descend(w, left-1) + 1
}

func run(w *worker) {
	descend(w, *depth)
	group.Done()
}

//go:noinline
func spawn(w *worker) {
	go run(w)
}

func start() {
	for i := range workers {
		workers[i].a, workers[i].b = 0, 0
		spawn(&workers[i])
	}
}

func section() {
	group.Add(len(workers))
	start()
	if *total == 0 {
		waitOrEnd()
		atomic.StoreInt32(&stop, 1)
	}
	group.Wait()
	atomic.StoreInt32(&stop, 0)
}

type pollFd struct {
	fd              int32
	events, revents int16
}

var standardInput = [1]pollFd{{fd: 0, events: 1}}

// waitOrEnd waits for standard input to become readable, or for the time to
// be over.
func waitOrEnd() {
	timeout := int64(-1)
	if *seconds > 0 {
		timeout = *seconds * 1000
	}
	for {
		_, _, errno := syscall.Syscall(syscall.SYS_POLL,
			uintptr(unsafe.Pointer(&standardInput)), 1, uintptr(timeout))
		if errno != syscall.EINTR {
			return
		}
	}
}

func main() {
	flag.Parse()
	workers = make([]worker, *goroutines)
	runtime.GOMAXPROCS(runtime.NumCPU())
	// The collector runs: what is burnt is garbage at once.
	truth.RunOnce(truth.Program{Section: section, Sites: sites, GCPercent: 400}, warmUp, account)
}

// warmUp burns a little.
func warmUp() {
	for i := range workers {
		workers[i].target = 10_000
	}
	group.Add(len(workers))
	start()
	group.Wait()
	for i := range workers {
		workers[i].target = *total / uint64(len(workers))
	}
}

// account adds up what the workers counted. Each makes an even number.
func account() {
	for i := range workers {
		sites[0].Objects += workers[i].a
		sites[1].Objects += workers[i].b
	}
	size := uint64(unsafe.Sizeof(cell{}))
	sites[0].Bytes = sites[0].Objects * size
	sites[1].Bytes = sites[1].Objects * size
	sites[2].Objects = uint64(len(workers))
	sites[2].Bytes = sites[2].Objects * 16
}
