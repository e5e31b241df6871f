// Program phases allocates at one rate for a while, then not at all, then at four
// times that rate: `phases OBJECTS MILLISECONDS`, objects in a millisecond of the first
// phase and how long each of the two lasts. It prints when they began and ended, by the
// clock, and what they allocated.
package main

import (
	"encoding/json"
	"fixtures/truth"
	"os"
	"runtime/debug"
	"strconv"
	"time"
)

// Phase is what the account says of one.
type Phase struct {
	Function string `json:"function"`
	// From the beginning of the first one.
	BeginNs   int64  `json:"begin_ns"`
	EndNs     int64  `json:"end_ns"`
	Objects   uint64 `json:"objects"`
	HeapBytes uint64 `json:"heap_bytes"`
}

const rest = 400 * time.Millisecond

type block [64]byte

var sink *block

//go:noinline
func slowly() {
	sink = new(block)
}

//go:noinline
func quickly() {
	sink = new(block)
}

// allocate calls f so many times in a millisecond, evenly over the phase.
func allocate(f func(), began time.Time, each, milliseconds int, phase *Phase) {
	phase.BeginNs = int64(time.Since(began))
	objects := each * milliseconds
	from, made := time.Now(), 0
	for made < objects {
		due := int(time.Since(from) / time.Millisecond * time.Duration(each))
		for made < due && made < objects {
			f()
			made++
		}
		time.Sleep(time.Millisecond)
	}
	phase.EndNs = int64(time.Since(began))
	phase.Objects += uint64(made)
	phase.HeapBytes += uint64(made) * 64
}

// argument is the whole number that is an argument.
func argument(at int) int {
	number, err := strconv.Atoi(os.Args[at])
	if err != nil {
		panic("phases OBJECTS MILLISECONDS")
	}
	return number
}

var phases = [2]Phase{{Function: "main.slowly"}, {Function: "main.quickly"}}

func main() {
	each, milliseconds := argument(1), argument(2)
	debug.SetGCPercent(400)
	time.Sleep(time.Millisecond)
	os.Stdout.WriteString(strconv.Itoa(os.Getpid()) + "\n")
	truth.Wait()
	began := time.Now()
	allocate(slowly, began, each, milliseconds, &phases[0])
	time.Sleep(rest)
	allocate(quickly, began, 4*each, milliseconds, &phases[1])
	truth.Done()
	truth.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"phases": phases[:]}); err != nil {
		panic(err)
	}
}
