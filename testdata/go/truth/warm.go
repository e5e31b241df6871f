package truth

import (
	"runtime"
	"sync"
	"syscall"
	"unsafe"
)

const (
	// More threads than a section keeps busy or blocked at a time.
	warmThreads = 16
	// A processor keeps up to 64 dead goroutines to itself, the rest are
	// shared: with these a section of 64 finds one wherever it runs (go1.24
	// src/runtime/proc.go:5238, gfput).
	warmGoroutines = 512
)

var pause = syscall.Timespec{Nsec: 20_000_000}

// warmUp makes the runtime allocate beforehand what it allocates once.
func warmUp(section func()) {
	threads()
	section()
	// A collection starts its workers, and empties the shared caches that the
	// first run filled: so the second run comes after it.
	runtime.GC()
	runtime.GC()
	goroutines()
	section()
	runtime.ReadMemStats(&before)
	// sysmon takes the processor of a long system call and may want a thread
	// for it.
	sleep()
}

// threads lets that many goroutines sit in system calls at the same time.
func threads() {
	var group sync.WaitGroup
	for i := 0; i < warmThreads; i++ {
		group.Add(1)
		go func() {
			runtime.LockOSThread()
			sleep()
			runtime.UnlockOSThread()
			group.Done()
		}()
	}
	group.Wait()
}

// goroutines lets that many goroutines wait on a channel at the same time, each
// with a wait queue entry of the runtime.
func goroutines() {
	var started, ended sync.WaitGroup
	gate := make(chan struct{})
	for i := 0; i < warmGoroutines; i++ {
		started.Add(1)
		ended.Add(1)
		go func() {
			started.Done()
			<-gate
			ended.Done()
		}()
	}
	started.Wait()
	close(gate)
	ended.Wait()
}

func sleep() {
	syscall.Syscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&pause)), 0, 0)
}
