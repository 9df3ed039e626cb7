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
)

// FeeCaps are the most that the owner pays, whatever a node says of prices and of gas.
// What the sender pays of its own accord is less.
type FeeCaps struct {
	// GasPrice a unit of gas. Nothing is paid in another denom.
	GasPrice sdk.Coin
	// Tx is for one transaction, Day for all of a day in UTC; no denom is no limit.
	Tx, Day sdk.Coin
}

// DefaultFeeCaps fit the fees of a chain that is busy.
func DefaultFeeCaps() FeeCaps {
	return FeeCaps{
		GasPrice: sdk.NewInt64Coin(params.BaseDenom, defaultGasPrice),
		Tx:       sdk.NewCoin(params.BaseDenom, params.Tfuel(1).MulRaw(defaultTxMilli).QuoRaw(1000)),
	}
}

// Spending counts the fees of a day; *store.Journal is one.
type Spending interface {
	Charge(day int64, sequence uint64, fee, limit *big.Int) (spent *big.Int, ok bool, err error)
	Charged(day int64) (spent *big.Int, err error)
}

// dayOf numbers days in UTC.
func dayOf(now time.Time) int64 { return now.Unix() / int64((24 * time.Hour).Seconds()) }

// allow is the one place that decides what this machine signs for. It returns ErrFeeCap.
func (s *Sender) allow(gas uint64) error {
	caps := s.cfg.Caps
	if s.price.denom != caps.GasPrice.Denom {
		return fmt.Errorf("%w: the node asks for fees in %s, and fees.max-gas-price is in %s; name another node in chain.grpc", ErrFeeCap, s.price.denom, caps.GasPrice.Denom)
	}
	price := s.factor().MulInt(s.rate)
	if price.GT(sdkmath.LegacyNewDecFromInt(caps.GasPrice.Amount)) {
		return fmt.Errorf("%w: a unit of gas would cost %s%s (what the node asks for, times tx.gas-price-factor), and fees.max-gas-price is %s; raise that if the chain has become so dear, or name another node in chain.grpc",
			ErrFeeCap, price.TruncateInt(), s.price.denom, caps.GasPrice)
	}
	fee := s.fee(gas).AmountOf(s.price.denom)
	if caps.Tx.Denom == s.price.denom && fee.GT(caps.Tx.Amount) {
		return fmt.Errorf("%w: one transaction of %d gas would cost %s%s, and fees.max-tx is %s; raise that, or name another node in chain.grpc",
			ErrFeeCap, gas, fee, s.price.denom, caps.Tx)
	}
	if s.cfg.Spending == nil {
		return nil
	}
	var limit *big.Int
	if caps.Day.Denom == s.price.denom {
		limit = caps.Day.Amount.BigInt()
	}
	spent, ok, err := s.cfg.Spending.Charge(dayOf(s.cfg.Now()), s.account.sequence, fee.BigInt(), limit)
	if err != nil {
		return fmt.Errorf("cannot count the fees of the day; nothing was signed: %w", err)
	}
	if !ok {
		return fmt.Errorf("%w: a transaction would cost %s%s, %s%s were signed for today (UTC), and fees.max-day is %s; nothing more is sent before midnight unless you raise that",
			ErrFeeCap, fee, s.price.denom, spent, s.price.denom, caps.Day)
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
