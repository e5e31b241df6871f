// Program quiet allocates ten objects a second until it is killed: a target
// whose every allocation any budget can afford.
package main

import (
	"os"
	"strconv"
	"syscall"
)

type drop struct {
	next *drop
	data [3]int
}

var sink *drop

//go:noinline
func drip() {
	sink = &drop{} // <- site
}

func main() {
	os.Stdout.WriteString(strconv.Itoa(os.Getpid()) + "\n")
	pause := syscall.Timespec{Nsec: 100_000_000}
	for {
		drip()
		syscall.Nanosleep(&pause, nil)
	}
}
