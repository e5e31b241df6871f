package main

func init() {
	add("s01Read", s01Read)
	add("s01CheckKey", s01CheckKey)
	add("s01CommaOk", s01CommaOk)
}

func s01Read() {
	var m map[string]int
	sinkInt = m[key]
}

//go:noinline
func checkKey(m map[string]int, k string) bool { return m[k] != 0 }

func s01CheckKey() {
	var m map[string]int
	sinkBool = checkKey(m, key)
}

func s01CommaOk() {
	var m map[string]int
	_, sinkBool = m[key]
}
