package main

func init() {
	add("s24Map", s24Map)
	add("s24MapPlain", s24MapPlain)
	add("s24List", s24List)
	add("s24Constraint", s24Constraint)
	add("s24Converted", s24Converted)
}

// Map is what the claim is about.
func Map[T, U any](in []T, f func(T) U) []U {
	out := make([]U, 0, len(in))
	for _, x := range in {
		out = append(out, f(x))
	}
	return out
}

func double(x int) int { return 2 * x }

var eight = []int{1, 2, 3, 4, 5, 6, 7, 8}

func s24Map() { sinkInts = Map(eight, double) }

func s24MapPlain() {
	out := make([]int, 0, len(eight))
	for _, x := range eight {
		out = append(out, double(x))
	}
	sinkInts = out
}

type list[T any] struct {
	next  *list[T]
	value T
}

func push[T any](l *list[T], value T) *list[T] { return &list[T]{next: l, value: value} }

var sinkList *list[int]

func s24List() { sinkList = push(push(nil, fortyTwo), million) }

type totaler interface{ total() int }

//go:noinline
func totalOf[T totaler](x T) int { return x.total() }

func s24Constraint() { sinkInt = totalOf(&aPair) }

//go:noinline
func asAny[T any](x T) any { return x }

func s24Converted() { sinkAny = asAny(million) }
