package client

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	sdkmath "cosmossdk.io/math"

	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/money"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

const (
	// DefaultGasAdjustment covers what a simulation cannot see, such as a store that
	// grows before the tx runs.
	DefaultGasAdjustment = 1.4
	// maxGasAdjustment is where a slip of the finger begins.
	maxGasAdjustment = 100
	// mostFee is the most that a transaction costs, in tfuel, while gas or price are what
	// a node says: one that lies would have all that an account has.
	mostFee = 10
)

// Terms are how transactions are paid for and described. The zero value pays the lowest
// price that the chain and its node accept, for the simulated gas plus a reserve.
type Terms struct {
	// GasPrice in atfuel a unit of gas; zero is the least that is taken.
	GasPrice sdkmath.LegacyDec
	// Fee is the whole fee in atfuel, instead of a price; nil is none.
	Fee sdkmath.Int
	// Gas is the limit; 0 is simulated.
	Gas uint64
	// GasAdjustment multiplies simulated gas; 0 is DefaultGasAdjustment.
	GasAdjustment float64
	// Note is put into the transaction and is public.
	Note string
	// FeeGranter pays the fee by a fee grant; empty when the signer pays.
	FeeGranter sdk.AccAddress
	// FeePayer pays the fee and has to sign too: only for transactions that are signed
	// elsewhere.
	FeePayer sdk.AccAddress
	// TimeoutHeight is the last block that may take a transaction that is signed
	// elsewhere; 0 is no limit.
	TimeoutHeight uint64
	// Exclusive, if set, keeps other programs with the same key from sending until
	// release is called.
	Exclusive func(ctx context.Context) (release func(), err error)
	// Overtaken is asked before a message is signed with another sequence, because a node
	// claims that the earlier transactions can never run. Its error ends the attempt, which
	// can be continued later; nil refuses.
	Overtaken func(ctx context.Context, o Overtaking) error
	// Tell, if set, is told what a person who waits should know.
	Tell func(line string)
}

// With returns a client that pays and describes its transactions on these terms.
func (c *Client) With(terms Terms) *Client {
	on := *c
	on.terms = terms
	return &on
}

// Validate finds terms that no chain takes.
func (t Terms) Validate() error {
	priced, given := !t.GasPrice.IsNil() && !t.GasPrice.IsZero(), !t.Fee.IsNil()
	switch {
	case priced && given:
		return fmt.Errorf("expected a gas price or a fee, found both: %s%s a unit of gas and %s%s", t.GasPrice, params.BaseDenom, t.Fee, params.BaseDenom)
	case priced && t.GasPrice.IsNegative(), given && t.Fee.IsNegative():
		return fmt.Errorf("expected a gas price and a fee of 0 or more, found less")
	case priced && t.GasPrice.GT(sdkmath.LegacyNewDecFromInt(params.Tfuel(mostFee))):
		return fmt.Errorf("%w: a price of %s%s", errPrice, t.GasPrice, params.BaseDenom)
	case math.IsNaN(t.GasAdjustment), t.GasAdjustment != 0 && (t.GasAdjustment < 1 || t.GasAdjustment > maxGasAdjustment):
		return fmt.Errorf("expected a gas adjustment from 1 to %d, found %v: below 1 a transaction runs out of the gas that its simulation used", maxGasAdjustment, t.GasAdjustment)
	}
	return nil
}

// ParseTerms reads the options --gas, --gas-adjustment, --gas-prices and --fees; empty
// texts mean that they are not set.
func ParseTerms(gas string, adjustment float64, prices, fees string) (Terms, error) {
	terms := Terms{GasAdjustment: adjustment}
	if gas != "" && gas != "auto" {
		limit, err := strconv.ParseUint(gas, 10, 63)
		if err != nil || limit == 0 {
			return terms, fmt.Errorf("--gas: expected auto or a number above 0, found %q", gas)
		}
		terms.Gas = limit
	}
	if prices != "" {
		price, err := sdk.ParseDecCoin(prices)
		if err != nil || price.Denom != params.BaseDenom || !price.IsPositive() {
			return terms, fmt.Errorf("--gas-prices: expected a price above 0 such as 1000000000%s, found %q", params.BaseDenom, prices)
		}
		terms.GasPrice = price.Amount
	}
	if fees != "" {
		fee, err := money.ParseAmount(fees)
		if err != nil {
			return terms, fmt.Errorf("--fees: %w", err)
		}
		if fee.Denom != params.BaseDenom {
			return terms, fmt.Errorf("--fees: expected an amount in %s or %s, found %q", params.DisplayDenom, params.BaseDenom, fees)
		}
		terms.Fee = fee.Amount
	}
	if adjustment == 0 {
		return terms, errors.New("--gas-adjustment: expected a number from 1 up, found 0")
	}
	return terms, terms.Validate()
}

// gasPrices are prices in atfuel per unit of gas.
type gasPrices struct {
	// least is the lowest that both the chain and its node take for the next block.
	least sdkmath.Int
	// offer is the price that the client proposes: while blocks are full it suffices for two
	// more of them.
	offer sdkmath.Int
}

// LeastGasPrice returns the price in atfuel per unit of gas that the client proposes: the
// lowest that both the chain and the node take (a node may ask for more in its own mempool),
// and while blocks are full, the price that the next blocks take.
func (c *Client) LeastGasPrice(ctx context.Context) (sdkmath.Int, error) {
	prices, err := c.gasPrices(ctx)
	return prices.offer, err
}

