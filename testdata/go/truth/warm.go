package truth

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	// More threads than a section keeps busy or blocked at a time.
	warmThreads = 16
	// A processor keeps up to 64 dead goroutines to itself, the rest are
	// shared: with these a section of 64 finds one wherever it runs (go1.24
	// src/runtime/proc.go:5238, gfput).
	warmGoroutines = 512
	// Long enough that every processor takes its part of the goroutines.
	spinRounds = 20_000
	// Where a goroutine runs is the scheduler's choice, which a busy machine
	// disturbs: not in every round.
	warmRounds = 8
	// More timers than the runtime itself has at a time.
	warmTimers = 8
)

var pause = syscall.Timespec{Nsec: 20_000_000}

// warmUp makes the runtime allocate beforehand what it allocates once.
func warmUp(section func()) {
	threads()
	section()
	// A collection starts its workers, and empties the shared caches that the
	// first run filled.
	runtime.GC()
	runtime.GC()
	goroutines()
	section()
	for round := 0; round < warmRounds; round++ {
		everyProcessor(timers)
		goroutines()
	}
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

// goroutines lets that many goroutines wait on a channel at the same time. Each
// takes a wait queue entry of the runtime, and leaves it with the processor it
// ends on.
func goroutines() {
	var started, ended sync.WaitGroup
	gate := make(chan struct{})
	for i := 0; i < warmGoroutines; i++ {
		started.Add(1)
		ended.Add(1)
		go func() {
			started.Done()
			<-gate
			spin()
			ended.Done()
		}()
	}
	started.Wait()
	close(gate)
	ended.Wait()
}

// everyProcessor runs f once on each: goroutines that are all running at the
// same time are on different ones.
func everyProcessor(f func()) {
	count := int32(runtime.GOMAXPROCS(0))
	var arrived, left int32
	var group sync.WaitGroup
	for i := int32(0); i < count; i++ {
		group.Add(1)
		go func() {
			meet(&arrived, count)
			f()
			meet(&left, count)
			group.Done()
		}()
	}
	group.Wait()
}

func meet(here *int32, count int32) {
	atomic.AddInt32(here, 1)
	for atomic.LoadInt32(here) < count {
		spin()
	}
}

// timers makes room for timers on this processor; the background scavenger
// sets one now and then, on whichever it happens to run.
func timers() {
	var all [warmTimers]*time.Timer
	for i := range all {
		all[i] = time.AfterFunc(time.Hour, func() {})
	}
	for _, timer := range all {
		timer.Stop()
	}
}

var spun int32

func spin() {
	for i := 0; i < spinRounds; i++ {
		atomic.LoadInt32(&spun)
	}
}

func sleep() {
	syscall.Syscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&pause)), 0, 0)
}
