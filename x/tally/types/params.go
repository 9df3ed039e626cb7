package types

import "strings"

const (
	// BasisPoints is the number of basis points of the whole.
	BasisPoints = 10_000
	// MaxObjectionBps bounds the share of the power with which objections reject an optimistic proposal:
	// what a third of the power does not want is not routine.
	MaxObjectionBps = 3_333
	// MaxOptimisticProposers is the number of accounts that may make optimistic proposals at most.
	MaxOptimisticProposers = 20
	// MaxOptimisticMessages is the number of types of messages that optimistic proposals may contain at most.
	MaxOptimisticMessages = 20
)

// DefaultParams returns the parameters of a new chain: no account makes optimistic proposals. The list of
// messages contains carbon factors, facts from public sources that change every year.
func DefaultParams() Params {
	return Params{OptimisticMessages: []string{"/theta.compute.v1.MsgUpdateCarbonFactors"}, ObjectionBps: 1_000}
}

// Validate checks what needs neither addresses nor the app's list of messages. It returns
// ErrInvalidParams.
func (p Params) Validate() error {
	if len(p.OptimisticProposers) > MaxOptimisticProposers {
		return ErrInvalidParams.Wrapf("optimistic_proposers: expected at most %d accounts, found %d", MaxOptimisticProposers, len(p.OptimisticProposers))
	}
	if len(p.OptimisticMessages) > MaxOptimisticMessages {
		return ErrInvalidParams.Wrapf("optimistic_messages: expected at most %d types of messages, found %d", MaxOptimisticMessages, len(p.OptimisticMessages))
	}
	if err := distinct("optimistic_proposers", p.OptimisticProposers); err != nil {
		return err
	}
	if err := distinct("optimistic_messages", p.OptimisticMessages); err != nil {
		return err
	}
	for _, url := range p.OptimisticMessages {
		if !strings.HasPrefix(url, "/") {
			return ErrInvalidParams.Wrapf("optimistic_messages: expected the type URL of a message, such as /theta.compute.v1.MsgUpdateCarbonFactors, found %q", url)
		}
	}
	if p.ObjectionBps < 1 || p.ObjectionBps > MaxObjectionBps {
		return ErrInvalidParams.Wrapf("objection_bps: expected 1 to %d, found %d", MaxObjectionBps, p.ObjectionBps)
	}
	return nil
}

// distinct refuses a list that names something twice.
func distinct(list string, entries []string) error {
	seen := make(map[string]bool, len(entries))
	for _, entry := range entries {
		if seen[entry] {
			return ErrInvalidParams.Wrapf("%s: expected each entry once, found %s twice", list, entry)
		}
		seen[entry] = true
	}
	return nil
}