func (c *Client) gasPrices(ctx context.Context) (gasPrices, error) {
	market, err := c.market.BaseFee(ctx, &feemarkettypes.QueryBaseFeeRequest{})
	if err != nil {
		return gasPrices{}, fmt.Errorf("gas price of the next block: %w", plain(err))
	}
	prices, floor := gasPrices{market.BaseFee.Amount, market.BaseFee.Amount}, market.Floor.Amount
	if err := believable(prices.least); err != nil {
		return gasPrices{}, err
	}
	if !floor.IsNil() {
		prices.offer = feemarkettypes.Offer(prices.least, floor)
	}
	config, err := c.node.Config(ctx, &nodeservice.ConfigRequest{})
	if err != nil {
		if unreachable(err) {
			return gasPrices{}, fmt.Errorf("minimum gas price of the node: %w", plain(err))
		}
		// A node that keeps its settings to itself may still take the chain's price.
		return prices, believable(prices.offer)
	}
	own, err := sdk.ParseDecCoins(config.MinimumGasPrice)
	if err != nil {
		return gasPrices{}, fmt.Errorf("minimum gas price of the node: expected coins, found %q: %w", config.MinimumGasPrice, err)
	}
	price := own.AmountOf(params.BaseDenom)
	if price.GT(sdkmath.LegacyNewDecFromInt(params.Tfuel(mostFee))) {
		return gasPrices{}, fmt.Errorf("%w: a node that asks for %s%s", errPrice, price, params.BaseDenom)
	}
	asked := price.Ceil().TruncateInt()
	return gasPrices{sdkmath.MaxInt(prices.least, asked), sdkmath.MaxInt(prices.offer, asked)}, believable(prices.offer)
}

// errPrice: no gas costs that much, and numbers without bounds cannot be counted with.
var errPrice = fmt.Errorf("expected a unit of gas to cost at most %d%s, found", mostFee, params.DisplayDenom)

// believable refuses a price that a node says the chain has.
func believable(price sdkmath.Int) error {
	if price.IsNil() || price.IsNegative() || price.GT(params.Tfuel(mostFee)) {
		return fmt.Errorf("%w: a chain that asks for %s%s", errPrice, price, params.BaseDenom)
	}
	return nil
}

// cost prices gas on the client's terms, and refuses terms that are below what is taken.
func (c *Client) cost(ctx context.Context, gas uint64) (Cost, error) {
	prices, err := c.gasPrices(ctx)
	if err != nil {
		return Cost{}, err
	}
	fee, err := c.terms.fee(gas, prices)
	if offered := prices.offer.Mul(sdkmath.NewIntFromUint64(gas)); err == nil && fee.LT(offered) {
		c.terms.tell("blocks are full: a fee of %s%s is taken now, and others may outbid it; %s%s would last for two more blocks",
			fee, params.BaseDenom, offered, params.BaseDenom)
	}
	if err == nil && fee.GT(params.Tfuel(mostFee)) && !c.terms.named() {
		err = fmt.Errorf("expected a fee of at most %s, found that the node asks for %s, which is %s%s for each of %d gas; if you mean to pay that, say so with --fees",
			money.FormatAmount(params.TfuelCoin(mostFee)), money.FormatAmount(sdk.Coin{Denom: params.BaseDenom, Amount: fee}), fee.Quo(sdkmath.NewIntFromUint64(max(gas, 1))), params.BaseDenom, gas)
	}
	return Cost{Gas: gas, Fee: sdk.Coin{Denom: params.BaseDenom, Amount: fee}}, err
}

// named tells whether the fee follows from what a person has said alone.
func (t Terms) named() bool {
	return !t.Fee.IsNil() || t.Gas != 0 && !t.GasPrice.IsNil() && !t.GasPrice.IsZero()
}

// fee is what gas costs, in atfuel.
func (t Terms) fee(gas uint64, prices gasPrices) (sdkmath.Int, error) {
	least := prices.least
	needed := least.Mul(sdkmath.NewIntFromUint64(gas))
	switch {
	case !t.Fee.IsNil():
		if t.Fee.LT(needed) {
			return sdkmath.Int{}, fmt.Errorf("expected a fee of at least %s%s for %d gas at %s%s each, found %s%s",
				needed, params.BaseDenom, gas, least, params.BaseDenom, t.Fee, params.BaseDenom)
		}
		return t.Fee, nil
	case !t.GasPrice.IsNil() && !t.GasPrice.IsZero():
		if t.GasPrice.LT(sdkmath.LegacyNewDecFromInt(least)) {
			return sdkmath.Int{}, fmt.Errorf("expected a gas price of at least %s%s, which the chain and its node ask for, found %s%s",
				least, params.BaseDenom, t.GasPrice, params.BaseDenom)
		}
		return t.GasPrice.MulInt(sdkmath.NewIntFromUint64(gas)).Ceil().TruncateInt(), nil
	default:
		return prices.offer.Mul(sdkmath.NewIntFromUint64(gas)), nil
	}
}

// gas is the limit for what a simulation has used.
func (t Terms) gas(used uint64) uint64 {
	if t.Gas != 0 {
		return t.Gas
	}
	adjustment := t.GasAdjustment
	if adjustment == 0 {
		adjustment = DefaultGasAdjustment
	}
	return uint64(math.Ceil(float64(used) * adjustment))
}

func (t Terms) tell(format string, args ...any) {
	if t.Tell != nil {
		t.Tell(fmt.Sprintf(format, args...))
	}
}
