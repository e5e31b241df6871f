package main

func init() {
	add("s06Ints4", s06Ints4)
	add("s06Overwrite", s06Overwrite)
	add("s06Bytes32", s06Bytes32)
	add("s06Bytes64", s06Bytes64)
	add("s06Bytes128", s06Bytes128)
	add("s06Bytes129", s06Bytes129)
	add("s06Bytes256", s06Bytes256)
	add("s06Escaping128", s06Escaping128)
	add("s06Escaping129", s06Escaping129)
}

var (
	arrays   = map[int][4]int{1: {}}
	sinkA128 map[int][128]byte
	sinkA129 map[int][129]byte
)

// Six entries into a map that stays in the function: it fits its first bucket, or
// its first group.
const entries = 6

func s06Ints4() {
	m := make(map[int][4]int)
	for i := 0; i < entries; i++ {
		m[i] = [4]int{i} // six entries
	}
	sinkInt = len(m)
}

func s06Overwrite() { arrays[1] = [4]int{fortyTwo} }

func s06Bytes32() {
	m := make(map[int][32]byte)
	for i := 0; i < entries; i++ {
		m[i] = [32]byte{1}
	}
	sinkInt = len(m)
}

func s06Bytes64() {
	m := make(map[int][64]byte)
	for i := 0; i < entries; i++ {
		m[i] = [64]byte{1}
	}
	sinkInt = len(m)
}

func s06Bytes128() {
	m := make(map[int][128]byte)
	for i := 0; i < entries; i++ {
		m[i] = [128]byte{1}
	}
	sinkInt = len(m)
}

func s06Bytes129() {
	m := make(map[int][129]byte)
	for i := 0; i < entries; i++ {
		m[i] = [129]byte{1}
	}
	sinkInt = len(m)
}

func s06Bytes256() {
	m := make(map[int][256]byte)
	for i := 0; i < entries; i++ {
		m[i] = [256]byte{1}
	}
	sinkInt = len(m)
}

func s06Escaping128() {
	m := make(map[int][128]byte)
	for i := 0; i < entries; i++ {
		m[i] = [128]byte{1}
	}
	sinkA128 = m
}

func s06Escaping129() {
	m := make(map[int][129]byte)
	for i := 0; i < entries; i++ {
		m[i] = [129]byte{1}
	}
	sinkA129 = m
}
