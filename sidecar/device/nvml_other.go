//go:build !linux || !cgo

package device

import "errors"

// OpenGPUs finds none, and says so as an error: the NVIDIA library is loaded on Linux
// alone, in builds with cgo.
func OpenGPUs(string) (GPUs, error) {
	return NoGPUs{}, errors.New("graphics cards were not looked for: this build of thetaedge sees NVIDIA cards on Linux with cgo alone")
}
