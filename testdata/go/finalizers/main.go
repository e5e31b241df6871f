// Program finalizers collects objects whose finalizers allocate, on the
// runtime's finalizer goroutine.
package main

import (
	"fixtures/truth"
	"runtime"
	"sync/atomic"
	"unsafe"
)

type resource struct {
	name string
	next *resource
}

type obituary struct {
	of   *resource
	next *obituary
}

const many = 500

var (
	ended int64
	last  *obituary
)

//go:noinline
func acquire() *resource {
	return &resource{name: "resource"} // <- site
}

//go:noinline
func finalize(r *resource) {
	last = &obituary{of: r} // <- site
	atomic.AddInt64(&ended, 1)
}

//go:noinline
func acquireAll() {
	for i := 0; i < many; i++ {
		runtime.SetFinalizer(acquire(), finalize)
	}
}

func section() {
	atomic.StoreInt64(&ended, 0)
	acquireAll()
	// An object the stack still seems to hold takes another collection.
	for atomic.LoadInt64(&ended) < many {
		runtime.GC()
		runtime.Gosched()
	}
}

func main() {
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		{
			Function: "main.acquire",
			Objects:  many,
			Bytes:    many * uint64(unsafe.Sizeof(resource{})),
			Type:     "main.resource",
			Cause:    "new",
		},
		{
			Function: "main.finalize",
			Objects:  many,
			Bytes:    many * uint64(unsafe.Sizeof(obituary{})),
			Type:     "main.obituary",
			Cause:    "new",
		},
	}})
}
