package chain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"google.golang.org/grpc"

	sdkmath "cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// TxConfig says how transactions are priced and waited for.
type TxConfig struct {
	// ChainID that is signed for.
	ChainID string
	// Granter pays the fees by a fee grant; nil when the signer pays.
	Granter sdk.AccAddress
	// GasAdjustment multiplies simulated gas; 0 means 1.5.
	GasAdjustment float64
	// GasPriceFactor multiplies the chain's minimum gas price; 0 means 1.
	GasPriceFactor float64
	// TimeoutBlocks is how many blocks a transaction may wait for inclusion; 0 means 20.
	TimeoutBlocks int64
	// Caps are the most that is signed for; without a gas price DefaultFeeCaps.
	Caps FeeCaps
	// Spending counts the fees of a day; nil counts none.
	Spending Spending
	// Now is the clock of days; nil is time.Now.
	Now func() time.Time
	// PollInterval is the pause between two looks for inclusion; 0 means 250 ms.
	PollInterval time.Duration
}

func (c TxConfig) withDefaults() TxConfig {
	if c.GasAdjustment == 0 {
		c.GasAdjustment = 1.5
	}
	if c.GasPriceFactor == 0 {
		c.GasPriceFactor = 1
	}
	if c.TimeoutBlocks == 0 {
		c.TimeoutBlocks = 20
	}
	if c.Caps.GasPrice.Denom == "" {
		c.Caps = DefaultFeeCaps()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.PollInterval == 0 {
		c.PollInterval = 250 * time.Millisecond
	}
	return c
}

// simulationFeeGas prices the fee of a simulation: with a fee, the simulation
// pays for the fee grant and the transfer as the real transaction will.
const simulationFeeGas = 100_000

// maxTries bounds how often one transaction is signed again.
const maxTries = 5

// TxResult is an included transaction.
type TxResult struct {
	// Hash in upper-case hex.
	Hash string
	// Height of the block.
	Height int64
	// GasUsed of the gas that was paid for.
	GasUsed, GasWanted int64
	// Responses in the order of the messages.
	Responses []*codectypes.Any
}

// Sender signs and sends transactions for one account, one at a time.
type Sender struct {
	*Reader
	signer Signer
	logger *slog.Logger

	mu      sync.Mutex
	cfg     TxConfig
	account accountState
	price   gasPrice
	// rate is what the transaction at work pays for a unit of gas, before the factor.
	rate sdkmath.Int
}

// accountState is the account as the next transaction needs it.
type accountState struct {
	known            bool
	number, sequence uint64
}

// gasPrice is what the next block asks for a unit of gas, in units of a denom.
type gasPrice struct {
	known  bool
	denom  string
	amount sdkmath.Int
	// floor is what a transaction of the lane pays; crowded says that others pay more.
	floor   sdkmath.Int
	crowded bool
	limits  feemarkettypes.Params
}

// NewSender returns a sender over an open connection.
func NewSender(conn grpc.ClientConnInterface, cdc Codec, signer Signer, cfg TxConfig, logger *slog.Logger) *Sender {
	return &Sender{Reader: NewReader(conn, cdc), signer: signer, cfg: cfg.withDefaults(), logger: logger}
}

// SetGranter names the account whose fee grant pays from now on.
func (s *Sender) SetGranter(granter sdk.AccAddress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Granter = granter
}

// Address of the account that signs.
func (s *Sender) Address() sdk.AccAddress { return s.signer.Address() }

// Send signs the messages in one transaction and returns once it is in a block.
// A transaction that a node refused may still get into a block, beside the one that is
// signed after it: the messages have to be such that doing them twice does no more, or
// that the chain refuses the second.
// A wrong sequence, a raised minimum gas price and exhausted gas are corrected
// and tried again. It fails with *MessageError when a message fails (nothing was
// done then), ErrNotIncluded, ErrNoAccount, ErrUnreachable or ErrRejected.
func (s *Sender) Send(ctx context.Context, msgs ...sdk.Msg) (TxResult, error) {
	return s.send(ctx, order{msgs: msgs})
}

// order is what is to go into one transaction.
type order struct {
	msgs []sdk.Msg
	// spare gas on top of what the simulation says.
	spare uint64
	// foresee looks at the simulation's responses, which match the messages; its
	// error keeps the transaction back.
	foresee func([]*codectypes.Any) error
	// due is how many items of the messages state shows to be due, where all of them may
	// go through the lane; 0 for others.
	due uint64
	// mixed says that the messages are to be sent apart while others pay more than the
	// floor; it fails with errCrowded then.
	mixed bool
	// patience is how many blocks it may wait for inclusion, if that is less than others
	// may; 0 is as they may.
	patience int64
}

// errCrowded: blocks are full, and what goes through the lane has to go by itself.
var errCrowded = errors.New("blocks are full")

// send is Send for an order.
func (s *Sender) send(ctx context.Context, o order) (TxResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	adjustment := s.cfg.GasAdjustment
	var last error
	for range maxTries {
		if err := s.load(ctx); err != nil {
			return TxResult{}, err
		}
		if o.mixed && s.price.crowded {
			return TxResult{}, errCrowded
		}
		result, err := s.try(ctx, adjustment, o)
		if s.price.crowded {
			s.price = gasPrice{} // it moves with every block
		}
		var refused *refusal
		if !errors.As(err, &refused) {
			return result, err
		}
		last = err
		switch refused.kind {
		case wrongSequence:
			s.account = accountState{}
			s.logger.Info("transaction sequence was out of date, querying it again", "log", refused.log)
		case feeTooLow:
			s.price, s.account = gasPrice{}, accountState{}
			o.due = 0 // the lane does not take it: pay as others do
			s.logger.Info("the gas price has changed, querying it again", "log", refused.log)
		case outOfGas:
			adjustment *= 1.5
			s.logger.Info("transaction ran out of gas, paying for more", "adjustment", adjustment)
		case otherRefusal:
			return TxResult{}, err
		}
		// A sequence that the chain names counts transactions that wait in its
		// mempool; the account query does not.
		if refused.kind == wrongSequence && refused.sequence != nil {
			if err := s.load(ctx); err != nil {
				return TxResult{}, err
			}
			s.account.sequence = *refused.sequence
		}
	}
	return TxResult{}, fmt.Errorf("gave up after %d tries: %w", maxTries, last)
}

// load fills what the next transaction needs and is not known.
func (s *Sender) load(ctx context.Context) error {
	if !s.account.known {
		number, sequence, err := s.Reader.account(ctx, s.signer.Address().String())
		if err != nil {
			return err
		}
		s.account = accountState{known: true, number: number, sequence: sequence}
	}
	if !s.price.known {
		return s.loadPrice(ctx)
	}
	return nil
}

// loadPrice fills what gas costs.
func (s *Sender) loadPrice(ctx context.Context) error {
	market, err := s.BaseFee(ctx)
	if err != nil {
		return err
	}
	base, floor := market.BaseFee.Amount, market.Floor.Amount
	least, err := s.ownGasPrice(ctx, market.Floor.Denom)
	if err != nil {
		return err
	}
	price := gasPrice{known: true, denom: market.Floor.Denom, amount: base, floor: floor, crowded: base.GT(floor)}
	if price.crowded {
		if price.limits, err = s.laneLimits(ctx); err != nil {
			return err
		}
	}
	price.amount = sdkmath.MaxInt(feemarkettypes.Offer(base, floor), least)
	s.price = price
	return nil
}

// inLane tells whether a transaction that uses gas may go through the lane.
func (s *Sender) inLane(o order, gas uint64) bool {
	return s.price.crowded && o.due > 0 && gas <= s.price.limits.LaneTx(o.due)
}

// try simulates, signs, broadcasts and waits, once.
func (s *Sender) try(ctx context.Context, adjustment float64, o order) (TxResult, error) {
	s.rate = s.price.amount
	gas, responses, err := s.simulate(ctx, o.msgs)
	if err != nil {
		return TxResult{}, err
	}
	if o.foresee != nil && len(responses) == len(o.msgs) {
		if err := o.foresee(responses); err != nil {
			return TxResult{}, err
		}
	}
	lane := s.inLane(o, gas)
	gas = uint64(math.Ceil(float64(gas)*adjustment)) + o.spare
	if lane {
		s.rate, gas = s.price.floor, min(gas, s.price.limits.LaneTx(o.due))
	}
	tip, err := s.Tip(ctx)
	if err != nil {
		return TxResult{}, err
	}
	timeout := tip.Height + s.cfg.TimeoutBlocks
	if o.patience > 0 {
		timeout = tip.Height + min(o.patience, s.cfg.TimeoutBlocks)
	}
	if err := s.allow(gas); err != nil {
		s.price = gasPrice{} // it may be lower the next time
		return TxResult{}, err
	}
	tx, err := s.sign(ctx, o.msgs, gas, timeout)
	if err != nil {
		return TxResult{}, err
	}
	hash, err := s.broadcast(ctx, tx)
	if err != nil {
		return TxResult{}, err
	}
	s.account.sequence++
	result, err := s.await(ctx, hash, tx, timeout)
	if errors.Is(err, ErrNotIncluded) || ctx.Err() != nil {
		// Whether the sequence was used is not known any more.
		s.account = accountState{}
	}
	return result, err
}

// factor is what the minimum price is multiplied by.
func (s *Sender) factor() sdkmath.LegacyDec {
	return sdkmath.LegacyMustNewDecFromStr(fmt.Sprintf("%.6f", s.cfg.GasPriceFactor))
}

// fee returns what gas costs at the rate of the transaction at work, rounded up.
func (s *Sender) fee(gas uint64) sdk.Coins {
	amount := s.factor().MulInt(s.rate.Mul(sdkmath.NewIntFromUint64(gas))).Ceil().TruncateInt()
	if !amount.IsPositive() {
		return nil
	}
	return sdk.NewCoins(sdk.NewCoin(s.price.denom, amount))
}
