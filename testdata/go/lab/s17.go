package main

func init() {
	add("s17Panic", s17Panic)
	add("s17NoPanic", s17NoPanic)
}

var never map[string]int

func s17Panic() {
	defer func() { sinkBool = recover() != nil }()
	never[key] = 1
}

var always = map[string]int{}

func s17NoPanic() {
	defer func() { sinkBool = recover() != nil }()
	always[key] = 1
}
