// Program regression does -n rounds of work. In each it allocates 20 objects in
// steady and -k in changed, so that two runs which differ in -k are a program
// before and after a change at one site. It prints how many objects each made.
package main

import (
	"flag"
	"fmt"
)

type cell struct {
	next *cell
	data [7]int
}

var sink *cell

//go:noinline
func steady() {
	sink = &cell{}
}

//go:noinline
func changed() {
	sink = &cell{}
}

func main() {
	rounds := flag.Int("n", 1, "rounds")
	each := flag.Int("k", 5, "objects of changed in a round")
	flag.Parse()
	for i := 0; i < *rounds; i++ {
		for j := 0; j < 20; j++ {
			steady()
		}
		for j := 0; j < *each; j++ {
			changed()
		}
	}
	fmt.Println("steady", 20**rounds, "changed", *each**rounds)
}
