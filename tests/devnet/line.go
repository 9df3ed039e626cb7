package devnet

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// line is a connection of an edge node to the chain that can be cut: a proxy for TCP on this
// machine.
type line struct {
	listener net.Listener
	to       string

	mu   sync.Mutex
	down bool
	// open holds both ends of each connection.
	open map[net.Conn]bool
}

// openLine returns a line to an address, host:port.
func openLine(to string) (*line, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("line to %s: %w", to, err)
	}
	l := &line{listener: listener, to: to, open: make(map[net.Conn]bool)}
	go l.serve()
	return l, nil
}

// address returns where the node reaches the line, host:port.
func (l *line) address() string { return l.listener.Addr().String() }

func (l *line) serve() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return // closed
		}
		go l.carry(near)
	}
}

// carry passes bytes on in both directions until an end closes or the line is cut.
func (l *line) carry(near net.Conn) {
	far, err := net.Dial("tcp", l.to)
	if err != nil {
		_ = near.Close()
		return
	}
	if !l.hold(near, far) {
		return
	}
	defer l.drop(near, far)
	ended := make(chan struct{}, 2)
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		ended <- struct{}{}
	}
	go pass(near, far)
	go pass(far, near)
	<-ended
}

// hold notes a connection. If the line is cut, it closes the connection and returns false.
func (l *line) hold(ends ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, end := range ends {
		if l.down {
			_ = end.Close()
		} else {
			l.open[end] = true
		}
	}
	return !l.down
}

func (l *line) drop(ends ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, end := range ends {
		_ = end.Close()
		delete(l.open, end)
	}
}

// cut closes all connections, and each new one at once, until mend.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for end := range l.open {
		_ = end.Close()
	}
}

func (l *line) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}

// close ends the line.
func (l *line) close() error {
	l.cut()
	return l.listener.Close()
}

// openLines gives each node a line to the chain, if the options ask for lines.
func (d *Devnet) openLines() error {
	if !d.opts.Lines {
		return nil
	}
	d.lines = make(map[string]*line, len(d.nodes))
	for _, node := range d.nodes {
		l, err := openLine(d.ports.grpc)
		if err != nil {
			return err
		}
		d.lines[node.Name] = l
	}
	return nil
}

// chainOf returns where a node reaches the chain.
func (d *Devnet) chainOf(node Node) string {
	if l := d.lines[node.Name]; l != nil {
		return l.address()
	}
	return d.ports.grpc
}

// Cut cuts a node off from the chain until Mend. The network must have lines.
func (d *Devnet) Cut(node string) error {
	l := d.lines[node]
	if l == nil {
		return fmt.Errorf("expected a node with a line to the chain, found %q; set Options.Lines", node)
	}
	l.cut()
	return nil
}

// Mend ends a cut.
func (d *Devnet) Mend(node string) error {
	l := d.lines[node]
	if l == nil {
		return fmt.Errorf("expected a node with a line to the chain, found %q; set Options.Lines", node)
	}
	l.mend()
	return nil
}
