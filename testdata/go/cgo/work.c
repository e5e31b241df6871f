// A static function between two calls that cross the language border: it has a
// name in the symbol table and no frame in Go's tables.
#include "_cgo_export.h"

__attribute__((noinline)) static int each(int value)
{
	return goCallback(value) + 1;
}

int call_back(int times)
{
	int sum = 0;
	for (int i = 0; i < times; i++)
		sum += each(i);
	return sum;
}
