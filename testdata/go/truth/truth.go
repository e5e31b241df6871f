// Package truth gives a fixture program its protocol and its own account of
// what it allocated.
//
// A fixture prints its PID, then waits for a byte on standard input while a
// tracer attaches. The byte starts the measured section. After the section it
// prints "done" and waits for a second byte while the tracer detaches. Then it
// prints one line of JSON: the runtime's counters over the whole wait, and
// objects and bytes of each allocation site by the program's own arithmetic.
//
// Nothing outside the section allocates between the two readings of the
// counters: both reads of standard input are bare system calls into a static
// buffer, and what the runtime allocates once (threads, goroutines, wait
// queues, GC workers) is made by warm-up runs beforehand.
package truth

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// Site is one function that allocates, and what it allocates in the section.
// A frame of the runtime is no site: the function is the innermost one outside
// of it.
type Site struct {
	// Function, as a Go traceback prints it.
	Function string
	// Objects of the heap; zero-size requests are none.
	Objects uint64
	// Bytes asked for, before rounding to a size class.
	Bytes uint64
	// Type as the runtime names it. Set only where every object of that type
	// comes from sites that say so too.
	Type string
	// Cause in the tracer's words, empty where the fixture does not say.
	Cause string

	measured  bool
	heapBytes uint64
}

// Calls is how often Function calls a map function of the runtime.
type Calls struct {
	Call     string
	Function string
	Type     string
	Calls    uint64
}

// Program is a fixture.
type Program struct {
	// Section is what is measured. It runs twice before, to warm up.
	Section func()
	// Sites that together make every object of the section.
	Sites []*Site
	// Calls of map functions, all of them.
	Calls []Calls
	// GCPercent of the section; 0 stands for a collector that is off.
	GCPercent int
}

// Static, so that reading them allocates nothing.
var (
	before, after   runtime.MemStats
	mBefore, mAfter runtime.MemStats
	buffer          [1]byte
	doneLine        = []byte("done\n")
)

// Run is the whole protocol, for a section that can run several times. With the
// arguments -repeat N it runs so often, its garbage collected.
func Run(p Program) {
	times := repeats()
	if times == 1 {
		RunOnce(p, p.Section, func() {})
		return
	}
	once := p.Section
	p.Section = func() {
		for i := uint64(0); i < times; i++ {
			once()
		}
	}
	if p.GCPercent == 0 {
		p.GCPercent = 400
	}
	RunOnce(p, once, func() { multiply(p, times) })
}

func repeats() uint64 {
	if len(os.Args) != 3 || os.Args[1] != "-repeat" {
		return 1
	}
	times, err := strconv.ParseUint(os.Args[2], 10, 32)
	if err != nil || times == 0 {
		panic("-repeat takes a number")
	}
	return times
}

// multiply turns the account of one section into that of many.
func multiply(p Program, times uint64) {
	for _, s := range p.Sites {
		if !s.measured {
			s.Objects *= times
			s.Bytes *= times
		}
	}
	for i := range p.Calls {
		p.Calls[i].Calls *= times
	}
}

// RunOnce is the whole protocol. A shorter stand-in warms up for the section,
// and account completes the sites after it.
func RunOnce(p Program, standIn, account func()) {
	percent := p.GCPercent
	if percent == 0 {
		percent = -1
	}
	debug.SetGCPercent(percent)
	warmUp(standIn)
	for _, s := range p.Sites {
		if s.measured {
			s.Objects, s.heapBytes = 0, 0
		}
	}
	write([]byte(itoa(uint64(os.Getpid())) + "\n"))
	Begin()
	p.Section()
	Done()
	End()
	account()
	Print(p)
}

// Begin reads the counters and waits for the byte that starts the section.
func Begin() {
	runtime.ReadMemStats(&before)
	Wait()
}

// End waits for the byte that ends the protocol and reads the counters.
func End() {
	Wait()
	runtime.ReadMemStats(&after)
}

// Done says on standard output that the section is over.
func Done() {
	write(doneLine)
}

// Measure runs f as part of the section and takes what the runtime counted
// meanwhile as the site's truth. It is for what differs by release or by hash
// seed; nothing else may allocate at that moment.
func Measure(s *Site, f func()) {
	runtime.ReadMemStats(&mBefore)
	f()
	runtime.ReadMemStats(&mAfter)
	s.measured = true
	s.Objects += mAfter.Mallocs - mBefore.Mallocs
	s.heapBytes += mAfter.TotalAlloc - mBefore.TotalAlloc
}

// Minor is the N of the Go 1.N that built this.
func Minor() int {
	digits := strings.SplitN(strings.TrimPrefix(runtime.Version(), "go1."), ".", 2)[0]
	minor, err := strconv.Atoi(digits)
	if err != nil {
		panic(err)
	}
	return minor
}

// Wait reads one byte of standard input, or its end, without allocating.
func Wait() {
	for {
		_, _, errno := syscall.Syscall(syscall.SYS_READ, 0, uintptr(unsafe.Pointer(&buffer)), 1)
		if errno != syscall.EINTR {
			return
		}
	}
}

func write(line []byte) {
	for len(line) > 0 {
		n, _, errno := syscall.Syscall(syscall.SYS_WRITE, 1, uintptr(unsafe.Pointer(&line[0])), uintptr(len(line)))
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			os.Exit(1)
		}
		line = line[n:]
	}
}
