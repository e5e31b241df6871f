package main

func init() {
	add("s04Package", s04Package)
	add("s04Local", s04Local)
}

var literal = map[string]int{"one": 1, "two": 2, "key": 3}

func s04Package() { sinkInt = literal[key] }

func s04Local() {
	m := map[string]int{"one": 1, "two": 2, "key": 3}
	sinkMap = m
	sinkInt = m[key]
}
