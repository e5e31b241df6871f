// Program generics allocates in generic functions and methods. Go prints their
// instantiations with the type arguments folded to [...], so they share a name.
package main

import (
	"fixtures/truth"
	"unsafe"
)

type pair[K comparable, V any] struct {
	key   K
	value V
}

type list[T any] struct {
	head *element[T]
}

type element[T any] struct {
	next  *element[T]
	value T
}

var (
	ints    *pair[int, int]
	strings *pair[string, *int]
	numbers list[int]
	names   list[string]
	slice   []string
)

//go:noinline
func newPair[K comparable, V any](key K, value V) *pair[K, V] {
	return &pair[K, V]{key, value} // <- site
}

//go:noinline
func (l *list[T]) push(value T) {
	l.head = &element[T]{value: value} // <- site
}

//go:noinline
func makeSlice[T any](n int) []T {
	return make([]T, n) // <- site
}

const many = 1000

func section() {
	for i := 0; i < many; i++ {
		ints = newPair(i, i)
		strings = newPair("key", &i0)
		numbers.push(i)
		names.push("name")
		slice = makeSlice[string](5)
	}
}

var i0 int

func main() {
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		{
			Function: "main.newPair[...]",
			Objects:  2 * many,
			Bytes:    many * uint64(unsafe.Sizeof(*ints)+unsafe.Sizeof(*strings)),
			Cause:    "new",
		},
		{
			Function: "main.(*list[...]).push",
			Objects:  2 * many,
			Bytes:    many * uint64(unsafe.Sizeof(element[int]{})+unsafe.Sizeof(element[string]{})),
			Cause:    "new",
		},
		{
			Function: "main.makeSlice[...]",
			Objects:  many,
			Bytes:    many * 5 * uint64(unsafe.Sizeof("")),
			Cause:    "make slice",
		},
	}})
}
