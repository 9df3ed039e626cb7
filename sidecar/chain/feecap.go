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

// ErrFeeCap: a transaction would cost more than the owner allows; none was signed.
var ErrFeeCap = errors.New("the owner of this machine does not allow that fee; nothing was signed")

const (
	// defaultGasPrice is 20 times what the chain asks for at its start, in atfuel.
	defaultGasPrice = 20_000_000_000
	// defaultTxMilli is a tenth of a tfuel, in thousandths: more than a full batch at
	// that price.
	defaultTxMilli = 100
	// defaultDutyBps is the part of what missing a duty costs that it may cost, in basis
	// points.
	defaultDutyBps = 500
)

// bondDenom is what is locked and lost.
const bondDenom = params.BaseDenom

// FeeCaps are the most that the owner pays, whatever a node says of prices and of gas.
// What the sender pays of its own accord is less.
type FeeCaps struct {
	// GasPrice a unit of gas. Nothing is paid in another denom.
	GasPrice sdk.Coin
	// Tx is for one transaction, Day for all of a day in UTC; no denom is no limit.
	Tx, Day sdk.Coin
	// DutyBps is how much of what missing a duty costs is paid for it at most, in basis
	// points, where the least price of a block does not do. The other limits hold as well.
	DutyBps uint32
}

// DefaultFeeCaps fit the fees of a chain that is busy.
func DefaultFeeCaps() FeeCaps {
	return FeeCaps{
		GasPrice: sdk.NewInt64Coin(params.BaseDenom, defaultGasPrice),
		Tx:       sdk.NewCoin(params.BaseDenom, params.Tfuel(1).MulRaw(defaultTxMilli).QuoRaw(1000)),
		DutyBps:  defaultDutyBps,
	}
}

// Spending counts the fees of a day; *store.Journal is one.
type Spending interface {
	Charge(day int64, sequence uint64, fee, limit *big.Int) (spent *big.Int, ok bool, err error)
	Charged(day int64) (spent *big.Int, err error)
}

// dayOf numbers days in UTC.
func dayOf(now time.Time) int64 { return now.Unix() / int64((24 * time.Hour).Seconds()) }

// The limits of FeeCaps.
type capLimit int

const (
	limitDenom capLimit = iota
	limitGasPrice
	limitTx
	limitDay
	limitShare
)

// dearError is an ErrFeeCap: a transaction that costs more than a limit allows.
type dearError struct {
	limit capLimit
	// fee is what it would cost; most what the limit allows, nil where that is no amount
	// of a transaction.
	fee, most sdkmath.Int
	text      string
}

func (e *dearError) Error() string { return ErrFeeCap.Error() + ": " + e.text }

// Unwrap makes it an ErrFeeCap.
func (e *dearError) Unwrap() error { return ErrFeeCap }

// ofPrice tells whether it would do at a lower price.
func (e *dearError) ofPrice() bool { return e.limit == limitGasPrice || e.limit == limitShare }

// allow is the one place that decides what this machine signs for. It returns ErrFeeCap,
// saying which limit held, what it would have cost, and what is lost.
func (s *Sender) allow(gas uint64, o order) error {
	dear := s.tooDear(gas, o)
	if dear == nil {
		return s.charge(s.fee(gas).AmountOf(s.price.denom), o)
	}
	dear.text += lossText(o)
	return dear
}

// lossText says what missing the duties of an order costs.
func lossText(o order) string {
	if o.loss.IsNil() || !o.loss.IsPositive() {
		return ""
	}
	return fmt.Sprintf("; missing what it brings costs %s%s", o.loss, bondDenom)
}

// tooDear compares what gas costs with the limits of a transaction; nil is allowed.
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
	return s.tooDearForDuty(fee, gas, o)
}

// tooDearForDuty compares a fee with what missing the duties of an order costs. What a
// block takes least is not held against it.
func (s *Sender) tooDearForDuty(fee sdkmath.Int, gas uint64, o order) *dearError {
	if o.loss.IsNil() || s.price.denom != bondDenom {
		return nil
	}
	most := o.loss.MulRaw(int64(s.cfg.Caps.DutyBps)).QuoRaw(wholeBps)
	least := s.factor().MulInt(s.price.floor.Mul(sdkmath.NewIntFromUint64(gas))).Ceil().TruncateInt()
	if fee.LTE(sdkmath.MaxInt(most, least)) {
		return nil
	}
	return &dearError{limit: limitShare, fee: fee, most: most, text: fmt.Sprintf("a transaction of %d gas with duties would cost %s%s, and fees.duty-percent allows %s%s for them; they are sent again in the next blocks, at the least price where the lane has room; raise that setting to pay more",
		gas, fee, s.price.denom, most, bondDenom)}
}

// wholeBps is all of an amount in basis points.
const wholeBps = 10_000

// charge counts a fee against the day, if that allows it.
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

// FeesLeft is what may still be signed for today, in the denom of the caps; not ok
// without a limit.
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
