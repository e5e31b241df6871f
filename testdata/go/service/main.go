// Program service is the demonstration's target: a small order service without
// a network, that allocates in a dozen known ways at a modest rate until it is
// killed. Each way is a function of its own.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

type order struct {
	ID       int               `json:"id"`
	Customer string            `json:"customer"`
	Lines    []line            `json:"lines"`
	Tags     map[string]string `json:"tags"`
}

type line struct {
	Product string `json:"product"`
	Count   int    `json:"count"`
	Cents   int64  `json:"cents"`
}

type session struct {
	customer string
	history  []*order
	buffer   [2048]byte
}

type event struct {
	name string
	at   time.Time
	args []any
}

const (
	requestsPerTick = 20
	tick            = 10 * time.Millisecond
	keptOrders      = 500
)

var products = []string{"kettle", "teapot", "strainer", "tin", "cup"}

type service struct {
	mu       sync.Mutex
	orders   map[int]*order
	sessions map[string]*session
	events   chan event
	buffers  sync.Pool
	served   int
}

func newService() *service {
	s := &service{
		orders:   make(map[int]*order),
		sessions: make(map[string]*session),
		events:   make(chan event, 64),
	}
	s.buffers.New = func() any { return new(bytes.Buffer) }
	return s
}

func (s *service) newOrder(id int) *order {
	return &order{ID: id, Customer: customerName(id), Tags: orderTags(id)}
}

func customerName(id int) string {
	return "customer-" + fmt.Sprint(id%97)
}

func orderTags(id int) map[string]string {
	return map[string]string{"channel": "web", "priority": fmt.Sprint(id % 3)}
}

func addLines(o *order) {
	for i := 0; i <= o.ID%7; i++ {
		o.Lines = append(o.Lines, line{products[i%len(products)], i + 1, int64(i * 250)})
	}
}

func (s *service) findSession(customer string) *session {
	found := s.sessions[customer]
	if found == nil || len(found.history) > 50 {
		found = &session{customer: customer}
		s.sessions[customer] = found
	}
	return found
}

func (s *service) encode(o *order) []byte {
	buffer := s.buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	defer s.buffers.Put(buffer)
	if err := json.NewEncoder(buffer).Encode(o); err != nil {
		panic(err)
	}
	return append([]byte(nil), buffer.Bytes()...)
}

func decode(text []byte) *order {
	var o order
	if err := json.Unmarshal(text, &o); err != nil {
		panic(err)
	}
	return &o
}

func logLine(o *order) string {
	var b strings.Builder
	for _, l := range o.Lines {
		b.WriteString(l.Product)
		b.WriteByte(' ')
	}
	return strings.ToUpper(b.String())
}

func sortedProducts(o *order) []string {
	names := make([]string, 0, len(o.Lines))
	for _, l := range o.Lines {
		names = append(names, l.Product)
	}
	sort.Slice(names, func(i, j int) bool { return names[i] < names[j] })
	return names
}

func (s *service) notify(name string, args ...any) {
	s.events <- event{name, time.Now(), args}
}

func (s *service) handle(id int) {
	o := s.newOrder(id)
	addLines(o)
	copied := decode(s.encode(o))
	s.mu.Lock()
	s.orders[id] = copied
	delete(s.orders, id-keptOrders)
	current := s.findSession(o.Customer)
	current.history = append(current.history, copied)
	s.served++
	s.mu.Unlock()
	s.notify("order", id, logLine(copied), sortedProducts(copied))
}

func (s *service) audit() {
	var last []event
	for e := range s.events {
		last = append(last, e)
		if len(last) == 1000 {
			last = nil
		}
	}
}

func main() {
	s := newService()
	go s.audit()
	fmt.Println(os.Getpid())
	id := 0
	for range time.Tick(tick) {
		var group sync.WaitGroup
		for i := 0; i < requestsPerTick; i++ {
			id++
			group.Add(1)
			go func(id int) {
				defer group.Done()
				s.handle(id)
			}(id)
		}
		group.Wait()
	}
}
