package main

import "sync"

func init() {
	shared.Store("key", "value")
	add("s05LoadHit", s05LoadHit)
	add("s05LoadMiss", s05LoadMiss)
	add("s05StoreNew", s05StoreNew)
	add("s05StoreExisting", s05StoreExisting)
	add("s05LockedNew", s05LockedNew)
	add("s05LockedExisting", s05LockedExisting)
}

// Keys and values are of interface types already: boxing is another scenario.
var (
	shared      sync.Map
	sharedKey   any = "key"
	sharedValue any = "value"
	missing     any = "missing"

	lock   sync.RWMutex
	locked = map[any]any{"key": "value"}
)

func s05LoadHit()  { sinkAny, _ = shared.Load(sharedKey) }
func s05LoadMiss() { sinkAny, _ = shared.Load(missing) }

func s05StoreNew() {
	shared.Delete(missing)
	shared.Store(missing, sharedValue)
}

func s05StoreExisting() { shared.Store(sharedKey, sharedValue) }

func s05LockedNew() {
	lock.Lock()
	delete(locked, missing)
	locked[missing] = sharedValue
	lock.Unlock()
}

func s05LockedExisting() {
	lock.Lock()
	locked[sharedKey] = sharedValue
	lock.Unlock()
}
