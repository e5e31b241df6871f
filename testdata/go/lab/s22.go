package main

func init() {
	add("s22ToBytes", s22ToBytes)
	add("s22ToBytesLocal", s22ToBytesLocal)
	add("s22ToString", s22ToString)
	add("s22ToString32", s22ToString32)
	add("s22ToString33", s22ToString33)
	add("s22Lookup", s22Lookup)
	add("s22Insert", s22Insert)
	add("s22Range", s22Range)
	add("s22Compare", s22Compare)
}

var byBytes = map[string]int{"12345678": 1}

func s22ToBytes()  { sinkBytes = []byte(text) }
func s22ToString() { sinkString = string(bytes46) }

// Up to 32 bytes that stay in the function are copied to its stack.
func s22ToBytesLocal() {
	b := []byte(key)
	b[0] = 'K'
	sinkInt = int(b[0])
}

func s22ToString32() {
	s := string(bytes32)
	bytes32[0]++
	sinkBool = s == text
}

func s22ToString33() {
	s := string(bytes33)
	bytes33[0]++
	sinkBool = s == text
}

func s22Lookup() { sinkInt = byBytes[string(bytes46)] }
func s22Insert() { byBytes[string(bytes46)] = 1 }

func s22Range() {
	for _, b := range []byte(text) {
		sinkInt += int(b)
	}
}

func s22Compare() { sinkBool = string(bytes46) == text }
