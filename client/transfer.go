package client

import (
	"context"
	"time"

	"github.com/thetaedge/theta/blob/transfer"
)

const (
	// transferAttempts is how often a transfer is tried that can succeed later, for example
	// because a relay limits the requests per second.
	transferAttempts = 8
	firstPause       = 250 * time.Millisecond
)

// patientTransfer repeats a transfer that can succeed later, after longer and longer
// pauses.
func patientTransfer(ctx context.Context, try func() error) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := try()
		if err == nil || !transfer.Retryable(err) || attempt == transferAttempts {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
		pause *= 2
	}
}
