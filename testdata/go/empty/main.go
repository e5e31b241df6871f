// Program empty allocates nothing: what the protocol itself allocates between
// the two readings of the counters is zero objects.
package main

import "fixtures/truth"

func section() {}

func main() {
	truth.Run(truth.Program{Section: section})
}
