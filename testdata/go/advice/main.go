// Program advice does -n rounds of work, or works for as long as -for says. Each function
// does one thing in a way that allocates more than it has to. What follows `mend:` on a line
// is what to write there instead; words in capitals are figures that advice gives.
package main

import (
	"flag"
	"fmt"
	"strings"
	"time"
)

type record struct {
	name string
	next *record
	at   [3]int64
}

const (
	numbers = 1000
	records = 300
	entries = 1000
	words   = 5000
	pieces  = 60
	values  = 2000
	copies  = 100
)

var (
	numberSink  []int64
	recordSink  []record
	mapSink     map[int]int
	wordMapSink map[string]record
	stringSink  string
	bytesSink   []byte
	anySink     interface{}
	intSink     int
	wordList    [words]string
	shared      [4096]byte
	line        = strings.Repeat("a line of text ", 8)
	textBytes   = []byte(line)
)

//go:noinline
func appendsNumbers() {
	var list []int64 // mend: list := make([]int64, 0, CAPACITY)
	for i := int64(0); i < numbers; i++ {
		list = append(list, i)
	}
	numberSink = list
}

//go:noinline
func appendsRecords() {
	var list []record // mend: list := make([]record, 0, CAPACITY)
	for i := int64(0); i < records; i++ {
		list = append(list, record{at: [3]int64{i}})
	}
	recordSink = list
}

//go:noinline
func fillsMap() {
	m := map[int]int{} // mend: m := make(map[int]int, HINT)
	for i := 0; i < entries; i++ {
		m[i] = i
	}
	mapSink = m
}

//go:noinline
func fillsLargeMap() {
	m := map[string]record{} // mend: m := make(map[string]record, HINT)
	for _, word := range wordList {
		m[word] = record{}
	}
	wordMapSink = m
}

//go:noinline
func concatenates() {
	var text string // mend: var text strings.Builder; text.Grow(SIZE)
	for i := 0; i < pieces; i++ {
		text += "some piece of text, " // mend: text.WriteString("some piece of text, ")
	}
	stringSink = text // mend: stringSink = text.String()
}

//go:noinline
func boxes() {
	for i := 0; i < values; i++ {
		anySink = 1000 + i // mend: intSink = 1000 + i
	}
}

//go:noinline
func convertsToBytes() {
	for i := 0; i < copies; i++ {
		bytesSink = []byte(line) // mend: stringSink = line
	}
}

//go:noinline
func convertsToString() {
	for i := 0; i < copies; i++ {
		stringSink = string(textBytes) // mend: bytesSink = textBytes
	}
}

//go:noinline
func makesBuffers() {
	for i := 0; i < 4; i++ {
		buffer := make([]byte, 4096) // mend: buffer := shared[:]
		buffer[i] = 1
		bytesSink = buffer
	}
}

func round(n int) {
	appendsNumbers()
	appendsRecords()
	fillsMap()
	if n%8 == 0 {
		fillsLargeMap()
	}
	concatenates()
	boxes()
	convertsToBytes()
	convertsToString()
	makesBuffers()
}

func main() {
	rounds := flag.Int("n", 1, "rounds")
	duration := flag.Duration("for", 0, "how long to work")
	flag.Parse()
	for i := range wordList {
		wordList[i] = fmt.Sprint("word ", i)
	}
	end := time.Now().Add(*duration)
	done := 0
	for done < *rounds || time.Now().Before(end) {
		round(done)
		done++
	}
	fmt.Println("rounds", done)
}
