package main

func init() {
	add("s09ArrayRead", s09ArrayRead)
	add("s09ArrayWritten", s09ArrayWritten)
	add("s09ArrayLarge", s09ArrayLarge)
	add("s09Map", s09Map)
	add("s09Slice", s09Slice)
	add("s09Called", s09Called)
}

var sinkFunc func() int

// The array is not assigned again: the closure holds a copy.
func s09ArrayRead() {
	a := [3]int{fortyTwo, 2, 3}
	sinkFunc = func() int { return a[0] + a[1] + a[2] }
}

func s09ArrayWritten() {
	a := [3]int{fortyTwo, 2, 3}
	sinkFunc = func() int { a[0]++; return a[0] }
}

// Above 128 bytes a captured variable is always captured by reference.
func s09ArrayLarge() {
	a := [17]int{fortyTwo}
	sinkFunc = func() int { return a[0] + a[16] }
}

func s09Map() {
	m := map[int]int{1: fortyTwo}
	sinkFunc = func() int { return m[1] }
}

func s09Slice() {
	s := []int{fortyTwo, 2, 3}
	sinkFunc = func() int { return s[0] }
}

//go:noinline
func call(f func() int) int { return f() }

func s09Called() {
	a := [3]int{fortyTwo, 2, 3}
	sinkInt = call(func() int { a[0]++; return a[0] })
}
