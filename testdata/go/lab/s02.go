package main

func init() {
	add("s02Local", s02Local)
	add("s02Escaping", s02Escaping)
	add("s02ReadOnly", s02ReadOnly)
}

func s02Local() {
	m := make(map[string]int)
	sinkInt = m[key]
}

func s02Escaping() {
	m := make(map[string]int)
	sinkMap = m
	sinkInt = m[key]
}

var empty = make(map[string]int)

func s02ReadOnly() { sinkInt = empty[key] }
