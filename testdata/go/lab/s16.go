package main

func init() {
	add("s16Four", s16Four)
	add("s16Five", s16Five)
	add("s16FiveEscaping", s16FiveEscaping)
	add("s16FromNil", s16FromNil)
}

func s16Four() {
	s := make([]int, 0, 4)
	s = append(s, small, 2, 3, 4)
	sinkInt = len(s)
}

func s16Five() {
	s := make([]int, 4, 4)
	s = append(s, small)
	sinkInt = s[0] + len(s)
}

func s16FiveEscaping() {
	s := make([]int, 4, 4)
	s = append(s, small)
	sinkInts = s
}

func s16FromNil() {
	var s []int
	for i := 0; i < 5; i++ {
		s = append(s, i)
	}
	sinkInt = s[0] + len(s)
}
