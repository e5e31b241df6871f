// Program putload writes to an etcd through its JSON gateway, one request after
// the other on each of a few connections, and prints how many requests it made
// and how long they took.
package main

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	address     = flag.String("address", "127.0.0.1:2379", "where etcd listens for clients")
	connections = flag.Int("c", 4, "connections")
	puts        = flag.Int64("n", 1000, "puts")
	keys        = flag.Int("keys", 1000, "keys, in turn")
	valueBytes  = flag.Int("bytes", 256, "size of a value")
)

// bodies makes one request for each key.
func bodies() [][]byte {
	value := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("v", *valueBytes)))
	all := make([][]byte, *keys)
	for i := range all {
		key := base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("key-%08d", i)))
		all[i] = []byte(fmt.Sprintf(`{"key":"%s","value":"%s"}`, key, value))
	}
	return all
}

func put(client *http.Client, url string, body []byte) error {
	answer, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd answers %s", answer.Status)
	}
	return nil
}

func main() {
	flag.Parse()
	url := "http://" + *address + "/v3/kv/put"
	client := &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: *connections},
		Timeout:   30 * time.Second,
	}
	all := bodies()
	var next int64
	var group sync.WaitGroup
	start := time.Now()
	for i := 0; i < *connections; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				n := atomic.AddInt64(&next, 1)
				if n > *puts {
					return
				}
				if err := put(client, url, all[n%int64(len(all))]); err != nil {
					fmt.Fprintln(os.Stderr, "putload:", err)
					os.Exit(1)
				}
			}
		}()
	}
	group.Wait()
	fmt.Printf("%d puts in %d ns\n", *puts, time.Since(start).Nanoseconds())
}
