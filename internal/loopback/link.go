package loopback

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
)

// Link is the wire to a server: all that goes to and fro is counted, and the wire
// can be cut, at once or after some bytes.
type Link struct {
	listener net.Listener
	target   string

	mu       sync.Mutex
	conns    map[net.Conn]bool // whether something may still be written to it
	down     bool
	left     int64 // bytes until it is cut; negative: it is not
	out, in  int64
	finished sync.WaitGroup
}

// Wire puts a link between the server and whoever uses s.SSH from now on, until the
// test ends.
func (s *Server) Wire(t *testing.T) *Link {
	t.Helper()
	l := &Link{target: net.JoinHostPort(s.Host, fmt.Sprint(s.SSH.Port)), conns: map[net.Conn]bool{}, left: -1}
	var err error
	l.listener, err = net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	known, err := os.ReadFile(s.SSH.KnownHosts)
	check(t, err)
	port := l.listener.Addr().(*net.TCPAddr).Port
	_, key, _ := strings.Cut(string(known), " ")
	check(t, os.WriteFile(s.SSH.KnownHosts, fmt.Appendf(known, "[127.0.0.1]:%d %s", port, key), 0o600))
	s.SSH.Port = port
	l.finished.Add(1)
	go l.serve()
	t.Cleanup(func() {
		l.listener.Close()
		l.Cut()
		l.finished.Wait()
	})
	return l
}

func (l *Link) serve() {
	defer l.finished.Done()
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.target)
		if err != nil {
			near.Close()
			continue
		}
		if !l.take(near, far) {
			continue
		}
		l.finished.Add(2)
		go l.carry(far, near, &l.out)
		go l.carry(near, far, &l.in)
	}
}

// take adds a connection, unless the link is cut.
func (l *Link) take(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		if l.down {
			c.Close()
			continue
		}
		l.conns[c] = true
	}
	return !l.down
}

// carry brings one direction of a connection across.
func (l *Link) carry(to, from net.Conn, count *int64) {
	defer l.finished.Done()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n = l.count(count, n); n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				break
			}
		}
		if err == io.EOF && l.halfClose(to, from) {
			return // the other direction may have something to say still
		}
		if err != nil {
			break
		}
	}
	l.drop(to, from)
}

// halfClose ends one direction, and reports whether the other one is open still.
func (l *Link) halfClose(to, from net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[to] = false
	tcp, ok := to.(*net.TCPConn)
	return l.conns[from] && ok && tcp.CloseWrite() == nil
}

// count counts bytes, cuts the link where it is due, and returns how many of them
// still go across.
func (l *Link) count(count *int64, n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left >= 0 {
		if l.left -= int64(n); l.left <= 0 {
			n += int(l.left)
			l.left = -1
			l.cut()
		}
	}
	*count += int64(n)
	return n
}

func (l *Link) drop(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(l.conns, c)
	}
}

func (l *Link) cut() {
	l.down = true
	for c := range l.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.SetLinger(0) // no more than a reset is heard of it
		}
		c.Close()
	}
	clear(l.conns)
}

// Cut cuts the link: what is open is lost, and nothing new comes across.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut()
}

// CutAfter cuts the link when so many bytes more have gone across, to and fro.
func (l *Link) CutAfter(bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left = bytes; bytes == 0 {
		l.left = -1
		l.cut()
	}
}

// Mend lets all go across again, and forgets of a cut that did not come.
func (l *Link) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down, l.left = false, -1
}

// Bytes is how much has gone to the server, and how much has come from it.
func (l *Link) Bytes() (out, in int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out, l.in
}
