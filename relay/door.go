package relay

import (
	"errors"
	"net"
	"sync"
)

// door bounds the concurrent connections. One client may have as many as are left free, so
// that there is room for the next; connections beyond that are closed without an answer.
type door struct {
	net.Listener
	cfg *Config

	mu   sync.Mutex
	open *share
}

func newDoor(ln net.Listener, cfg *Config) net.Listener {
	if cfg.MaxConns == 0 {
		return ln
	}
	return &door{Listener: ln, cfg: cfg, open: newShare(tally{files: cfg.MaxConns})}
}

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if guest, ok := d.admit(conn); ok {
			return guest, nil
		}
		_ = conn.Close() // the peer gets no answer
	}
}

func (d *door) admit(conn net.Conn) (net.Conn, bool) {
	by := holder{name: conn.RemoteAddr().String()}
	if addr, ok := addressOf(by.name); ok {
		from := peerAt(addr)
		by = holder{name: from.name, network: from.network}
		if d.cfg.trusts(addr) {
			by = holder{} // a proxy stands for all its clients
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open.admit(by, 100, 0) {
		return nil, false
	}
	d.open.add(by, 1, 0)
	return &guest{Conn: conn, leave: sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.open.add(by, -1, 0)
	})}, true
}

// guest is a connection that counts until it is closed.
type guest struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (g *guest) Close() error {
	g.leave()
	return g.Conn.Close()
}

// CloseWrite lets the server say that it has finished while the peer still sends.
func (g *guest) CloseWrite() error {
	if half, ok := g.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
