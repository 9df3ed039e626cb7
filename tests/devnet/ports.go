package devnet

import (
	"errors"
	"net"
	"strconv"
)

// freePorts asks the kernel for n ports of this machine. All are held until the
// last is known, so that they differ.
func freePorts(n int) ([]string, error) {
	var listeners []net.Listener
	defer func() {
		for _, listener := range listeners {
			_ = listener.Close()
		}
	}()
	addresses := make([]string, n)
	for i := range addresses {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, listener)
		address, ok := listener.Addr().(*net.TCPAddr)
		if !ok {
			return nil, errors.New("expected a TCP address from the kernel")
		}
		addresses[i] = net.JoinHostPort("127.0.0.1", strconv.Itoa(address.Port))
	}
	return addresses, nil
}
