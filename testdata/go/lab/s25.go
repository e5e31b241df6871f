package main

func init() {
	add("s25Unbuffered", s25Unbuffered)
	add("s25Local", s25Local)
	add("s25Buffered", s25Buffered)
	add("s25Pointers", s25Pointers)
	add("s25Send", s25Send)
	add("s25Select", s25Select)
}

var (
	sinkChan    chan int
	sinkPairs   chan *pair
	first       = make(chan int, 1)
	second      = make(chan int, 1)
	neverClosed = make(chan int)
)

func s25Unbuffered() { sinkChan = make(chan int) }

func s25Local() {
	c := make(chan int, 1)
	c <- 1
	sinkInt = <-c
}

func s25Buffered() { sinkChan = make(chan int, 64) }
func s25Pointers() { sinkPairs = make(chan *pair, 64) }

func s25Send() {
	first <- 1
	sinkInt = <-first
}

func s25Select() {
	second <- 1
	select {
	case sinkInt = <-second:
	case sinkInt = <-neverClosed:
	}
}
