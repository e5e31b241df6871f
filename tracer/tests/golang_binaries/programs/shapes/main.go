// A program with one of each thing a symbolizer must tell apart.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"
	"sync"
)

type Node struct {
	Next  *Node
	Value [12]int
}

type Pair[K comparable, V any] struct {
	Key K
	Val V
}

type Stack[T any] struct{ items []T }

func (s *Stack[T]) Push(v T) { s.items = append(s.items, v) }

func (s *Stack[T]) Each(f func(T)) {
	for _, v := range s.items {
		func() { f(v) }()
	}
}

//go:noinline
func MapKeys[K comparable, V any](m map[K]V) []K {
	var ks []K
	for k := range m {
		ks = append(ks, k)
	}
	return ks
}

type Shape interface {
	Area() float64
	Name() string
}

type Base struct{ name string }

func (b Base) Name() string { return b.name }

type Square struct {
	Base
	side float64
}

func (s Square) Area() float64 { return s.side * s.side }

func leaf(n int) *Node { return &Node{Value: [12]int{n}} }

func middle(n int) *Node { return leaf(n + 1) }

func top(n int) *Node { return middle(n + 1) }

var sink any

//go:noinline
func build(n int) {
	for i := 0; i < n; i++ {
		sink = top(i)
	}
	sink = &struct {
		F uintptr
		X *int
	}{1, new(int)}
	sink = new(func(int) string)
	sink = &Pair[string, []Node]{}
	sink = make(map[string]Pair[int, string])
	sink = make(chan map[int]*Node, 4)
}

func main() {
	build(8)
	var s Stack[string]
	s.Push("a")
	s.Push(strings.Repeat("b", 4))
	s.Each(func(v string) { fmt.Fprintln(os.Stderr, v) })
	m := map[string]int{"a": 1, "b": 2}
	ks := MapKeys(m)
	sort.Strings(ks)
	var wg sync.WaitGroup
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			build(i)
		}(i)
		go build(i)
	}
	wg.Wait()
	var sh Shape = Square{Base{"sq"}, 2}
	area := sh.Area
	fmt.Println(area(), sh.Name(), ks)
	b, _ := json.Marshal(m)
	fmt.Println(string(b), reflect.TypeOf(sink))
}
