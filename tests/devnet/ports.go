package devnet

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from a range below that of outgoing connections on Linux and
// macOS: a port that the kernel has just named as free may be somebody's outgoing
// connection by the time the process that was given it listens there.
const (
	lowestPort  = 12_000
	highestPort = 32_000
)

// freePorts returns n addresses of this machine on which nobody listens. All are
// held until the last is known, so that they differ.
func freePorts(n int) ([]string, error) {
	var listeners []net.Listener
	defer func() {
		for _, listener := range listeners {
			_ = listener.Close()
		}
	}()
	const width = highestPort - lowestPort
	start := rand.IntN(width) //nolint:gosec // only keeps runs out of each other's way
	var last error
	for i := 0; i < width && len(listeners) < n; i++ {
		port := lowestPort + (start+i)%width
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			last = err
			continue
		}
		listeners = append(listeners, listener)
	}
	if len(listeners) < n {
		return nil, fmt.Errorf("expected %d free ports from %d to %d, found %d: %w", n, lowestPort, highestPort, len(listeners), last)
	}
	addresses := make([]string, n)
	for i, listener := range listeners {
		addresses[i] = listener.Addr().String()
	}
	return addresses, nil
}
