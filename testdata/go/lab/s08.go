package main

func init() {
	add("s08Int42", s08Int42)
	add("s08Int255", s08Int255)
	add("s08Int256", s08Int256)
	add("s08IntMillion", s08IntMillion)
	add("s08Constant", s08Constant)
	add("s08Local", s08Local)
	add("s08String", s08String)
	add("s08Struct", s08Struct)
	add("s08Array", s08Array)
	add("s08Pointer", s08Pointer)
}

var (
	twoFiftyFive = 255
	twoFiftySix  = 256
	aPair        = pair{1, 2}
	kilo         [1024]int
)

func s08Int42()      { sinkAny = fortyTwo }
func s08Int255()     { sinkAny = twoFiftyFive }
func s08Int256()     { sinkAny = twoFiftySix }
func s08IntMillion() { sinkAny = million }
func s08Constant()   { sinkAny = 1 << 20 }

//go:noinline
func isInt(x any) bool { _, ok := x.(int); return ok }

func s08Local()   { sinkBool = isInt(million) }
func s08String()  { sinkAny = text }
func s08Struct()  { sinkAny = aPair }
func s08Array()   { sinkAny = kilo }
func s08Pointer() { sinkAny = &kilo }
