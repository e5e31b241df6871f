package main

import "reflect"

func init() {
	add("s14Int", s14Int)
	add("s14Small", s14Small)
	add("s14Struct", s14Struct)
	add("s14Pointer", s14Pointer)
	add("s14Field", s14Field)
	add("s14Interface", s14Interface)
	add("s14InterfaceSmall", s14InterfaceSmall)
}

func s14Int()     { sinkInt = int(reflect.ValueOf(million).Int()) }
func s14Small()   { sinkInt = int(reflect.ValueOf(fortyTwo).Int()) }
func s14Struct()  { sinkInt = reflect.ValueOf(aPair).NumField() }
func s14Pointer() { sinkBool = reflect.ValueOf(&aPair).IsNil() }
func s14Field()   { sinkInt = int(reflect.ValueOf(&aPair).Elem().Field(1).Int()) }

// Fields that reflection hands out have to be exported.
type exported struct{ First, Second int }

var (
	bigFields   = exported{1 << 20, 1 << 20}
	smallFields = exported{1, 2}
)

func s14Interface() {
	sinkAny = reflect.ValueOf(&bigFields).Elem().Field(1).Interface()
}

func s14InterfaceSmall() {
	sinkAny = reflect.ValueOf(&smallFields).Elem().Field(1).Interface()
}
