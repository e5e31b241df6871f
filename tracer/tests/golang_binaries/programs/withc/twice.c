extern int goCallback(int);

__attribute__((noinline)) int twice(int x) {
	return 2 * goCallback(x);
}

static inline int inner(int x) {
	return 3 * goCallback(x);
}

int calls_back(int x) {
	return goCallback(inner(x)) + twice(x);
}
