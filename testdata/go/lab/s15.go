package main

func init() {
	add("s15CapConstant", s15CapConstant)
	add("s15LenConstant", s15LenConstant)
	add("s15CapSmall", s15CapSmall)
	add("s15LenSmall", s15LenSmall)
	add("s15Len32", s15Len32)
	add("s15Len33", s15Len33)
	add("s15VarSmall", s15VarSmall)
	add("s15Var1000", s15Var1000)
	add("s15CapLarge", s15CapLarge)
	add("s15LenLarge", s15LenLarge)
	add("s15Cap64K", s15Cap64K)
	add("s15Over64K", s15Over64K)
	add("s15EscapingCap", s15EscapingCap)
	add("s15EscapingLen", s15EscapingLen)
}

func s15CapConstant() {
	s := make([]byte, 0, 64)
	for i := 0; i < 64; i++ {
		s = append(s, byte(i))
	}
	sinkInt = len(s)
}

func s15LenConstant() {
	s := make([]byte, 64)
	for i := range s {
		s[i] = byte(i)
	}
	sinkInt = len(s)
}

func s15CapSmall() {
	s := make([]byte, 0, small)
	for i := 0; i < small; i++ {
		s = append(s, byte(i))
	}
	sinkInt = len(s)
}

func s15LenSmall() {
	s := make([]byte, small)
	for i := range s {
		s[i] = byte(i)
	}
	sinkInt = len(s)
}

func s15Len32() {
	s := make([]byte, limit)
	sinkInt = len(s)
}

func s15Len33() {
	s := make([]byte, beyond)
	sinkInt = len(s)
}

func s15VarSmall() {
	var s []byte
	for i := 0; i < small; i++ {
		s = append(s, byte(i))
	}
	sinkInt = len(s)
}

func s15Var1000() {
	var s []byte
	for i := 0; i < 1000; i++ {
		s = append(s, byte(i))
	}
	sinkInt = len(s)
}

func s15CapLarge() {
	s := make([]byte, 0, large)
	sinkInt = len(append(s, 1))
}

func s15LenLarge() {
	s := make([]byte, large)
	sinkInt = len(s)
}

func s15Cap64K() {
	s := make([]byte, 0, 64<<10)
	sinkInt = len(append(s, 1))
}

func s15Over64K() {
	s := make([]byte, 0, 64<<10+1)
	sinkInt = len(append(s, 1))
}

func s15EscapingCap() {
	s := make([]byte, 0, small)
	for i := 0; i < small; i++ {
		s = append(s, byte(i))
	}
	sinkBytes = s
}

func s15EscapingLen() {
	s := make([]byte, small)
	for i := range s {
		s[i] = byte(i)
	}
	sinkBytes = s
}
