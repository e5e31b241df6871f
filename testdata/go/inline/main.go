// Program inline allocates in small functions that the compiler inlines into
// their callers: the site is the function as written, not the one that is
// called.
package main

import "fixtures/truth"

type node struct {
	next  *node
	value int
}

type tree struct {
	left, right *tree
}

var (
	nodeSink *node
	treeSink *tree
)

func leaf(value int) *node {
	return &node{value: value} // <- site
}

func inner() *tree {
	return &tree{} // <- site
}

func middle() *tree {
	return inner()
}

//go:noinline
func callsLeaf(value int) {
	nodeSink = leaf(value)
}

//go:noinline
func callsMiddle() {
	treeSink = middle()
}

const many = 1000

func section() {
	for i := 0; i < many; i++ {
		callsLeaf(i)
		callsMiddle()
	}
}

func main() {
	truth.Run(truth.Program{Section: section, Sites: []*truth.Site{
		{
			Function: "main.leaf", Objects: many, Bytes: many * 16,
			Type: "main.node", Cause: "new",
		},
		{
			Function: "main.inner", Objects: many, Bytes: many * 16,
			Type: "main.tree", Cause: "new",
		},
	}})
}
