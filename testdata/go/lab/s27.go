package main

import "sync"

func init() {
	add("s27Make", s27Make)
	add("s27Delete", s27Delete)
	add("s27Pool", s27Pool)
}

var (
	sinkRequest map[int]int
	reused      = map[int]int{}
	requests    = sync.Pool{New: func() any { return map[int]int{} }}
)

const fields = 100

//go:noinline
func handle(m map[int]int) {
	for i := 0; i < fields; i++ {
		m[i] = i // a request
	}
}

func s27Make() {
	m := make(map[int]int)
	sinkRequest = m
	handle(m)
}

func s27Delete() {
	for k := range reused {
		delete(reused, k)
	}
	handle(reused)
}

func s27Pool() {
	m := requests.Get().(map[int]int)
	for k := range m {
		delete(m, k)
	}
	handle(m)
	requests.Put(m)
}
