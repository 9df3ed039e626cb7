//go:build !linux

package device

// NVIDIAGeneration returns "", because the instance of a driver is known only on Linux.
func NVIDIAGeneration(string) string { return "" }
