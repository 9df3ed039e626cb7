//go:build (!linux || !cgo) && !windows

package device

import "errors"

// errNoNVML says which builds see NVIDIA cards.
var errNoNVML = errors.New("NVIDIA cards were not looked for: this build of thetaedge sees them on Linux with cgo and on Windows alone")

// OpenGPUs always fails, because the NVIDIA library is loaded only on Windows, and on Linux in
// builds with cgo.
func OpenGPUs(string) (GPUs, error) { return NoGPUs{}, errNoNVML }

// OpenNVML always fails for the same reason.
func OpenNVML(string) (Driver, error) { return NoCards{}, errNoNVML }
