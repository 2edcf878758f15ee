package listen

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// A Bound keeps the number of a server's connections within a limit. Where one more
// comes, the connection goes that has waited longest for a request of its client; so
// thousands of clients that send nothing keep nobody out, probes of health least of
// all. Where each connection is at work, the new one goes.
type Bound struct {
	most int

	mu      sync.Mutex
	entries map[net.Conn]*connection
	waiting *list.List // of net.Conn, whose client has yet to send a request; the longest first
	open    int        // connections that are open and not being closed
}

// connection is what a Bound knows of an open connection.
type connection struct {
	place   *list.Element // in waiting; nil: at work
	evicted bool          // whether it is being closed, and isn't counted any more
}

// NewBound returns a Bound of most connections.
func NewBound(most int) *Bound {
	return &Bound{most: most, entries: map[net.Conn]*connection{}, waiting: list.New()}
}

// Track is an http.Server's ConnState.
func (b *Bound) Track(c net.Conn, state http.ConnState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[c]
	switch state {
	case http.StateNew:
		b.entries[c] = &connection{place: b.waiting.PushBack(c)}
		b.open++
		b.evict()
	case http.StateActive:
		b.leaveWaiting(e)
	case http.StateIdle:
		if e != nil && e.place == nil && !e.evicted {
			e.place = b.waiting.PushBack(c)
		}
	case http.StateClosed, http.StateHijacked:
		b.leaveWaiting(e)
		if e != nil && !e.evicted {
			b.open--
		}
		delete(b.entries, c)
	}
}

// Open returns how many connections are open.
func (b *Bound) Open() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open
}

func (b *Bound) leaveWaiting(e *connection) {
	if e != nil && e.place != nil {
		b.waiting.Remove(e.place)
		e.place = nil
	}
}

// evict closes connections that wait, of which the newest is one, until the rest is
// within the limit.
func (b *Bound) evict() {
	for b.open > b.most && b.waiting.Len() > 0 {
		c := b.waiting.Front().Value.(net.Conn)
		e := b.entries[c]
		b.leaveWaiting(e)
		e.evicted = true
		b.open--
		if secure, ok := c.(*tls.Conn); ok {
			c = secure.NetConn() // the TLS connection would wait to say goodbye
		}
		_ = c.Close()
	}
}
