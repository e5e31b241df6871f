package main

import (
	"fmt"
	"io"
	"log"
)

func init() {
	add("s29Fprintln", s29Fprintln)
	add("s29FprintlnSmall", s29FprintlnSmall)
	add("s29LogPrintf", s29LogPrintf)
	add("s29LogDiscarded", s29LogDiscarded)
}

// write is what Println and log would write to, without a system call.
type write struct{ n int }

func (w *write) Write(p []byte) (int, error) {
	w.n += len(p)
	return len(p), nil
}

var (
	sinkWriter = &write{}
	logger     = log.New(sinkWriter, "", log.LstdFlags)
	discarding = log.New(io.Discard, "", log.LstdFlags)
)

func s29Fprintln()      { fmt.Fprintln(sinkWriter, text, million, aPair) }
func s29FprintlnSmall() { fmt.Fprintln(sinkWriter, "text", 42, true) }
func s29LogPrintf()     { logger.Printf("%s: %d", text, million) }
func s29LogDiscarded()  { discarding.Printf("%s: %d", text, million) }
