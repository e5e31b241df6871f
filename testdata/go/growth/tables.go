//go:build go1.24

package main

import "unsafe"

// header is the front of a map (`Map`, go1.24 src/internal/runtime/maps/map.go:194).
type header struct {
	used      uint64
	_         uint64
	directory unsafe.Pointer
	length    int
}

// table is the front of a table (go1.24 src/internal/runtime/maps/table.go:23).
type table struct{ used, capacity uint16 }

// tables is what a map is made of: its tables, or entries in a single group.
type tables struct {
	entries int
	all     [64]*table
	used    [64]int
	length  int
}

func look(m unsafe.Pointer) (found tables) {
	h := (*header)(m)
	found.entries = int(h.used)
	for i := 0; i < h.length; i++ {
		t := *(**table)(unsafe.Add(h.directory, 8*i))
		// A table that is in the directory several times stands side by side.
		if found.length == 0 || found.all[found.length-1] != t {
			found.all[found.length] = t
			found.used[found.length] = int(t.used)
			found.length++
		}
	}
	return found
}

func (t *tables) has(one *table) bool {
	for _, other := range t.all[:t.length] {
		if other == one {
			return true
		}
	}
	return false
}

// count counts a step for each table that is gone, or for the group.
func (t tables) count(a *account, m unsafe.Pointer) {
	now := look(m)
	if t.length == 0 && now.length > 0 {
		a.Steps++
		a.Copied += t.entries
	}
	for i, one := range t.all[:t.length] {
		if !now.has(one) {
			a.Steps++
			a.Copied += t.used[i]
		}
	}
}
