package main

func init() {
	add("s12Nested", s12Nested)
	add("s12StructKey", s12StructKey)
	add("s12Flat", s12Flat)
}

const side = 16

var (
	sinkNested map[int]map[int][8]byte
	sinkCells  map[cell][8]byte
	sinkFlat   [][8]byte
)

type cell struct{ row, column int }

func s12Nested() {
	m := make(map[int]map[int][8]byte, side)
	for i := 0; i < side; i++ {
		m[i] = make(map[int][8]byte, side)
		for j := 0; j < side; j++ {
			m[i][j] = [8]byte{1}
		}
	}
	sinkNested = m
}

func s12StructKey() {
	m := make(map[cell][8]byte, side*side)
	for i := 0; i < side; i++ {
		for j := 0; j < side; j++ {
			m[cell{i, j}] = [8]byte{1}
		}
	}
	sinkCells = m
}

func s12Flat() {
	s := make([][8]byte, side*side)
	for i := range s {
		s[i] = [8]byte{1}
	}
	sinkFlat = s
}
