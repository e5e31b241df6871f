package main

func init() {
	add("s19Value", s19Value)
	add("s19Pointer", s19Pointer)
	add("s19FillValues", s19FillValues)
	add("s19FillPointers", s19FillPointers)
}

// Big is more than the 128 bytes a map holds in place.
type Big struct {
	count int
	rest  [248]byte
}

var (
	bigs        = map[string]Big{"key": {}}
	bigPointers = map[string]*Big{"key": {}}

	bigKeys      = []string{"a", "b", "c", "d", "e", "f"}
	sinkBigs     map[string]Big
	sinkPointers map[string]*Big
)

func s19Value() {
	b := bigs[key]
	b.count++
	bigs[key] = b
}

func s19Pointer() { bigPointers[key].count++ }

func s19FillValues() {
	m := make(map[string]Big)
	for _, k := range bigKeys {
		m[k] = Big{count: 1}
	}
	sinkBigs = m
}

func s19FillPointers() {
	m := make(map[string]*Big)
	for _, k := range bigKeys {
		m[k] = &Big{count: 1}
	}
	sinkPointers = m
}
