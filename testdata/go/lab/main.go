// Program lab runs small pieces of Go, each of them many times, so that claims
// about what they allocate can be put to the measurement: docs/lab.md.
//
// The arguments are the functions to run and how often, as s01Read=200. What this
// release of Go cannot compile is not there, and is left out. Each function is one
// operation; scenarios.toml says what it is an example of. With the one argument steps
// it times how maps grow instead.
package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"fixtures/truth"
)

// A variant is one function to measure.
type variant struct {
	name string
	f    func()
	// before runs outside the measured section.
	before     func()
	operations int
	site       *truth.Site
}

var variants []*variant

// add takes a function up; its file's init calls it.
func add(name string, f func()) { variants = append(variants, &variant{name: name, f: f}) }

// addAfter does so for a function that finds the runtime in a certain state.
func addAfter(before func(), name string, f func()) {
	variants = append(variants, &variant{name: name, f: f, before: before})
}

// repeat is what every measured call chain goes through.
func (v *variant) repeat() {
	for i := 0; i < v.operations; i++ {
		v.f()
	}
}

// section measures the last scenario first: what starts goroutines leaves them
// behind for reuse, and the one that leaks them comes late in the list.
func section(chosen []*variant) {
	for i := len(chosen) - 1; i >= 0; i-- {
		v := chosen[i]
		if v.before != nil {
			v.before()
		}
		truth.Measure(v.site, v.repeat)
	}
}

// warmUp lets caches and pools of the standard library fill.
func warmUp(chosen []*variant) {
	for _, v := range chosen {
		for i := 0; i < 3; i++ {
			v.f()
		}
	}
}

// choose finds the variants that the arguments name, in the order of the list.
func choose() []*variant {
	operations := map[string]int{}
	for _, argument := range os.Args[1:] {
		name, count, _ := strings.Cut(argument, "=")
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 {
			panic(argument + " is no FUNCTION=OPERATIONS")
		}
		operations[name] = n
	}
	var chosen []*variant
	for _, v := range variants {
		if n := operations[v.name]; n > 0 {
			v.operations = n
			v.site = &truth.Site{Function: "main." + v.name}
			chosen = append(chosen, v)
		}
	}
	return chosen
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "steps" {
		printSteps()
		return
	}
	// One processor: its caches serve whatever runs.
	runtime.GOMAXPROCS(1)
	chosen := choose()
	var sites []*truth.Site
	for _, v := range chosen {
		sites = append(sites, v.site)
	}
	program := truth.Program{Section: func() { section(chosen) }, Sites: sites}
	truth.RunOnce(program, func() { warmUp(chosen) }, func() {})
}
