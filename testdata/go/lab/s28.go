package main

func init() {
	add("s28Fill16", s28Fill16)
	add("s28Grow16", s28Grow16)
	add("s28Fill100", s28Fill100)
	add("s28Grow100", s28Grow100)
	add("s28Fill1000", s28Fill1000)
	add("s28Grow1000", s28Grow1000)
	add("s28Fill10000", s28Fill10000)
	add("s28Grow10000", s28Grow10000)
}

//go:noinline
func fill(n int) map[int]int {
	m := make(map[int]int, n)
	for i := 0; i < n; i++ {
		m[i] = i
	}
	return m
}

// grow doubles a map that was made for n entries.
//
//go:noinline
func grow(m map[int]int, n int) {
	for i := n; i < 2*n; i++ {
		m[i] = i // grows
	}
	sinkIntMap = m
}

func s28Fill16()    { sinkIntMap = fill(16) }
func s28Grow16()    { grow(fill(16), 16) }
func s28Fill100()   { sinkIntMap = fill(100) }
func s28Grow100()   { grow(fill(100), 100) }
func s28Fill1000()  { sinkIntMap = fill(1000) }
func s28Grow1000()  { grow(fill(1000), 1000) }
func s28Fill10000() { sinkIntMap = fill(10000) }
func s28Grow10000() { grow(fill(10000), 10000) }
