package main

import (
	"encoding/json"
	"os"
	"runtime/debug"
	"sort"
	"time"
)

// A step is what the dearest write costs a map that doubles, by the clock. The lab runs
// this without being traced.
type step struct {
	Function string
	// DearestNs is the dearest write of a whole doubling, in the run in which that was
	// cheapest: what else goes on in the machine makes it dearer, never cheaper.
	DearestNs int64
	// WriteNs is a write to a map that has room, on average.
	WriteNs float64
}

const stepRuns = 40

func printSteps() {
	debug.SetGCPercent(-1)
	steps := []step{
		measureStep("s28Grow16", 16),
		measureStep("s28Grow100", 100),
		measureStep("s28Grow1000", 1000),
		measureStep("s28Grow10000", 10000),
	}
	if err := json.NewEncoder(os.Stdout).Encode(steps); err != nil {
		panic(err)
	}
}

func measureStep(function string, n int) step {
	var dearest []int64
	var fills []int64
	for run := 0; run < stepRuns; run++ {
		start := time.Now()
		m := fill(n)
		fills = append(fills, time.Since(start).Nanoseconds())
		dearest = append(dearest, dearestWrite(m, n))
		sinkIntMap = m
	}
	sort.Slice(dearest, func(i, j int) bool { return dearest[i] < dearest[j] })
	sort.Slice(fills, func(i, j int) bool { return fills[i] < fills[j] })
	return step{function, dearest[0], float64(fills[0]) / float64(n)}
}

// dearestWrite doubles a map that was made for n entries, with the clock read around
// each write; what reading it takes is taken off.
func dearestWrite(m map[int]int, n int) int64 {
	var most int64
	clock := int64(1 << 62)
	for i := n; i < 2*n; i++ {
		start := time.Now()
		between := time.Now()
		m[i] = i
		took := time.Since(between).Nanoseconds()
		if took > most {
			most = took
		}
		if read := between.Sub(start).Nanoseconds(); read < clock {
			clock = read
		}
	}
	return most - clock
}
