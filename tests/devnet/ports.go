package devnet

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports are taken from a range below that of outgoing connections on Linux and macOS.
// Otherwise a port that was free could belong to an outgoing connection by the time a process
// listens on it.
const (
	lowestPort  = 12_000
	highestPort = 32_000
)

// walk is where this process looks for ports next. Each search continues after the last one,
// so that networks that run concurrently never get the same port, even while one of their
// processes is dead.
var walk struct {
	sync.Mutex
	next int
}

// step returns the next n ports of the walk, which begins at a random port.
func step(n int) int {
	const width = highestPort - lowestPort
	walk.Lock()
	defer walk.Unlock()
	if walk.next == 0 {
		walk.next = lowestPort + rand.IntN(width) //nolint:gosec // only keeps runs out of each other's way
	}
	if walk.next+n > highestPort {
		walk.next = lowestPort
	}
	first := walk.next
	walk.next += n
	return first
}

// freePorts returns n addresses of this machine on which no process listens. All are held
// until the last is known, so that they differ.
func freePorts(n int) ([]string, error) {
	var listeners []net.Listener
	defer func() {
		for _, listener := range listeners {
			_ = listener.Close()
		}
	}()
	var last error
	for i := 0; i < highestPort-lowestPort && len(listeners) < n; i++ {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(step(1))))
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

// freeBlock returns the first of n consecutive ports on which no process listens.
func freeBlock(n int) (int, error) {
	const tries = 200
	for range tries {
		base := step(n)
		if blockIsFree(base, n) {
			return base, nil
		}
	}
	return 0, fmt.Errorf("expected %d free ports in a row from %d to %d, found none in %d tries", n, lowestPort, highestPort, tries)
}

func blockIsFree(base, n int) bool {
	for port := base; port < base+n; port++ {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = listener.Close()
	}
	return true
}
