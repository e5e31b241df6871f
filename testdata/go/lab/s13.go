package main

import (
	"bytes"
	"encoding/json"
	"strconv"
)

func init() {
	add("s13Struct", s13Struct)
	add("s13Pointer", s13Pointer)
	add("s13Map", s13Map)
	add("s13Encoder", s13Encoder)
	add("s13Append", s13Append)
	add("s13AppendLocal", s13AppendLocal)
}

type user struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

var (
	aUser  = user{ID: 1234, Name: "someone"}
	users  = map[string]int{"id": 1234, "age": 42}
	output bytes.Buffer
)

func s13Struct()  { sinkBytes, _ = json.Marshal(aUser) }
func s13Pointer() { sinkBytes, _ = json.Marshal(&aUser) }
func s13Map()     { sinkBytes, _ = json.Marshal(users) }

func s13Encoder() {
	output.Reset()
	_ = json.NewEncoder(&output).Encode(&aUser)
}

func appendUser(b []byte, u *user) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, int64(u.ID), 10)
	b = append(b, `,"name":`...)
	b = strconv.AppendQuote(b, u.Name)
	return append(b, '}')
}

func s13Append() {
	b := make([]byte, 0, 64)
	sinkBytes = appendUser(b, &aUser)
}

func s13AppendLocal() {
	var buffer [64]byte
	sinkInt = len(appendUser(buffer[:0], &aUser))
}
