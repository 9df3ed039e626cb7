package executors

import (
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
)

// program returns a program that does nearly nothing under a profile: under tensor/1, it makes one
// tensor of 4,096 bytes, for which it needs a device.
func program(profile string) []byte {
	const (
		header = "\x00asm\x01\x00\x00\x00"
		// functions has one function of type 0, and memory one memory of a page.
		functions, memory = "\x03\x02\x01\x00", "\x05\x03\x01\x00\x01"
		exports           = "\x07\x13\x02\x06memory\x02\x00\x06_start\x00"
	)
	switch profile {
	case wasm.Profile:
		const types, code = "\x01\x04\x01\x60\x00\x00", "\x0a\x04\x01\x02\x00\x0b"
		return []byte(header + types + functions + memory + exports + "\x00" + code)
	case tensors.Profile:
		const (
			types   = "\x01\x0a\x02\x60\x00\x00\x60\x02\x7f\x7e\x01\x7f"
			imports = "\x02\x18\x01\x0etheta_tensor_1\x05alloc\x00\x01"
			// i32.const 2, i64.const 4096, call 0, drop
			code = "\x0a\x0c\x01\x0a\x00\x41\x02\x42\x80\x20\x10\x00\x1a\x0b"
		)
		return []byte(header + types + imports + functions + memory + exports + "\x01" + code)
	default:
		return nil
	}
}
