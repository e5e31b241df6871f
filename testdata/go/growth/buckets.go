//go:build !go1.24

package main

import "unsafe"

// tables is the front of a map (`hmap`, go1.19 src/runtime/map.go:113, go1.23 :109).
type tables struct {
	entries int
	_       [8]byte
	buckets unsafe.Pointer
}

func look(m unsafe.Pointer) tables { return *(*tables)(m) }

// count counts a step, if the map has other buckets now.
func (before tables) count(a *account, m unsafe.Pointer) {
	if before.buckets != nil && look(m).buckets != before.buckets {
		a.Steps++
		a.Copied += before.entries
	}
}
