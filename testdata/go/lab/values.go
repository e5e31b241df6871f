package main

import "strings"

// Values the compiler cannot know, and places it cannot see the end of: what is
// stored in a sink escapes.
var (
	small    = 8
	limit    = 32
	beyond   = 33
	large    = 128 << 10
	fortyTwo = 42
	key      = "key"
	text     = "a text that does not fit into thirty-two bytes"
	bytes46  = []byte(text)
	bytes32  = []byte(text[:32])
	bytes33  = []byte(text[:33])
	million  = 1 << 20
	megabyte = strings.Repeat("0123456789abcdef", 1<<16)

	sinkAny    any
	sinkBool   bool
	sinkBytes  []byte
	sinkInt    int
	sinkInts   []int
	sinkMap    map[string]int
	sinkString string
)

type pair struct{ a, b int }
