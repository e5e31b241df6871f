package main

func init() {
	add("s10Returned", s10Returned)
	add("s10Passed", s10Passed)
	add("s10Copied", s10Copied)
}

//go:noinline
func slices1024() []int {
	arr := [1024]int{}
	return arr[:]
}

func s10Returned() { sinkInts = slices1024() }

//go:noinline
func sum(s []int) (total int) {
	for _, x := range s {
		total += x
	}
	return
}

func s10Passed() {
	arr := [1024]int{1}
	sinkInt = sum(arr[:])
}

//go:noinline
func array1024() [1024]int {
	arr := [1024]int{}
	return arr
}

func s10Copied() {
	arr := array1024()
	sinkInt = arr[1]
}
