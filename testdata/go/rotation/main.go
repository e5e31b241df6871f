// Program rotation allocates 64 bytes at a time from two, three or four
// functions in strict turn, in one goroutine: a target with which anything
// periodic in a sampler would keep step. With -burst it works for one
// millisecond in ten.
package main

import (
	"flag"
	"syscall"

	"fixtures/truth"
)

type cell struct {
	next *cell
	data [7]int
}

var (
	turns = flag.Int("sites", 2, "functions that take turns: 2, 3 or 4")
	total = flag.Uint64("n", 12_000_000, "objects to make")
	gogc  = flag.Int("gogc", 100, "percentage for the collector, 0 to turn it off")
	spin  = flag.Int("spin", 60, "rounds of work between two objects")
	burst = flag.Bool("burst", false, "work for a millisecond in ten")

	sink  *cell
	waste uint64
	limit uint64
	made  [4]uint64
	sites = []*truth.Site{
		{Function: "main.first"},
		{Function: "main.second"},
		{Function: "main.third"},
		{Function: "main.fourth"},
	}
)

//go:noinline
func first() {
	sink = &cell{} // <- site
	made[0]++
}

//go:noinline
func second() {
	sink = &cell{} // <- site
	made[1]++
}

//go:noinline
func third() {
	sink = &cell{} // <- site
	made[2]++
}

//go:noinline
func fourth() {
	sink = &cell{} // <- site
	made[3]++
}

//go:noinline
func work() {
	for i := 0; i < *spin; i++ {
		waste = waste*6364136223846793005 + 1442695040888963407
	}
}

func round() {
	first()
	work()
	second()
	work()
	if *turns > 2 {
		third()
		work()
	}
	if *turns > 3 {
		fourth()
		work()
	}
}

func now() int64 {
	var t syscall.Timeval
	_ = syscall.Gettimeofday(&t)
	return t.Nano()
}

func section() {
	pause := syscall.Timespec{Nsec: 9_000_000}
	perRound := uint64(*turns)
	rounds := limit / perRound
	until := now() + 1_000_000
	for i := uint64(0); i < rounds; i++ {
		round()
		if *burst && i%16 == 0 && now() >= until {
			_ = syscall.Nanosleep(&pause, nil)
			until = now() + 1_000_000
		}
	}
}

func main() {
	flag.Parse()
	program := truth.Program{Section: section, Sites: sites, GCPercent: *gogc}
	truth.RunOnce(program, warmUp, account)
}

func warmUp() {
	limit = 20_000
	section()
	limit = *total
	made = [4]uint64{}
}

func account() {
	for i, site := range sites {
		site.Objects = made[i]
		site.Bytes = made[i] * 64
	}
}
