package grpcnode

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
)

// OnThisMachine reports whether the address of a node, with or without a scheme and a port,
// is an address of this machine.
func OnThisMachine(address string) bool {
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	address = strings.TrimRight(address, "/")
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// isNetwork reports whether err means that a connection could not be opened or was lost.
func isNetwork(err error) bool {
	var dial *net.OpError
	var request *url.Error
	return errors.As(err, &dial) || errors.As(err, &request) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
