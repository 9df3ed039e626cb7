package chain

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
)

// ErrFeeCap means that a transaction would cost more than the owner allows. It was not signed.
var ErrFeeCap = errors.New("the owner of this machine does not allow that fee; nothing was signed")

const (
	// defaultGasPrice is 20 times the chain's initial price, in atfuel.
	defaultGasPrice = 20_000_000_000
	// defaultTxMilli is 0.1 tfuel, in thousandths of a tfuel. A full batch at the default gas
	// price costs less.
	defaultTxMilli = 100
	// defaultDutyBps is the largest fee for a duty, in basis points of what the node would
	// lose by missing it.
	defaultDutyBps = 500
	// defaultUrgentBps is the same for a duty that is due soon.
	defaultUrgentBps = 5_000
)

// bondDenom is the denom of what nodes lock and lose.
const bondDenom = params.BaseDenom

// FeeCaps contains the highest amounts that the owner pays, whatever prices and gas the node
// reports. On its own, the sender pays less.
type FeeCaps struct {
	// GasPrice is the limit per unit of gas. The sender does not pay in any other denom.
	GasPrice sdk.Coin
	// Tx is the limit for one transaction, and Day the limit for a day in UTC. A limit without
	// a denom is not applied.
	Tx, Day sdk.Coin
	// DutyBps limits the fee for a duty if the minimum price of a block is not enough. It is
	// in basis points of what the node would lose by missing the duty. The other limits apply
	// in addition.
	DutyBps uint32
	// UrgentBps is the same limit for a duty that is due within urgentBlocks, if it is above DutyBps.
	UrgentBps uint32
}

// DefaultFeeCaps returns limits that are suitable for the fees of a busy chain.
func DefaultFeeCaps() FeeCaps {
	return FeeCaps{
		GasPrice: sdk.NewInt64Coin(params.BaseDenom, defaultGasPrice),
		Tx:       sdk.NewCoin(params.BaseDenom, params.Tfuel(1).MulRaw(defaultTxMilli).QuoRaw(1000)),
		DutyBps:  defaultDutyBps, UrgentBps: defaultUrgentBps,
	}
}

// Spending counts the fees of a day. *store.Journal implements it.
type Spending interface {
	Charge(day int64, sequence uint64, fee, limit *big.Int) (spent *big.Int, ok bool, err error)
	Charged(day int64) (spent *big.Int, err error)
}

// dayOf returns the number of a day in UTC.
func dayOf(now time.Time) int64 { return now.Unix() / int64((24 * time.Hour).Seconds()) }

// These are the limits of FeeCaps.
type capLimit int

const (
	limitDenom capLimit = iota
	limitGasPrice
	limitTx
	limitDay
	limitShare
	limitOrder
)

// dearError is an ErrFeeCap: the transaction costs more than one of the limits allows.
type dearError struct {
	limit capLimit
	// fee is the cost of the transaction. most is the amount that the limit allows; it is nil
	// if the limit is not an amount per transaction.
	fee, most sdkmath.Int
	text      string
}

func (e *dearError) Error() string { return ErrFeeCap.Error() + ": " + e.text }

// Unwrap returns ErrFeeCap.
func (e *dearError) Unwrap() error { return ErrFeeCap }

// ofPrice reports whether the transaction would be allowed at a lower price.
func (e *dearError) ofPrice() bool { return e.limit == limitGasPrice || e.limit == limitShare }

// allow alone decides which fees this machine signs for. It returns an ErrFeeCap that says
// which limit applied, what the transaction would have cost, and what the node loses.
func (s *Sender) allow(gas uint64, o order) error {
	dear := s.tooDear(gas, o)
	if dear == nil {
		return s.charge(s.fee(gas).AmountOf(s.price.denom), o)
	}
	dear.text += lossText(o)
	return dear
}

// lossText says what the node loses by missing the duties of an order.
func lossText(o order) string {
	if o.loss.IsNil() || !o.loss.IsPositive() {
		return ""
	}
	return fmt.Sprintf("; missing what it brings costs %s%s", o.loss, bondDenom)
}

