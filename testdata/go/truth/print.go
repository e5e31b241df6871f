package truth

import "strconv"

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// Print writes the truth as one line of JSON. The sites' names need no
// escaping beyond what strconv.Quote does for plain ASCII.
func Print(p Program) {
	out := `{"mallocs":` + itoa(after.Mallocs-before.Mallocs) +
		`,"total_alloc":` + itoa(after.TotalAlloc-before.TotalAlloc) +
		`,"num_gc":` + itoa(uint64(after.NumGC-before.NumGC)) +
		`,"sites":[`
	for i, s := range p.Sites {
		if i > 0 {
			out += ","
		}
		// A measured site knows what the runtime set aside, an arithmetical
		// one what it asked for.
		bytes, heapBytes := itoa(s.Bytes), "null"
		if s.measured {
			bytes, heapBytes = "null", itoa(s.heapBytes)
		}
		out += `{"function":` + strconv.Quote(s.Function) +
			`,"objects":` + itoa(s.Objects) +
			`,"bytes":` + bytes +
			`,"heap_bytes":` + heapBytes +
			`,"type":` + orNull(s.Type) +
			`,"cause":` + orNull(s.Cause) + `}`
	}
	out += `],"calls":[`
	for i, c := range p.Calls {
		if i > 0 {
			out += ","
		}
		out += `{"call":` + strconv.Quote(c.Call) +
			`,"function":` + strconv.Quote(c.Function) +
			`,"type":` + strconv.Quote(c.Type) +
			`,"calls":` + itoa(c.Calls) + `}`
	}
	write([]byte(out + "]}\n"))
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return strconv.Quote(s)
}
