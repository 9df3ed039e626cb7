package drand

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/types"
)

const (
	// batchLimit is the most rounds in one tx: the lane, in which they pay the least
	// price, takes no more.
	batchLimit = 4
	// fetchLimit is the most rounds that are fetched for one tx: when an
	// endpoint lacks some, others fill the batch.
	fetchLimit = 2 * batchLimit
	minPoll    = 250 * time.Millisecond
	maxPoll    = 2 * time.Second
	maxBackoff = 10 * time.Second
	// maxHold is the longest pause of a relay that is beaten, in polls.
	maxHold = 8
)

// ErrBeaten says that somebody else submitted one of the rounds first.
var ErrBeaten = errors.New("another relay was first")

// Chain is what the relay needs of the chain.
type Chain interface {
	// Schedule returns the network that the chain follows.
	Schedule(ctx context.Context) (types.Schedule, error)
	// Missing returns at most limit rounds that heights wait for, that the
	// chain would accept and does not know, newest first. It looks at recent
	// heights, or deep: at all that are kept, which costs the node more.
	Missing(ctx context.Context, limit int, deep bool) ([]uint64, error)
	// Submit returns when the rounds are on chain, ErrBeaten when one of them
	// was already.
	Submit(ctx context.Context, rounds []Beacon) error
}

// Relay carries rounds from a source to the chain. It remembers nothing of
// rounds: the chain says what it lacks, so gaps, restarts and other relays need
// no care.
type Relay struct {
	source Source
	chain  Chain
	log    *slog.Logger
	maxAge uint64
	deep   bool // look for old gaps: at the start, and after failures

	// hold is a pause on top of the poll: a relay that loses races pays gas for
	// nothing, so it steps back and takes over when the other falls silent.
	hold    time.Duration
	backoff time.Duration // after the last failure, 0 when it went well
}

// NewRelay returns a relay. Rounds that lie more than maxAge rounds behind the
// newest missing one are left to others; 0 carries all.
func NewRelay(source Source, chain Chain, log *slog.Logger, maxAge uint64) *Relay {
	return &Relay{source: source, chain: chain, log: log, maxAge: maxAge, deep: true}
}

// Run relays until the context ends, which is no error. Failures are logged and
// retried, ever more slowly while they last.
func (r *Relay) Run(ctx context.Context) error {
	for {
		wait, err := r.Step(ctx)
		if ctx.Err() == nil {
			wait = r.after(wait, err)
		}
		if !pause(ctx, wait) {
			r.log.Info("relay stopped")
			return nil
		}
	}
}

// after says how long to wait after a step that asked for so much.
func (r *Relay) after(wait time.Duration, err error) time.Duration {
	if errors.Is(err, ErrBeaten) {
		r.backoff = 0
		r.hold = min(max(2*r.hold, wait), maxHold*wait)
		r.log.Info("another relay was first, stepping back", "for", wait+r.hold)
		return wait + r.hold
	}
	if err != nil {
		r.deep = true
		r.backoff = min(max(2*r.backoff, time.Second), maxBackoff)
		r.log.Warn("relaying failed, retrying", "in", r.backoff, "error", err)
		return r.backoff
	}
	r.backoff = 0
	if wait == 0 {
		return 0
	}
	return wait + r.hold
}

// Step brings one tx of missing rounds to the chain and returns how long to
// wait before the next step: nothing while there is more to bring.
func (r *Relay) Step(ctx context.Context) (time.Duration, error) {
	schedule, err := r.chain.Schedule(ctx)
	if err != nil {
		return 0, fmt.Errorf("asking the chain for its beacon: %w", err)
	}
	key, err := bls.ParsePublicKey(schedule.PublicKey)
	if err != nil {
		return 0, err
	}
	poll := pollEvery(schedule)
	missing, err := r.chain.Missing(ctx, fetchLimit, r.deep)
	if err != nil {
		return poll, fmt.Errorf("asking the chain what is missing: %w", err)
	}
	batch, err := r.fetch(ctx, key, r.young(missing))
	if err != nil {
		return poll, err
	}
	if len(batch) < batchLimit {
		r.deep = false
	}
	if len(batch) == 0 {
		return poll, nil
	}
	if err := r.chain.Submit(ctx, batch); err != nil {
		return poll, fmt.Errorf("submitting rounds %d to %d: %w", batch[len(batch)-1].Round, batch[0].Round, err)
	}
	r.hold /= 2
	r.log.Info("rounds are on chain", "newest", batch[0].Round, "count", len(batch))
	if len(batch) == batchLimit {
		return 0, nil
	}
	return poll, nil
}

// fetch gets as many rounds as fit into a tx. It fails only when the source
// delivers none for another reason than that they are not published yet.
func (r *Relay) fetch(ctx context.Context, key bls.PublicKey, rounds []uint64) ([]Beacon, error) {
	var batch []Beacon
	var failed error
	for _, round := range rounds {
		if len(batch) == batchLimit {
			break
		}
		b, err := r.source.Round(ctx, key, round)
		switch {
		case err == nil:
			batch = append(batch, b)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !errors.Is(err, ErrNotYet):
			failed = fmt.Errorf("fetching round %d: %w", round, err)
		}
	}
	if len(batch) == 0 {
		return nil, failed
	}
	return batch, nil
}

// young leaves out what lies too far behind the newest.
func (r *Relay) young(rounds []uint64) []uint64 {
	if r.maxAge == 0 || len(rounds) == 0 {
		return rounds
	}
	for i, round := range rounds {
		if rounds[0]-round > r.maxAge {
			return rounds[:i]
		}
	}
	return rounds
}

// pollEvery asks the chain twice a period, within reason.
func pollEvery(s types.Schedule) time.Duration {
	half := time.Duration(s.PeriodSeconds) * time.Second / 2 //nolint:gosec // at most a day
	return min(max(half, minPoll), maxPoll)
}

// pause waits and says whether the context lasted.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
