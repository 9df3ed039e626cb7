package drand

import (
	"context"
	"errors"
	"log/slog"

	"github.com/thetaedge/theta/x/beacon/bls"
)

// Source delivers verified rounds.
type Source interface {
	// Round returns a round that verifies under the key, or ErrNotYet.
	Round(ctx context.Context, key bls.PublicKey, round uint64) (Beacon, error)
}

// Pool asks several sources one after the other, so that a source that is down or lies does
// not stop the relay.
type Pool struct {
	sources []Source
	log     *slog.Logger
}

// NewPool returns a source that asks the given ones in order.
func NewPool(log *slog.Logger, sources ...Source) *Pool {
	return &Pool{sources: sources, log: log}
}

// Round returns the first verified answer. If there is none, it returns ErrNotYet if any
// source did, and otherwise the errors of all sources.
func (p *Pool) Round(ctx context.Context, key bls.PublicKey, round uint64) (Beacon, error) {
	var all []error
	notYet := false
	for _, source := range p.sources {
		b, err := source.Round(ctx, key, round)
		if err == nil {
			return b, nil
		}
		if errors.Is(err, ErrNotYet) {
			notYet = true
			continue
		}
		if errors.Is(err, bls.ErrForged) || errors.Is(err, bls.ErrEncoding) {
			p.log.Warn("endpoint serves a round that does not verify under the chain's key", "round", round, "error", err)
		}
		all = append(all, err)
	}
	if notYet {
		return Beacon{}, ErrNotYet
	}
	return Beacon{}, errors.Join(all...)
}
