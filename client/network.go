package client

import (
	"errors"
	"io"
	"net"
	"net/url"
)

// isNetwork tells whether err says that a connection could not be made or broke.
func isNetwork(err error) bool {
	var dial *net.OpError
	var request *url.Error
	return errors.As(err, &dial) || errors.As(err, &request) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
