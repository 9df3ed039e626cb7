//go:build !linux || !cgo

package device

import "errors"

// OpenGPUs always fails, because the NVIDIA library is loaded only on Linux in builds with
// cgo.
func OpenGPUs(string) (GPUs, error) {
	return NoGPUs{}, errors.New("graphics cards were not looked for: this build of thetaedge sees NVIDIA cards on Linux with cgo alone")
}
