package main

func init() {
	add("s03None8", s03None8)
	add("s03Hint8", s03Hint8)
	add("s03None9", s03None9)
	add("s03Hint9", s03Hint9)
	add("s03None100", s03None100)
	add("s03Hint100", s03Hint100)
	add("s03None1000", s03None1000)
	add("s03Hint1000", s03Hint1000)
}

var sinkIntMap map[int]int

//go:noinline
func insert(m map[int]int, n int) {
	for i := 0; i < n; i++ {
		m[i] = i // one insert
	}
	sinkIntMap = m
}

func s03None8()    { insert(make(map[int]int), 8) }
func s03Hint8()    { insert(make(map[int]int, 8), 8) }
func s03None9()    { insert(make(map[int]int), 9) }
func s03Hint9()    { insert(make(map[int]int, 9), 9) }
func s03None100()  { insert(make(map[int]int), 100) }
func s03Hint100()  { insert(make(map[int]int, 100), 100) }
func s03None1000() { insert(make(map[int]int), 1000) }
func s03Hint1000() { insert(make(map[int]int, 1000), 1000) }
