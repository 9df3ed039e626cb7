package cmd

import (
	"context"
	"log/slog"
	"reflect"
	"sync"

	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/owner"
)

// ruleTrial looks at the machine with rules of the owner that are not in force yet. It keeps what it has
// opened for the rules that it was asked about last.
type ruleTrial struct {
	mu    sync.Mutex
	rules config.Owner
	brake *brake
}

// judge returns what rules would do now, with a pause by hand. A rule that needs several readings is judged
// by the first ones.
func (t *ruleTrial) judge(ctx context.Context, n *node, rules config.Owner) (owner.Decision, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.brake == nil || !reflect.DeepEqual(t.rules, rules) {
		b, err := brakeOf(n.home, rules, n.cards, slog.New(slog.DiscardHandler))
		if err != nil {
			return owner.Decision{}, err
		}
		if t.brake != nil {
			t.brake.close()
		}
		t.rules, t.brake = rules, b
	}
	t.brake.watcher().Look(ctx)
	return t.brake.decision(), ctx.Err()
}
