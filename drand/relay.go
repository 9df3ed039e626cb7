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
	// batchLimit is the most rounds in one transaction: the lane, in which they pay the
	// lowest price, takes no more.
	batchLimit = 4
	// fetchLimit is the most rounds that are fetched for one transaction: if an endpoint
	// lacks some, others fill the batch.
	fetchLimit = 2 * batchLimit
	minPoll    = 250 * time.Millisecond
	maxPoll    = 2 * time.Second
	maxBackoff = 10 * time.Second
	// maxHold is the longest pause, in polls, of a relay that other relays outrun.
	maxHold = 8
)

// ErrBeaten means that another relay submitted one of the rounds first.
var ErrBeaten = errors.New("another relay was first")

// Chain is the part of the chain that the relay needs.
type Chain interface {
	// Schedule returns the network that the chain follows.
	Schedule(ctx context.Context) (types.Schedule, error)
	// Missing returns at most limit rounds that heights wait for, that the chain would
	// accept and does not have, newest first. It looks at recent heights or, with deep, at
	// all heights that are kept, which costs the node more.
	Missing(ctx context.Context, limit int, deep bool) ([]uint64, error)
	// Submit returns nil when the rounds are on the chain, and ErrBeaten if one of them was
	// there already.
	Submit(ctx context.Context, rounds []Beacon) error
}

// Relay submits rounds from a source to the chain. It keeps no list of rounds, because the
// chain says which are missing. Gaps, restarts and other relays therefore need no special
// handling.
type Relay struct {
	source Source
	chain  Chain
	log    *slog.Logger
	maxAge uint64
	deep   bool // whether to look for old gaps: at the start, and after failures

	// hold is a pause in addition to the poll. A relay that is often outrun pays gas for
	// nothing, so it pauses and takes over when the other relay stops.
	hold    time.Duration
	backoff time.Duration // pause after the last failure, 0 without one
}

// NewRelay returns a relay. It leaves rounds that are more than maxAge rounds behind the
// newest missing one to other relays; with 0 it submits all rounds.
func NewRelay(source Source, chain Chain, log *slog.Logger, maxAge uint64) *Relay {
	return &Relay{source: source, chain: chain, log: log, maxAge: maxAge, deep: true}
}

// Run relays until the context ends, and then returns nil. It logs failures and tries
// again, at longer and longer intervals while they last.
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

// after returns how long to wait after a step that returned a pause and an error.
func (r *Relay) after(wait time.Duration, err error) time.Duration {
	if errors.Is(err, ErrBeaten) {
		r.backoff = 0
		r.hold = min(max(2*r.hold, wait), maxHold*wait)
		r.log.Info("another relay was first, pausing", "for", wait+r.hold)
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

// Step submits one transaction with missing rounds and returns how long to wait before the
// next step: 0 while there are more rounds to submit.
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

// fetch fetches as many rounds as fit into a transaction. It fails only if the source
// delivers none of them for a reason other than that they are not published yet.
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

// young leaves out rounds that are too far behind the newest one.
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

// pollEvery returns the interval at which the chain is asked: twice per period, within
// limits.
func pollEvery(s types.Schedule) time.Duration {
	half := time.Duration(s.PeriodSeconds) * time.Second / 2 //nolint:gosec // at most a day
	return min(max(half, minPoll), maxPoll)
}

// pause waits and reports whether the context is still alive.
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
