// Program growth makes slices, buffers and maps that grow, -n rounds of each, and knows how
// often each grew and how much was copied by that. What follows `mend:` on a line is what to
// write there instead; words in capitals are figures that advice gives.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"fixtures/truth"
)

// An account is of what one function grows. The first room there is for something is no step.
type account struct {
	Function string `json:"function"`
	Things   int    `json:"things"`
	Steps    int    `json:"steps"`
	Copied   int    `json:"copied"`
}

// count counts a step, if room was not enough.
func (a *account) count(length, before, after int) {
	if after != before && before > 0 {
		a.Steps++
		a.Copied += length
	}
}

const (
	numbers = 4000
	pieces  = 60
	small   = 12
	entries = 1000
	words   = 4000
)

var (
	ones     = account{Function: "main.appendsOnes"}
	runs     = account{Function: "main.appendsPieces"}
	built    = account{Function: "main.builds"}
	few      = account{Function: "main.fillsFew"}
	large    = account{Function: "main.fillsLarge"}
	many     = account{Function: "main.fillsMany"}
	writes   = account{Function: "main.writesBuffer"}
	accounts = []*account{&ones, &runs, &built, &few, &large, &many, &writes}
)

var (
	list    []int64
	records []record
	buffer  bytes.Buffer
	builder *strings.Builder
	intMap  map[uint64]uint64
	textMap map[string]record
	kept    [400]map[uint64]uint64
	texts   [words]string
	source  [100]record
	text    = strings.Repeat("some text ", 100)
)

type record struct {
	name string
	at   uint64
}

// piece is a length that comes after no rule `append` has.
func piece(i int) int { return 1 + i*i*7%97 }

//go:noinline
func appendsOnes() {
	list = nil // mend: list = make([]int64, 0, CAPACITY)
	for i := int64(0); i < numbers; i++ {
		length, before := len(list), cap(list)
		list = append(list, i)
		ones.count(length, before, cap(list))
	}
	ones.Things++
}

//go:noinline
func appendsPieces() {
	records = nil // mend: records = make([]record, 0, CAPACITY)
	for i := 0; i < pieces; i++ {
		length, before := len(records), cap(records)
		records = append(records, source[:piece(i)]...)
		runs.count(length, before, cap(records))
	}
	runs.Things++
}

//go:noinline
func writesBuffer() {
	buffer = bytes.Buffer{} // mend: buffer = bytes.Buffer{}; buffer.Grow(BYTES)
	for i := 0; i < pieces; i++ {
		length, before := buffer.Len(), buffer.Cap()
		fmt.Fprint(&buffer, text[:10*piece(i)])
		writes.count(length, before, buffer.Cap())
	}
	writes.Things++
}

//go:noinline
func builds() {
	builder = new(strings.Builder) // mend: builder = new(strings.Builder); builder.Grow(BYTES)
	for i := 0; i < pieces; i++ {
		length, before := builder.Len(), builder.Cap()
		builder.WriteString(text[:10*piece(i)])
		built.count(length, before, builder.Cap())
	}
	built.Things++
}

//go:noinline
func fillsFew() {
	for i := range kept {
		m := map[uint64]uint64{} // mend: m := make(map[uint64]uint64, HINT)
		for key := uint64(0); key < small; key++ {
			before := look(*(*unsafe.Pointer)(unsafe.Pointer(&m)))
			m[key] = key
			before.count(&few, *(*unsafe.Pointer)(unsafe.Pointer(&m)))
		}
		kept[i] = m
		few.Things++
	}
}

//go:noinline
func fillsMany() {
	m := map[uint64]uint64{} // mend: m := make(map[uint64]uint64, HINT)
	for key := uint64(0); key < entries; key++ {
		before := look(*(*unsafe.Pointer)(unsafe.Pointer(&m)))
		m[key] = key
		before.count(&many, *(*unsafe.Pointer)(unsafe.Pointer(&m)))
	}
	intMap = m
	many.Things++
}

//go:noinline
func fillsLarge() {
	m := map[string]record{} // mend: m := make(map[string]record, HINT)
	for i := range texts {
		before := look(*(*unsafe.Pointer)(unsafe.Pointer(&m)))
		m[texts[i]] = record{}
		before.count(&large, *(*unsafe.Pointer)(unsafe.Pointer(&m)))
	}
	textMap = m
	large.Things++
}

func round() {
	appendsOnes()
	appendsPieces()
	writesBuffer()
	builds()
	fillsFew()
	fillsMany()
	fillsLarge()
}

func main() {
	rounds := flag.Int("n", 1, "rounds")
	flag.Parse()
	for i := range texts {
		texts[i] = fmt.Sprint("text ", i)
	}
	fmt.Println(os.Getpid())
	truth.Wait()
	for i := 0; i < *rounds; i++ {
		round()
	}
	fmt.Println("done")
	truth.Wait()
	line, err := json.Marshal(map[string]interface{}{"accounts": accounts})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
