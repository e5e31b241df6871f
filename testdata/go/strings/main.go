// Program strings joins and converts strings.
package main

import (
	"fixtures/truth"
	"strings"
)

var (
	stringSink string
	bytesSink  []byte
	runesSink  []rune
)

//go:noinline
func concatTwo(a, b string) {
	stringSink = a + b
}

//go:noinline
func concatFive(a, b string) {
	stringSink = a + b + a + b + a
}

//go:noinline
func bytesToString(b []byte) {
	stringSink = string(b)
}

//go:noinline
func stringToBytes(s string) {
	bytesSink = []byte(s)
}

//go:noinline
func runesToString(r []rune) {
	stringSink = string(r)
}

//go:noinline
func stringToRunes(s string) {
	runesSink = []rune(s)
}

//go:noinline
func runeToString(r rune) {
	stringSink = string(r)
}

//go:noinline
func build(s string) {
	var b strings.Builder
	b.Grow(128)
	b.WriteString(s)
	b.WriteString(s)
	stringSink = b.String()
}

// The empty string and strings of one byte that come from bytes need no memory.
//
//go:noinline
func nothing(b []byte, empty string) {
	stringSink = string(b)
	stringSink = empty + empty
	stringSink = stringSink + string(b)
}

const (
	many = 1000
	a    = "twelve bytes"
	b    = "and seventeen too"
)

var (
	text  = []byte(a)
	runes = []rune(a)
	one   = []byte("1")
	// Both conversions ask for a size that is rounded up already, which the
	// capacity shows (go1.24 src/runtime/string.go:316, rawbyteslice, and 328,
	// rawruneslice).
	bytesCap = uint64(cap(grownBytes(a)))
	runesCap = uint64(cap(grownRunes(a)))
)

//go:noinline
func grownBytes(s string) []byte { return []byte(s) }

//go:noinline
func grownRunes(s string) []rune { return []rune(s) }

func section() {
	for i := 0; i < many; i++ {
		concatTwo(a, b)
		concatFive(a, b)
		bytesToString(text)
		stringToBytes(a)
		runesToString(runes)
		stringToRunes(a)
		runeToString('€')
		build(a)
		nothing(one, "")
	}
}

func site(function string, each uint64, cause string) *truth.Site {
	return &truth.Site{Function: function, Objects: many, Bytes: many * each, Cause: cause}
}

func main() {
	const concatenation, conversion = "string concatenation", "string conversion"
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		site("main.concatTwo", uint64(len(a)+len(b)), concatenation),
		site("main.concatFive", uint64(3*len(a)+2*len(b)), concatenation),
		site("main.bytesToString", uint64(len(a)), conversion),
		site("main.stringToBytes", bytesCap, conversion),
		// Three bytes more than the text (go1.24 src/runtime/string.go:264,
		// slicerunetostring).
		site("main.runesToString", uint64(len(a)+3), conversion),
		site("main.stringToRunes", 4*runesCap, conversion),
		// Four bytes whatever the rune (go1.24 src/runtime/string.go:291,
		// intstring).
		site("main.runeToString", 4, conversion),
		// Builder.Grow asks for the size class, and 128 is one.
		site("strings.(*Builder).grow", 128, ""),
	}})
}
