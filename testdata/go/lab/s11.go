package main

import "sync"

func init() {
	add("s11Value", s11Value)
	add("s11Pointer", s11Pointer)
	add("s11Slice", s11Slice)
	add("s11SlicePointer", s11SlicePointer)
}

var (
	values   = sync.Pool{New: func() any { return [8]int{} }}
	pointers = sync.Pool{New: func() any { return new([8]int) }}
	slices   = sync.Pool{New: func() any { return make([]byte, 0, 64) }}
	buffers  = sync.Pool{New: func() any { b := make([]byte, 0, 64); return &b }}
)

func s11Value() {
	a := values.Get().([8]int)
	a[0]++
	values.Put(a)
}

func s11Pointer() {
	a := pointers.Get().(*[8]int)
	a[0]++
	pointers.Put(a)
}

func s11Slice() {
	b := slices.Get().([]byte)
	slices.Put(b[:0])
}

func s11SlicePointer() {
	b := buffers.Get().(*[]byte)
	*b = append((*b)[:0], 1, 2, 3)
	buffers.Put(b)
}
