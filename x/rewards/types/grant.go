package types

import (
	"bytes"
	"regexp"
	"slices"
	"unicode/utf8"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Bounds of the terms of a grant.
const (
	maxPurposeBytes = 512
	maxLinkBytes    = 256
	maxPrograms     = 16
	maxPrices       = 8
	digestBytes     = 32
	// maxGrantBits bounds prices, budgets and deposits, so that their products with fuel and
	// epochs fit into a math.Int.
	maxGrantBits     = 100
	maxFuelPerBlock  = 1 << 50
	maxGrantEpochs   = 1_000_000
	maxHoldEpochs    = 10_000
	tfuelDecimals    = 18
	defaultHold      = 168   // a week of epochs of an hour
	defaultMaxEpochs = 8_760 // a year of epochs of an hour
)

var (
	grantClassPattern = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	grantLinkPattern  = regexp.MustCompile(`^https?://[\x21-\x7e]+$`)
)

// Validate checks everything about terms that does not depend on parameters, except for the
// address, which the keeper reads.
func (t *GrantTerms) Validate() error {
	bad := ErrInvalidGrant
	if n := len(t.Purpose); n == 0 || n > maxPurposeBytes || !utf8.ValidString(t.Purpose) {
		return bad.Wrapf("purpose: expected 1 to %d bytes of UTF-8, found %d", maxPurposeBytes, n)
	}
	if t.Link != "" && (len(t.Link) > maxLinkBytes || !grantLinkPattern.MatchString(t.Link)) {
		return bad.Wrapf("link: expected an http or https address of at most %d bytes, found %.280q", maxLinkBytes, t.Link)
	}
	if n := len(t.Programs); n == 0 || n > maxPrograms {
		return bad.Wrapf("programs: expected 1 to %d digests, found %d", maxPrograms, n)
	}
	for i, digest := range t.Programs {
		if len(digest) != digestBytes {
			return bad.Wrapf("programs: expected digests of %d bytes, found %d", digestBytes, len(digest))
		}
		if slices.ContainsFunc(t.Programs[:i], func(d []byte) bool { return bytes.Equal(d, digest) }) {
			return bad.Wrapf("programs: expected each digest once, found %x twice", digest)
		}
	}
	if err := t.validatePrices(); err != nil {
		return err
	}
	if kind := t.Policy; kind != computetypes.POLICY_KIND_QUORUM && kind != computetypes.POLICY_KIND_AUDIT {
		return bad.Wrapf("policy: expected %s or %s, found %s; a grant pays for results that the chain verifies",
			computetypes.POLICY_KIND_QUORUM, computetypes.POLICY_KIND_AUDIT, kind)
	}
	if t.Epochs == 0 || t.Epochs > maxGrantEpochs {
		return bad.Wrapf("epochs: expected 1 to %d, found %d", maxGrantEpochs, t.Epochs)
	}
	if t.FuelPerBlock == 0 || t.FuelPerBlock > maxFuelPerBlock {
		return bad.Wrapf("fuel_per_block: expected 1 to %d, found %d", uint64(maxFuelPerBlock), t.FuelPerBlock)
	}
	if err := checkGrantAmount("budget", t.Budget); err != nil {
		return err
	}
	return checkGrantAmount("deposit", t.Deposit)
}

func (t *GrantTerms) validatePrices() error {
	if n := len(t.Prices); n == 0 || n > maxPrices {
		return ErrInvalidGrant.Wrapf("prices: expected 1 to %d classes, found %d", maxPrices, n)
	}
	for i, p := range t.Prices {
		if !grantClassPattern.MatchString(p.Class) {
			return ErrInvalidGrant.Wrapf("prices: expected a class of lower case letters, digits and dashes, found %.64q", p.Class)
		}
		if slices.ContainsFunc(t.Prices[:i], func(e GrantPrice) bool { return e.Class == p.Class }) {
			return ErrInvalidGrant.Wrapf("prices: expected each class once, found %s twice", p.Class)
		}
		if err := checkGrantAmount("price of "+p.Class, p.Price); err != nil {
			return err
		}
	}
	return nil
}

func checkGrantAmount(name string, amount math.Int) error {
	if amount.IsNil() || !amount.IsPositive() || amount.BigInt().BitLen() > maxGrantBits {
		return ErrInvalidGrant.Wrapf("%s: expected 1 to 2^%d, found %s", name, maxGrantBits, amount)
	}
	return nil
}

// CheckParams checks valid terms against the parameters.
func (t *GrantTerms) CheckParams(p Params) error {
	if t.Budget.GT(p.MaxGrantBudget) {
		return ErrInvalidGrant.Wrapf("budget: expected at most max_grant_budget, which is %s, found %s", p.MaxGrantBudget, t.Budget)
	}
	if t.Epochs > p.MaxGrantEpochs {
		return ErrInvalidGrant.Wrapf("epochs: expected at most max_grant_epochs, which is %d, found %d", p.MaxGrantEpochs, t.Epochs)
	}
	return nil
}

// NewGrant returns a grant whose deposit is not there yet.
func NewGrant(id uint64, denom string, terms GrantTerms, hold uint64) Grant {
	g := Grant{
		Id: id, Status: GRANT_STATUS_PENDING, Terms: terms, HoldEpochs: hold, Denom: denom,
		Deposit: math.ZeroInt(), Encumbered: math.ZeroInt(), Outstanding: math.ZeroInt(),
	}
	for _, p := range terms.Prices {
		g.Classes = append(g.Classes, GrantClass{Class: p.Class, Fuel: math.ZeroInt(), Minted: math.ZeroInt()})
	}
	return g
}

// Price returns the price of a class, and whether the grant pays for work in that class.
func (g *Grant) Price(class string) (math.Int, bool) {
	for _, p := range g.Terms.Prices {
		if p.Class == class {
			return p.Price, true
		}
	}
	return math.ZeroInt(), false
}

// LastEpoch returns the last epoch in which jobs may be posted against an active grant.
func (g *Grant) LastEpoch() uint64 { return g.FirstEpoch + g.Terms.Epochs - 1 }

// EncumberedIn returns what is encumbered of the budget of an epoch, which is the present one
// or a later one than any that the grant has seen.
func (g *Grant) EncumberedIn(epoch uint64) math.Int {
	if g.Epoch != epoch {
		return math.ZeroInt()
	}
	return g.Encumbered
}

// Available returns what jobs may still encumber in the present epoch.
func (g *Grant) Available(epoch uint64) math.Int {
	if g.Status != GRANT_STATUS_ACTIVE || epoch < g.FirstEpoch || epoch > g.LastEpoch() {
		return math.ZeroInt()
	}
	return g.Terms.Budget.Sub(g.EncumberedIn(epoch))
}

// Voids reports whether pay that matures in an epoch is void because the grant was revoked
// before.
func (g *Grant) Voids(matures uint64) bool {
	return g.Status == GRANT_STATUS_REVOKED && matures > g.RevokedEpoch
}

// Check returns an error if a job may not be paid by the grant in the present epoch.
func (g *Grant) Check(req computetypes.GrantRequest, epoch uint64) error {
	if g.Status != GRANT_STATUS_ACTIVE {
		return ErrGrantNotActive.Wrapf("grant %d is %s; a grant that is pending becomes active with its deposit of %s%s", g.Id, g.Status, g.Terms.Deposit, g.Denom)
	}
	if epoch > g.LastEpoch() {
		return ErrGrantNotActive.Wrapf("grant %d: expected an epoch from %d to %d, this is %d", g.Id, g.FirstEpoch, g.LastEpoch(), epoch)
	}
	if !slices.ContainsFunc(g.Terms.Programs, func(d []byte) bool { return bytes.Equal(d, req.Program) }) {
		return ErrNotGranted.Wrapf("grant %d: expected one of its %d programs, found %x", g.Id, len(g.Terms.Programs), req.Program)
	}
	if req.Policy != g.Terms.Policy {
		return ErrNotGranted.Wrapf("grant %d: expected the policy %s, found %s", g.Id, g.Terms.Policy, req.Policy)
	}
	price, pays := g.Price(req.Class)
	if !pays {
		return ErrNotGranted.Wrapf("grant %d does not pay for the class %s; see its prices", g.Id, req.Class)
	}
	if want := sdk.NewCoin(g.Denom, computetypes.FuelPay(price, math.NewIntFromUint64(req.Fuel))); req.Reward.Denom != want.Denom || !req.Reward.Amount.Equal(want.Amount) {
		return ErrNotGranted.Wrapf("grant %d: expected the reward %s, which is its price for %d of fuel, found %s", g.Id, want, req.Fuel, req.Reward)
	}
	if req.FuelPerBlock > g.Terms.FuelPerBlock {
		return ErrNotGranted.Wrapf("grant %d: expected at most %d of fuel per block of commit_blocks, found %d; ask for more commit_blocks, less fuel or smaller chunks",
			g.Id, g.Terms.FuelPerBlock, req.FuelPerBlock)
	}
	if left := g.Available(epoch); req.Encumbered.GT(left) {
		return ErrGrantSpent.Wrapf("grant %d: expected to encumber at most %s%s, which its budget has left in this epoch, found %s; post fewer tasks, or wait for jobs to end or for the next epoch",
			g.Id, left, g.Denom, req.Encumbered)
	}
	return nil
}

// Validate checks an imported grant.
func (g *Grant) Validate() error {
	bad := ErrInvalidGenesis
	if err := g.Terms.Validate(); err != nil {
		return bad.Wrapf("grant %d: %s", g.Id, err)
	}
	if g.Status != GRANT_STATUS_PENDING && g.Status != GRANT_STATUS_ACTIVE && g.Status != GRANT_STATUS_REVOKED {
		return bad.Wrapf("grant %d: status: expected a known one, found %s", g.Id, g.Status)
	}
	if err := sdk.ValidateDenom(g.Denom); err != nil {
		return bad.Wrapf("grant %d: denom: %s", g.Id, err)
	}
	if g.HoldEpochs == 0 || g.HoldEpochs > maxHoldEpochs {
		return bad.Wrapf("grant %d: hold_epochs: expected 1 to %d, found %d", g.Id, maxHoldEpochs, g.HoldEpochs)
	}
	for _, amount := range []math.Int{g.Deposit, g.Encumbered, g.Outstanding} {
		if amount.IsNil() || amount.IsNegative() {
			return bad.Wrapf("grant %d: expected a deposit, encumbered and outstanding amounts of 0 or more, found %s, %s and %s",
				g.Id, g.Deposit, g.Encumbered, g.Outstanding)
		}
	}
	if g.Encumbered.GT(g.Terms.Budget) {
		return bad.Wrapf("grant %d: encumbered: expected at most the budget %s, found %s", g.Id, g.Terms.Budget, g.Encumbered)
	}
	if g.Status == GRANT_STATUS_REVOKED && g.Deposit.IsPositive() {
		return bad.Wrapf("grant %d is revoked: expected no deposit, found %s", g.Id, g.Deposit)
	}
	return g.validateClasses()
}

// validateClasses checks that the grant has minted no more than its price for the fuel that was
// verified.
func (g *Grant) validateClasses() error {
	bad := ErrInvalidGenesis
	if len(g.Classes) != len(g.Terms.Prices) {
		return bad.Wrapf("grant %d: classes: expected one for each of %d prices, found %d", g.Id, len(g.Terms.Prices), len(g.Classes))
	}
	for i, c := range g.Classes {
		price := g.Terms.Prices[i]
		if c.Class != price.Class || !sums(c.Fuel) || !sums(c.Minted) {
			return bad.Wrapf("grant %d: class %d: expected fuel and minted of %s, 0 to 2^%d, found %v", g.Id, i, price.Class, maxSumBits, c)
		}
		if most := computetypes.FuelPay(price.Price, c.Fuel); c.Minted.GT(most) {
			return bad.Wrapf("grant %d: class %s: minted: expected at most %s for %s of fuel, found %s", g.Id, c.Class, most, c.Fuel, c.Minted)
		}
	}
	return nil
}

// Coin returns an amount in the denom of the grant.
func (g *Grant) Coin(amount math.Int) sdk.Coin { return sdk.NewCoin(g.Denom, amount) }
