package main

func init() {
	add("s20Key16", s20Key16)
	add("s20Key128", s20Key128)
	add("s20Key136", s20Key136)
}

type (
	key16  [16]byte
	key128 [128]byte
	key136 [136]byte
)

var (
	sink16  map[key16]int
	sink128 map[key128]int
	sink136 map[key136]int
)

func s20Key16() {
	m := make(map[key16]int)
	for i := 0; i < entries; i++ {
		m[key16{byte(i)}] = i
	}
	sink16 = m
}

func s20Key128() {
	m := make(map[key128]int)
	for i := 0; i < entries; i++ {
		m[key128{byte(i)}] = i
	}
	sink128 = m
}

func s20Key136() {
	m := make(map[key136]int)
	for i := 0; i < entries; i++ {
		m[key136{byte(i)}] = i
	}
	sink136 = m
}
