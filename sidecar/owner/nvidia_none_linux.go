//go:build !cgo

package owner

import "errors"

// nvidia sees nothing, because the NVIDIA library is loaded only in builds with cgo.
type nvidia struct{}

func openNVIDIA() *nvidia { return &nvidia{} }

func (*nvidia) temperature() (float64, error) { return 0, errUnbuilt() }

func (*nvidia) fan() (float64, error) { return 0, errUnbuilt() }

func (*nvidia) use(*processTable) (float64, error) { return 0, errUnbuilt() }

func errUnbuilt() error {
	return errors.New("NVIDIA: this build of thetaedge sees NVIDIA cards with cgo alone")
}
