package types

import (
	"bytes"

	"cosmossdk.io/errors"

	"github.com/thetaedge/theta/x/beacon/bls"
)

// DefaultGenesis returns a state that follows drand's quicknet and does not contain any
// rounds.
func DefaultGenesis() *GenesisState {
	return &GenesisState{Params: DefaultParams()}
}

// Validate returns an error that names the first invalid entry.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if err := g.validateSchedules(); err != nil {
		return err
	}
	if err := g.validatePins(); err != nil {
		return err
	}
	return g.validateRounds()
}

func (g GenesisState) validateSchedules() error {
	for i, s := range g.Schedules {
		if err := s.Validate(); err != nil {
			return err
		}
		if int(s.Id) != i+1 {
			return errors.Wrapf(ErrInvalidParams, "schedules: expected id %d, found %d", i+1, s.Id)
		}
		if i > 0 && s.StartHeight < g.Schedules[i-1].StartHeight {
			return errors.Wrapf(ErrInvalidParams, "schedule %d starts before schedule %d", s.Id, s.Id-1)
		}
	}
	n := len(g.Schedules)
	if n > 0 && !g.Schedules[n-1].SameNetwork(g.Params.Schedule(0, 0)) {
		return errors.Wrapf(ErrInvalidParams, "schedules: expected the network of the params as the last schedule, found another")
	}
	return nil
}

func (g GenesisState) validatePins() error {
	last := int64(-1)
	for _, p := range g.Pins {
		if p.Height <= last {
			return errors.Wrapf(ErrInvalidParams, "pins: height %d does not follow %d", p.Height, last)
		}
		last = p.Height
		if err := g.validateKey(p.Schedule, p.Round); err != nil {
			return errors.Wrapf(err, "pin of height %d", p.Height)
		}
	}
	return nil
}

func (g GenesisState) validateRounds() error {
	var schedule uint32
	var round uint64
	for _, r := range g.Rounds {
		if r.Schedule < schedule || (r.Schedule == schedule && r.Round <= round) {
			return errors.Wrapf(ErrInvalidRound, "rounds: %d of schedule %d does not follow %d of schedule %d", r.Round, r.Schedule, round, schedule)
		}
		schedule, round = r.Schedule, r.Round
		if err := g.validateKey(r.Schedule, r.Round); err != nil {
			return err
		}
		if len(r.Signature) != bls.SignatureSize {
			return errors.Wrapf(ErrInvalidSignature, "round %d: expected %d bytes, found %d", r.Round, bls.SignatureSize, len(r.Signature))
		}
		if !bytes.Equal(r.Randomness, bls.Randomness(r.Signature)) {
			return errors.Wrapf(ErrInvalidSignature, "round %d: randomness is not the hash of the signature", r.Round)
		}
	}
	return nil
}

func (g GenesisState) validateKey(schedule uint32, round uint64) error {
	if schedule == 0 || int(schedule) > len(g.Schedules) {
		return errors.Wrapf(ErrInvalidRound, "expected a schedule of 1 to %d, found %d", len(g.Schedules), schedule)
	}
	if round == 0 {
		return errors.Wrap(ErrInvalidRound, "expected a round of 1 or more, found 0")
	}
	return nil
}
