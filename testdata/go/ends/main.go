// Program ends allocates -n objects of 64 bytes, prints that, and ends at once in the
// way that -how names: it returns, exits, or sends itself a signal that it has not asked
// for (terminate) or cannot see (kill).
package main

import (
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"
)

type cell struct {
	next *cell
	data [7]int
}

var sink *cell

//go:noinline
func allocate() {
	sink = &cell{}
}

func main() {
	objects := flag.Int("n", 1, "objects")
	how := flag.String("how", "return", "return, exit, terminate or kill")
	flag.Parse()
	for i := 0; i < *objects; i++ {
		allocate()
	}
	fmt.Println("objects", *objects)
	switch *how {
	case "exit":
		os.Exit(0)
	case "terminate":
		end(syscall.SIGTERM)
	case "kill":
		end(syscall.SIGKILL)
	}
}

func end(signal syscall.Signal) {
	if err := syscall.Kill(os.Getpid(), signal); err != nil {
		panic(err)
	}
	// Another thread may be the one that gets it.
	time.Sleep(time.Minute)
}