// tooDear compares the cost of gas with the limits of a transaction. It returns nil if the
// cost is allowed.
func (s *Sender) tooDear(gas uint64, o order) *dearError {
	caps, denom := s.cfg.Caps, s.price.denom
	fee := s.fee(gas).AmountOf(denom)
	if denom != caps.GasPrice.Denom {
		return &dearError{limit: limitDenom, fee: fee, text: fmt.Sprintf("the node asks for fees in %s, and fees.max-gas-price is in %s; name another node in chain.grpc", denom, caps.GasPrice.Denom)}
	}
	price := s.factor().MulInt(s.rate)
	if price.GT(sdkmath.LegacyNewDecFromInt(caps.GasPrice.Amount)) {
		return &dearError{limit: limitGasPrice, fee: fee, text: fmt.Sprintf("a unit of gas would cost %s%s (what the node asks for, times tx.gas-price-factor) and the transaction %s%s, and fees.max-gas-price is %s; raise that if the chain has become so dear, or name another node in chain.grpc",
			price.TruncateInt(), denom, fee, denom, caps.GasPrice)}
	}
	if caps.Tx.Denom == denom && fee.GT(caps.Tx.Amount) {
		return &dearError{limit: limitTx, fee: fee, most: caps.Tx.Amount, text: fmt.Sprintf("one transaction of %d gas would cost %s%s, and fees.max-tx is %s; raise that, or name another node in chain.grpc",
			gas, fee, denom, caps.Tx)}
	}
	if !o.most.IsNil() && fee.GT(o.most) {
		return &dearError{limit: limitOrder, fee: fee, most: o.most, text: fmt.Sprintf("it would cost %s%s, and is worth at most %s%s", fee, denom, o.most, denom)}
	}
	return s.tooDearForDuty(fee, gas, o)
}

// tooDearForDuty compares a fee with what the node loses by missing the duties of an order. A
// fee at the minimum price of a block is always allowed.
func (s *Sender) tooDearForDuty(fee sdkmath.Int, gas uint64, o order) *dearError {
	if o.loss.IsNil() || s.price.denom != bondDenom {
		return nil
	}
	most := o.loss.MulRaw(s.cfg.Caps.dutyBps(o.urgentNow)).QuoRaw(wholeBps)
	least := s.factor().MulInt(s.price.floor.Mul(sdkmath.NewIntFromUint64(gas))).Ceil().TruncateInt()
	if fee.LTE(sdkmath.MaxInt(most, least)) {
		return nil
	}
	return &dearError{limit: limitShare, fee: fee, most: most, text: fmt.Sprintf("a transaction of %d gas with duties would cost %s%s, and fees.duty-percent allows %s%s for them (fees.urgent-percent, if they are due within 40 blocks); they are sent again in the next blocks, at the least price where the lane has room; raise that setting to pay more",
		gas, fee, s.price.denom, most, bondDenom)}
}

// wholeBps is the whole of an amount in basis points.
const wholeBps = 10_000

// charge adds a fee to the fees of the day, if the limit of the day allows it.
func (s *Sender) charge(fee sdkmath.Int, o order) error {
	caps, denom := s.cfg.Caps, s.price.denom
	if s.cfg.Spending == nil {
		return nil
	}
	var limit *big.Int
	if caps.Day.Denom == denom {
		limit = caps.Day.Amount.BigInt()
	}
	spent, ok, err := s.cfg.Spending.Charge(dayOf(s.cfg.Now()), s.signs.Sequence, fee.BigInt(), limit)
	if err != nil {
		return fmt.Errorf("cannot count the fees of the day; nothing was signed: %w", err)
	}
	if !ok {
		return &dearError{limit: limitDay, fee: fee, text: fmt.Sprintf("a transaction would cost %s%s, %s%s were signed for today (UTC), and fees.max-day is %s; nothing more is sent before midnight unless you raise that",
			fee, denom, spent, denom, caps.Day) + lossText(o)}
	}
	return nil
}

// FeesLeft returns the amount that may still be signed for today, in the denom of the limits.
// If there is no limit, ok is false.
func (s *Sender) FeesLeft() (left sdkmath.Int, ok bool, err error) {
	day := s.cfg.Caps.Day
	if s.cfg.Spending == nil || day.Denom == "" {
		return sdkmath.Int{}, false, nil
	}
	spent, err := s.cfg.Spending.Charged(dayOf(s.cfg.Now()))
	if err != nil {
		return sdkmath.Int{}, false, err
	}
	return sdkmath.MaxInt(day.Amount.Sub(sdkmath.NewIntFromBigInt(spent)), sdkmath.ZeroInt()), true, nil
}
