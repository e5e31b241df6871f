package main

import "runtime"

func init() {
	addAfter(useUpGoroutines, "s26Leak", s26Leak)
	add("s26NoCapture", s26NoCapture)
}

var (
	gate = make(chan int)
	// Goroutines at the gate. There is one processor: no two write at a time.
	waiting int
)

// s26Leak starts a goroutine that never ends and holds a buffer.
func s26Leak() {
	next := waiting + 1
	buffer := make([]byte, 1<<20)
	go func() {
		waiting++
		<-gate
		sinkBytes = buffer
	}()
	letWait(next)
}

func s26NoCapture() {
	buffer := make([]byte, 1<<20)
	sinkBytes = buffer
}

// useUpGoroutines starts more goroutines that do not end than ended ones are kept
// for reuse, so that the next needs a new descriptor.
func useUpGoroutines() {
	many := waiting + 1024
	for i := waiting; i < many; i++ {
		go func() {
			waiting++
			<-gate
		}()
	}
	letWait(many)
}

// letWait lets others run until so many have come to the gate.
func letWait(count int) {
	for waiting < count {
		runtime.Gosched()
	}
}
