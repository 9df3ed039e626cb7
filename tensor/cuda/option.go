package cuda

import (
	"fmt"
	"strings"
	"time"

	"github.com/thetaedge/theta/tensor/cuda/kernel"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// settings are what options change.
type settings struct {
	index   int
	uuid    string
	timeout time.Duration
	dots    bool
	// tensor are the tensor cores that may be used, the best ones first.
	tensor []kernel.Variant
	limits plan.Limits
	memory uint64
}

// Option changes how a card is opened.
type Option func(*settings)

// WithIndex chooses the card at a place of List. The default is the first one that can be used.
func WithIndex(i int) Option { return func(s *settings) { s.index = i } }

// WithUUID chooses the card with an Info.UUID.
func WithUUID(uuid string) Option { return func(s *settings) { s.uuid = strings.ToLower(uuid) } }

// WithTimeout bounds how long a batch of commands may take; the default is a minute.
func WithTimeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// WithoutDotProducts leaves dp4a aside.
func WithoutDotProducts() Option { return func(s *settings) { s.dots = false } }

// WithTensorCores uses no tensor cores except those of a variant; none if it is kernel.Plain.
func WithTensorCores(v kernel.Variant) Option {
	return func(s *settings) {
		s.tensor = nil
		if v.Tensor() {
			s.tensor = []kernel.Variant{v}
		}
	}
}

// WithMemory bounds the memory of tensors that the card takes, in bytes.
func WithMemory(bytes uint64) Option { return func(s *settings) { s.memory = bytes } }

// WithLimits makes the limits of a run of a kernel smaller than the card's.
func WithLimits(l plan.Limits) Option { return func(s *settings) { s.limits = l } }

// choose returns the place of the card that settings ask for.
func (s *settings) choose(all []Info) (int, error) {
	if len(all) == 0 {
		return 0, fmt.Errorf("%w: expected a card, found none", ErrNotAvailable)
	}
	if s.uuid != "" {
		for i, info := range all {
			if info.UUID == s.uuid {
				return i, nil
			}
		}
		return 0, fmt.Errorf("%w: expected a card with the UUID %s, found none; list the devices", ErrNotAvailable, s.uuid)
	}
	if s.index >= len(all) {
		return 0, fmt.Errorf("%w: expected a card below %d, found %d", ErrNotAvailable, len(all), s.index)
	}
	if s.index >= 0 {
		return s.index, nil
	}
	for i, info := range all {
		if info.Missing == "" {
			return i, nil
		}
	}
	return 0, nil
}
