package main

func init() {
	add("s18Overwrite", s18Overwrite)
	add("s18Increment", s18Increment)
	add("s18Reinsert", s18Reinsert)
	add("s18LargeReinsert", s18LargeReinsert)
}

var (
	counts = map[string]int{"key": 1, "other": 2}
	larges = map[int][256]byte{1: {}}
)

func s18Overwrite() { counts[key] = 5 }
func s18Increment() { counts[key]++ }

func s18Reinsert() {
	delete(counts, key)
	counts[key] = 1
}

func s18LargeReinsert() {
	delete(larges, 1)
	larges[1] = [256]byte{1}
}
