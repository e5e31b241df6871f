package main

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"sort"
	"strings"
)

func init() {
	add("s30Buffer", s30Buffer)
	add("s30BufferLocal", s30BufferLocal)
	add("s30Reader", s30Reader)
	add("s30ReadAll", s30ReadAll)
	add("s30ReadFull", s30ReadFull)
	add("s30Split", s30Split)
	add("s30FindString", s30FindString)
	add("s30SortSlice", s30SortSlice)
	add("s30Sort", s30Sort)
}

var (
	sinkBuffer *bytes.Buffer
	sinkReader *bufio.Reader
	sinkList10 []string
	commas     = "a,b,c,d,e,f,g,h,i,j"
	pattern    = regexp.MustCompile(`[a-z]+ that`)
	numbers    = []int{5, 2, 8, 1, 9, 3, 7, 4, 6, 0}
)

func s30Buffer() {
	var b bytes.Buffer
	b.WriteString(key)
	sinkBuffer = &b
}

func s30BufferLocal() {
	var b bytes.Buffer
	b.WriteString(key)
	sinkInt = b.Len()
}

func s30Reader() { sinkReader = bufio.NewReader(strings.NewReader(text)) }

func s30ReadAll() { sinkBytes, _ = io.ReadAll(strings.NewReader(megabyte)) }

func s30ReadFull() {
	b := make([]byte, len(megabyte))
	_, _ = io.ReadFull(strings.NewReader(megabyte), b)
	sinkBytes = b
}

func s30Split()      { sinkList10 = strings.Split(commas, ",") }
func s30FindString() { sinkString = pattern.FindString(text) }

func s30SortSlice() {
	sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
}

func s30Sort() { sort.Ints(numbers) }
