package vulkan

import (
	"fmt"
	"strings"
	"time"

	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// settings are what options change.
type settings struct {
	index    int
	uuid     string
	timeout  time.Duration
	dots     bool
	matrices bool
	narrow   bool
	limits   plan.Limits
	memory   uint64
}

// Option changes how a device is opened.
type Option func(*settings)

// WithIndex chooses the device at a place of List. The default is the first discrete device, or the
// first integrated one, or the first one.
func WithIndex(i int) Option { return func(s *settings) { s.index = i } }

// WithUUID chooses the device with an Info.UUID.
func WithUUID(uuid string) Option { return func(s *settings) { s.uuid = strings.ToLower(uuid) } }

// WithTimeout bounds how long a command buffer may take; the default is a minute. Its dispatches take
// far below a second on a graphics card.
func WithTimeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// WithoutDotProducts leaves instructions for sums of products aside.
func WithoutDotProducts() Option { return func(s *settings) { s.dots = false } }

// WithoutMatrices leaves cooperative matrices aside.
func WithoutMatrices() Option { return func(s *settings) { s.matrices = false } }

// WithoutWideIntegers leaves integers of 64 bits aside, as on a device that has none.
func WithoutWideIntegers() Option { return func(s *settings) { s.narrow = true } }

// WithMemory bounds the memory of tensors that the device takes, in bytes.
func WithMemory(bytes uint64) Option { return func(s *settings) { s.memory = bytes } }

// WithLimits makes the limits of dispatches smaller than the device's.
func WithLimits(l plan.Limits) Option { return func(s *settings) { s.limits = l } }

// choose returns the place of the device that settings ask for.
func (s *settings) choose(all []Info) (int, error) {
	if len(all) == 0 {
		return 0, fmt.Errorf("%w: expected a device, found none", ErrNotAvailable)
	}
	if s.uuid != "" {
		for i, info := range all {
			if info.UUID == s.uuid {
				return i, nil
			}
		}
		return 0, fmt.Errorf("%w: expected a device with the UUID %s, found none; list the devices", ErrNotAvailable, s.uuid)
	}
	if s.index >= len(all) {
		return 0, fmt.Errorf("%w: expected a device below %d, found %d", ErrNotAvailable, len(all), s.index)
	}
	if s.index >= 0 {
		return s.index, nil
	}
	for _, kind := range []string{"discrete", "integrated"} {
		for i, info := range all {
			if info.Kind == kind && info.Missing == "" {
				return i, nil
			}
		}
	}
	return 0, nil
}
