package grpcnode

import (
	"context"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Links are the open connections of a program to its nodes. After the machine has slept, the other side may have
// forgotten them, which shows only when an answer does not come in time. Its zero value is ready for use.
type Links struct {
	mu   sync.Mutex
	open map[*link]struct{}
}

// Dial is Dial for a connection that Drop ends.
func (l *Links) Dial(address string) (*grpc.ClientConn, error) {
	if err := CheckPlaintext(address); err != nil {
		return nil, err
	}
	return l.DialPlaintext(address)
}

// DialPlaintext is DialPlaintext for a connection that Drop ends.
func (l *Links) DialPlaintext(address string) (*grpc.ClientConn, error) {
	return dial(address, callLimit, credentials.NewTLS(nil), l.follow)
}

// Drop ends all connections. Calls that wait for an answer fail, and the next call connects again.
func (l *Links) Drop() {
	l.mu.Lock()
	open := make([]*link, 0, len(l.open))
	for each := range l.open {
		open = append(open, each)
	}
	l.mu.Unlock()
	for _, each := range open {
		_ = each.Close() // it is given up
	}
}

// follow makes credentials note the connections that they secure. Unlike a dialer of its own, this leaves the
// proxies of the environment in use.
func (l *Links) follow(inner credentials.TransportCredentials) credentials.TransportCredentials {
	return followed{TransportCredentials: inner, links: l}
}

type followed struct {
	credentials.TransportCredentials
	links *Links
}

// ClientHandshake notes a connection and secures it.
func (f followed) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	each := &link{Conn: raw, links: f.links}
	f.links.mu.Lock()
	if f.links.open == nil {
		f.links.open = map[*link]struct{}{}
	}
	f.links.open[each] = struct{}{}
	f.links.mu.Unlock()
	conn, auth, err := f.TransportCredentials.ClientHandshake(ctx, authority, each)
	if err != nil {
		_ = each.Close() // the caller closes raw, and would leave the note of it
	}
	return conn, auth, err
}

// Clone returns credentials that note connections too.
func (f followed) Clone() credentials.TransportCredentials {
	return followed{TransportCredentials: f.TransportCredentials.Clone(), links: f.links}
}

// link is an open connection.
type link struct {
	net.Conn
	links *Links
}

// Close ends the connection.
func (l *link) Close() error {
	l.links.mu.Lock()
	delete(l.links.open, l)
	l.links.mu.Unlock()
	return l.Conn.Close()
}
