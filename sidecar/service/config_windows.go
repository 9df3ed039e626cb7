package service

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"
)

// serviceConfig is the part of a service's configuration that this package reads.
type serviceConfig struct {
	StartType   uint32
	Description string
	// Command is its command line.
	Command string
}

// readConfig reads the configuration of a service.
func readConfig(service windows.Handle) (c serviceConfig, err error) {
	config, err := grown(func(buffer []byte, needed *uint32) error {
		return windows.QueryServiceConfig(service, (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buffer[0])), uint32(len(buffer)), needed) //nolint:gosec // below
	})
	if err != nil {
		return c, err
	}
	fixed := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&config[0])) //nolint:gosec // the system wrote it
	c.StartType, c.Command = fixed.StartType, windows.UTF16PtrToString(fixed.BinaryPathName)
	description, err := grown(func(buffer []byte, needed *uint32) error {
		return windows.QueryServiceConfig2(service, windows.SERVICE_CONFIG_DESCRIPTION, &buffer[0], uint32(len(buffer)), needed) //nolint:gosec // below
	})
	if err != nil {
		return c, err
	}
	c.Description = windows.UTF16PtrToString((*windows.SERVICE_DESCRIPTION)(unsafe.Pointer(&description[0])).Description) //nolint:gosec // as above
	return c, nil
}

// grown calls a function with a buffer, and with a larger one if that was too small. Windows never needs more
// than 8 KiB.
func grown(read func(buffer []byte, needed *uint32) error) ([]byte, error) {
	size := uint32(1 << 10)
	for {
		buffer := make([]byte, size)
		err := read(buffer, &size)
		if !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) || int(size) <= len(buffer) {
			return buffer, err
		}
	}
}
