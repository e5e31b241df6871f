//go:build go1.21

package main

func init() { add("s27Clear", s27Clear) }

var cleared = map[int]int{}

func s27Clear() {
	clear(cleared)
	handle(cleared)
}
