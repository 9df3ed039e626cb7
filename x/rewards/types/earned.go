package types

import (
	"cmp"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// CreditEpochs is the number of epochs for which the chunks are kept that earnings came from: a
	// week if an epoch lasts an hour.
	CreditEpochs = 168
	// MaxCreditsPage bounds a page of these chunks.
	MaxCreditsPage = 1_000
	// MaxEarnedEpochs bounds the range of a query of earnings.
	MaxEarnedEpochs = 168
	// DefaultEarnedEpochs is the range of a query of earnings that names none.
	DefaultEarnedEpochs = 24
)

// AddSources returns the sums of two lists of amounts, ordered by source. It leaves both as they
// are.
func AddSources(a, b []SourceAmount) []SourceAmount {
	sum := slices.Clone(a)
	for _, add := range b {
		at, found := slices.BinarySearchFunc(sum, add.Source, func(s SourceAmount, source computetypes.CreditSource) int {
			return cmp.Compare(s.Source, source)
		})
		if found {
			sum[at].Amount = sum[at].Amount.Add(add.Amount...)
			continue
		}
		sum = slices.Insert(sum, at, add)
	}
	return sum
}

// Credited returns the amounts of one credit.
func Credited(source computetypes.CreditSource, coin sdk.Coin) []SourceAmount {
	if coin.IsZero() {
		return nil
	}
	return []SourceAmount{{Source: source, Amount: sdk.NewCoins(coin)}}
}

// CoversSources reports whether each amount of b is at most that of the same source in a.
func CoversSources(a, b []SourceAmount) bool {
	for _, part := range b {
		at := slices.IndexFunc(a, func(s SourceAmount) bool { return s.Source == part.Source })
		if at < 0 || !a[at].Amount.IsAllGTE(part.Amount) {
			return false
		}
	}
	return true
}

// TotalOf returns the coins of all sources.
func TotalOf(sources []SourceAmount) sdk.Coins {
	sum := sdk.NewCoins()
	for _, s := range sources {
		sum = sum.Add(s.Amount...)
	}
	return sum
}

// validateSources checks a stored list of amounts. It returns ErrInvalidGenesis.
func validateSources(sources []SourceAmount) error {
	for i, s := range sources {
		name, known := computetypes.CreditSource_name[int32(s.Source)]
		switch {
		case !known || s.Source == computetypes.CREDIT_SOURCE_UNSPECIFIED:
			return ErrInvalidGenesis.Wrapf("source: expected a source of credits, found %d", s.Source)
		case i > 0 && sources[i-1].Source >= s.Source:
			return ErrInvalidGenesis.Wrapf("source %s: expected each source once, in their order", name)
		case s.Amount.Empty():
			return ErrInvalidGenesis.Wrapf("source %s: expected coins, found none", name)
		}
		if err := ValidateCoins(s.Amount); err != nil {
			return ErrInvalidGenesis.Wrapf("source %s: %s", name, err)
		}
	}
	return nil
}

// validateEarned checks imported earnings by epoch, and the chunks that they came from.
func (g GenesisState) validateEarned() error {
	type key struct {
		operator, job string
		epoch         int64
		task          uint64
	}
	seen := map[key]bool{}
	check := func(at key, sources []SourceAmount) error {
		switch {
		case at.epoch < 0:
			return ErrInvalidGenesis.Wrapf("expected an epoch from 0 on, found %d", at.epoch)
		case len(sources) == 0:
			return ErrInvalidGenesis.Wrap("expected amounts, found none")
		case seen[at]:
			return ErrInvalidGenesis.Wrap("expected one entry, found two")
		}
		seen[at] = true
		return validateSources(sources)
	}
	if g.CompleteFrom < 0 {
		return ErrInvalidGenesis.Wrapf("complete_from: expected an epoch from 0 on, found %d", g.CompleteFrom)
	}
	for _, e := range g.Earned {
		if err := check(key{operator: e.Operator, epoch: e.Epoch}, e.Sources); err != nil {
			return ErrInvalidGenesis.Wrapf("earnings of %s in epoch %d: %s", e.Operator, e.Epoch, err)
		}
	}
	for _, c := range g.Credits {
		_, err := computetypes.ParseJobID(c.JobId)
		if err == nil {
			err = check(key{operator: c.Operator, epoch: c.Epoch, job: c.JobId, task: c.Task}, c.Sources)
		}
		if err != nil {
			return ErrInvalidGenesis.Wrapf("credit of %s for task %d of job %s in epoch %d: %s", c.Operator, c.Task, c.JobId, c.Epoch, err)
		}
	}
	return nil
}
