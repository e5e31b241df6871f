package main

import (
	"context"
	"sync"
	"time"
)

func init() {
	add("s23MethodValue", s23MethodValue)
	add("s23MethodEscapes", s23MethodEscapes)
	add("s23DeferOnce", s23DeferOnce)
	add("s23DeferLoop", s23DeferLoop)
	addAfter(endGoroutine, "s23Go", s23Go)
	add("s23After", s23After)
	add("s23WithValue", s23WithValue)
}

func (p *pair) total() int { return p.a + p.b }

func s23MethodValue()   { sinkInt = call(aPair.total) }
func s23MethodEscapes() { sinkFunc = aPair.total }

//go:noinline
func work(i int) { sinkInt += i }

func s23DeferOnce() { defer work(1) }

func s23DeferLoop() {
	for i := 0; i < 10; i++ {
		defer work(i)
	}
}

var group sync.WaitGroup

//go:noinline
func worker(i int) {
	sinkInt += i
	group.Done()
}

func s23Go() {
	group.Add(1)
	go worker(fortyTwo)
	group.Wait()
}

// endGoroutine leaves a descriptor for reuse, as a program has that starts and ends
// goroutines all the time.
func endGoroutine() {
	group.Add(1)
	go worker(fortyTwo)
	group.Wait()
}

var sinkTime <-chan time.Time

func s23After() { sinkTime = time.After(time.Hour) }

type contextKey struct{}

var sinkContext context.Context

func s23WithValue() {
	sinkContext = context.WithValue(context.Background(), contextKey{}, &aPair)
}
