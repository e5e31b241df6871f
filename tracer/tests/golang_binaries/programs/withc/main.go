// A program that is partly C, and whose C code calls back into Go.
package main

/*
extern int goCallback(int);
int twice(int x);
int calls_back(int x);
*/
import "C"

import "fmt"

//export goCallback
func goCallback(x C.int) C.int { return x + C.int(len(fmt.Sprint(x))) }

func main() {
	fmt.Println(C.calls_back(7))
}
