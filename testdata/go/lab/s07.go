package main

func init() {
	add("s07One", s07One)
	add("s07Six", s07Six)
	add("s07Eight", s07Eight)
}

//go:noinline
func returnsMap(n int) map[int][32]byte {
	m := make(map[int][32]byte)
	for i := 0; i < n; i++ {
		m[i] = [32]byte{1} // an array per entry
	}
	return m
}

func s07One()   { sinkInt = len(returnsMap(1)) }
func s07Six()   { sinkInt = len(returnsMap(6)) }
func s07Eight() { sinkInt = len(returnsMap(8)) }
