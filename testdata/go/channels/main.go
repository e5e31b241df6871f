// Program channels makes channels: without a buffer and with a buffer free of
// pointers one object, with a buffer of pointers two.
package main

import "fixtures/truth"

type message struct {
	next *message
	body [2]int
}

var (
	plainSink   chan int
	messageSink chan message
	pointerSink chan *message
	emptySink   chan struct{}
)

//go:noinline
func makeUnbuffered() {
	plainSink = make(chan int)
}

//go:noinline
func makeSignals() {
	emptySink = make(chan struct{}, 10)
}

//go:noinline
func makeNoscan() {
	plainSink = make(chan int, 10)
}

//go:noinline
func makeVariable(n int) {
	plainSink = make(chan int, n)
}

//go:noinline
func makePointers() {
	pointerSink = make(chan *message, 10)
}

//go:noinline
func makeMessages() {
	messageSink = make(chan message, 10)
}

const (
	many    = 1000
	lengths = 100
	// Elements of the buffers of constant size.
	elements = 10
)

func section() {
	for i := 0; i < many; i++ {
		makeUnbuffered()
		makeSignals()
		makeNoscan()
		makeVariable(i % lengths)
		makePointers()
		makeMessages()
	}
}

func site(function string, each, bytes uint64) *truth.Site {
	return &truth.Site{
		Function: function,
		Objects:  many * each,
		Bytes:    bytes,
		Cause:    "channel",
	}
}

// channelSize is the size of the channel itself, a multiple of 8. An element
// free of pointers is in the same object. Go 1.23 added a timer and Go 1.25 a
// bubble (go1.22, go1.23 and go1.25 src/runtime/chan.go, hchan; go1.25
// src/runtime/chan.go:30, hchanSize).
func channelSize() uint64 {
	switch minor := truth.Minor(); {
	case minor < 23:
		return 96
	case minor < 25:
		return 104
	default:
		return 112
	}
}

func main() {
	hchan := channelSize()
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		site("main.makeUnbuffered", 1, many*hchan),
		site("main.makeSignals", 1, many*hchan),
		site("main.makeNoscan", 1, many*(hchan+8*elements)),
		site("main.makeVariable", 1, many*hchan+8*(many/lengths)*(lengths*(lengths-1)/2)),
		site("main.makePointers", 2, many*(hchan+8*elements)),
		site("main.makeMessages", 2, many*(hchan+24*elements)),
	}})
}
