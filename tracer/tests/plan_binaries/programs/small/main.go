// Program small reaches every function that a plan is about, and imports
// nothing, so that it builds fast.
package main

var (
	byInt    map[int]int
	byString map[string]int
	bytes    []byte
)

//go:noinline
func fill(n int) {
	byInt = make(map[int]int)
	byString = make(map[string]int, n)
	for i := 0; i < n; i++ {
		byInt[i] = i
	}
	byString["n"] = n
	bytes = make([]byte, n)
}

func main() {
	fill(100)
	println(len(byInt), len(byString), len(bytes))
}
