package main

import (
	"fmt"
	"strings"
)

func init() {
	add("s21Two", s21Two)
	add("s21Five", s21Five)
	add("s21Ten", s21Ten)
	add("s21Short", s21Short)
	add("s21Loop", s21Loop)
	add("s21Builder", s21Builder)
	add("s21Grow", s21Grow)
	add("s21Join", s21Join)
	add("s21Sprintf", s21Sprintf)
}

var part = "part of a text, "

func s21Two()   { sinkString = part + part }
func s21Five()  { sinkString = part + part + part + part + part }
func s21Ten()   { sinkString = part + part + part + part + part + part + part + part + part + part }
func s21Short() { s := key + key; sinkBool = s == text }

func s21Loop() {
	s := ""
	for i := 0; i < 10; i++ {
		s += part
	}
	sinkString = s
}

func s21Builder() {
	var b strings.Builder
	for i := 0; i < 10; i++ {
		b.WriteString(part)
	}
	sinkString = b.String()
}

func s21Grow() {
	var b strings.Builder
	b.Grow(10 * len(part))
	for i := 0; i < 10; i++ {
		b.WriteString(part)
	}
	sinkString = b.String()
}

var parts = []string{part, part, part, part, part, part, part, part, part, part}

func s21Join()    { sinkString = strings.Join(parts, "") }
func s21Sprintf() { sinkString = fmt.Sprintf("%s%d", part, million) }
