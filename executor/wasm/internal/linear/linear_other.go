//go:build !unix && !windows

package linear

import "errors"

func reserve(uint64) ([]byte, error) {
	return nil, errors.New("this operating system cannot reserve memory")
}

func commit([]byte, uint64, uint64) error { return errors.ErrUnsupported }

func release([]byte) {}
