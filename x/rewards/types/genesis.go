package types

import (
	"math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// DefaultGenesis returns the state of a chain without earnings.
func DefaultGenesis() *GenesisState {
	return &GenesisState{Params: DefaultParams()}
}

// Validate checks the records one by one and against each other.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if err := checkCoins("earnings", g.Earnings); err != nil {
		return err
	}
	if err := checkCoins("paid", g.Paid); err != nil {
		return err
	}
	seen := make(map[string]bool, len(g.Payouts))
	for _, rule := range g.Payouts {
		if seen[rule.Operator] {
			return ErrInvalidGenesis.Wrapf("payouts: expected each operator once, found %s twice", rule.Operator)
		}
		seen[rule.Operator] = true
		if err := rule.Payout.Validate(); err != nil {
			return ErrInvalidGenesis.Wrapf("payout of %s: %s", rule.Operator, err)
		}
	}
	if err := g.validateGrants(); err != nil {
		return err
	}
	if err := g.validateEarned(); err != nil {
		return err
	}
	if err := g.Pending.Validate(); err != nil {
		return ErrInvalidGenesis.Wrapf("pending: %s", err)
	}
	return g.validateEpochs()
}

// validateEpochs checks what was minted and burned, and the epochs.
func (g GenesisState) validateEpochs() error {
	if err := g.Flows.Validate(); err != nil {
		return err
	}
	if g.Emission != nil {
		if err := g.Emission.Validate(); err != nil {
			return err
		}
	}
	if err := g.Work.Validate(); err != nil {
		return ErrInvalidGenesis.Wrapf("work: %s", err)
	}
	last := int64(0)
	for _, epoch := range g.Epochs {
		if epoch.Epoch <= last {
			return ErrInvalidGenesis.Wrapf("epochs: expected positive numbers in order, found %d after %d", epoch.Epoch, last)
		}
		if epoch.LastEpoch != 0 && epoch.LastEpoch < epoch.Epoch {
			return ErrInvalidGenesis.Wrapf("epoch %d: last_epoch: expected the same number or a higher one, found %d", epoch.Epoch, epoch.LastEpoch)
		}
		last = epoch.Last()
		if err := epoch.Flows.Validate(); err != nil {
			return err
		}
		if err := epoch.Work.Validate(); err != nil {
			return ErrInvalidGenesis.Wrapf("epoch %d: %s", epoch.Epoch, err)
		}
	}
	if g.Open != nil {
		if g.Open.Epoch < 0 || g.Open.Later < 0 {
			return ErrInvalidGenesis.Wrapf("open: expected an epoch and a number of later ones from 0 on, found %d and %d", g.Open.Epoch, g.Open.Later)
		}
		if open := g.Open; open.Epoch > 0 && open.Epoch <= last || open.Later > math.MaxInt64-1-open.Epoch {
			return ErrInvalidGenesis.Wrapf("open: expected an epoch after %d, the last that a summary covers, and a number after it and its later ones, found %d and %d",
				last, open.Epoch, open.Later)
		}
		return g.Open.Flows.Validate()
	}
	return nil
}

// Last returns the number of the last epoch that a summary covers. Old summaries cover one.
func (s EpochSummary) Last() int64 { return max(s.Epoch, s.LastEpoch) }

// checkCoins checks the coins of each operator.
func checkCoins(what string, all []Earnings) error {
	seen := make(map[string]bool, len(all))
	for _, one := range all {
		if seen[one.Operator] {
			return ErrInvalidGenesis.Wrapf("%s: expected each operator once, found %s twice", what, one.Operator)
		}
		seen[one.Operator] = true
		if err := ValidateCoins(one.Amount); err != nil {
			return ErrInvalidGenesis.Wrapf("%s of %s: %s", what, one.Operator, err)
		}
	}
	return nil
}

// EscrowBalance returns the part of the escrow account's balance that this state owes.
func (g GenesisState) EscrowBalance() sdk.Coins {
	sum := g.Pending.Total()
	for _, earnings := range g.Earnings {
		sum = sum.Add(earnings.Amount...)
	}
	for i := range g.Grants {
		sum = sum.Add(g.Grants[i].Coin(g.Grants[i].Deposit))
	}
	for _, held := range g.Held {
		if !held.Void {
			sum = sum.Add(g.Grants[held.Grant-1].Coin(held.Amount))
		}
	}
	return sum
}

// validateGrants checks grants and their pay. Grants are numbered without a gap.
func (g GenesisState) validateGrants() error {
	for i := range g.Grants {
		if want := uint64(i) + 1; g.Grants[i].Id != want { //nolint:gosec // an index
			return ErrInvalidGenesis.Wrapf("grants: expected number %d, found %d", want, g.Grants[i].Id)
		}
		if err := g.Grants[i].Validate(); err != nil {
			return err
		}
	}
	for i, held := range g.Held {
		if held.Grant == 0 || held.Grant > uint64(len(g.Grants)) {
			return ErrInvalidGenesis.Wrapf("held: expected a grant from 1 to %d, found %d", len(g.Grants), held.Grant)
		}
		if held.Amount.IsNil() || !held.Amount.IsPositive() {
			return ErrInvalidGenesis.Wrapf("held pay of %s: expected a positive amount, found %s", held.Operator, held.Amount)
		}
		if void := g.Grants[held.Grant-1].Voids(held.Matures); void != held.Void {
			return ErrInvalidGenesis.Wrapf("held pay of %s of grant %d: void: expected %t, found %t", held.Operator, held.Grant, void, held.Void)
		}
		if i > 0 && g.Held[i-1].same(held) {
			return ErrInvalidGenesis.Wrapf("held: expected each operator, epoch and grant once, found %s, %d and %d twice", held.Operator, held.Matures, held.Grant)
		}
	}
	for _, total := range g.HeldTotals {
		if total.Grant == 0 || total.Grant > uint64(len(g.Grants)) || total.Amount.IsNil() || !total.Amount.IsPositive() {
			return ErrInvalidGenesis.Wrapf("held_totals: expected a grant from 1 to %d and a positive amount, found %d and %s",
				len(g.Grants), total.Grant, total.Amount)
		}
	}
	for i := range g.Unminted {
		record := &g.Unminted[i]
		if record.Grant == 0 || record.Grant > uint64(len(g.Grants)) {
			return ErrInvalidGenesis.Wrapf("unminted: expected a grant from 1 to %d, found %d", len(g.Grants), record.Grant)
		}
		if err := record.Validate(&g.Grants[record.Grant-1]); err != nil {
			return err
		}
	}
	return nil
}

// same reports whether two entries are about the same pay.
func (h HeldPay) same(other HeldPay) bool {
	return h.Operator == other.Operator && h.Matures == other.Matures && h.Grant == other.Grant
}
