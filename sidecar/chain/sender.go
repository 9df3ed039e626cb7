package chain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"

	sdkmath "cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/tx"
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

// simulationFeeGas prices the fee of a simulation.
const simulationFeeGas = 100_000

// maxTries bounds how often one transaction is signed again.
const maxTries = 5

// TxResult is an included transaction.
type TxResult = tx.Result

// Sender signs and sends transactions for one account, one at a time.
type Sender struct {
	*Reader
	signer tx.Signer
	txs    *tx.Sender
	logger *slog.Logger

	mu      sync.Mutex
	cfg     TxConfig
	account *tx.AccountCache
	price   gasPrice
	// signs is the account as the transaction at work is signed for it.
	signs tx.AccountState
	// rate is what the transaction at work pays for a unit of gas, before the factor, and
	// asks what it asks for.
	rate sdkmath.Int
	asks limit
	// learned is the most gas of a transaction, as a refusal has said.
	learned uint64
	// oversized are items that were found not to fit into any transaction.
	oversized map[Duty]oversized
}

// gasPrice is what the next block asks for a unit of gas, in units of a denom.
type gasPrice struct {
	known  bool
	denom  string
	amount sdkmath.Int
	// floor is what a transaction of the lane pays; crowded says that others pay more.
	floor   sdkmath.Int
	crowded bool
	market  market
}

// NewSender returns a sender over an open connection.
func NewSender(conn grpc.ClientConnInterface, cdc Codec, signer tx.Signer, cfg TxConfig, logger *slog.Logger) *Sender {
	txs := tx.NewSender(cfg.ChainID, conn)
	return &Sender{
		Reader: NewReader(conn, cdc), signer: signer, txs: txs, logger: logger,
		cfg: cfg.withDefaults(), account: tx.NewAccountCache(txs, signer.Address()),
	}
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
// and tried again, also where a node that has forgotten a transaction refuses it then. It
// fails with a *tx.Refusal when a message fails (nothing was done then), ErrNotIncluded,
// ErrPoolFull, ErrFeeCap, ErrNoAccount, ErrUnreachable or ErrRejected.
func (s *Sender) Send(ctx context.Context, msgs ...sdk.Msg) (TxResult, error) {
	return s.send(ctx, order{msgs: msgs, items: 1})
}

// order is what is to go into one transaction.
type order struct {
	msgs []sdk.Msg
	// items that the messages carry: more than one can be divided.
	items int
	// spare gas on top of what the simulation says.
	spare uint64
	// foresee looks at the simulation's responses, which match the messages; its
	// error keeps the transaction back.
	foresee func([]*codectypes.Any) error
	// due is how many items of the messages state shows to be due, where all of them may
	// go through the lane; 0 for others. They are claims, or duties.
	due    uint64
	claims bool
	// mixed says that the messages are to be sent apart while others pay more than the
	// floor; it fails with errCrowded then.
	mixed bool
	// apart says that it was sent apart, because blocks are full.
	apart bool
	// patience is how many blocks it may wait for inclusion, if that is less than others
	// may; 0 is as they may.
	patience int64
	// loss is what missing its duties costs, in the bond denom; nil where there are none
	// or that is not known.
	loss sdkmath.Int
	// raised is how often it has to bid more than others, because the mempool is full.
	raised int
	// exhausted says that the most gas of a transaction was not enough.
	exhausted bool
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
		var refused *tx.Refusal
		if !errors.As(err, &refused) || refused.Reason == tx.MessageFailed {
			return result, err
		}
		last = err
		if refused.Reason == tx.OutOfGas {
			adjustment *= 1.5
		}
		if err := s.correct(ctx, &o, refused); err != nil {
			return TxResult{}, err
		}
	}
	return TxResult{}, &gaveUpError{last}
}

// gaveUpError is a transaction that was refused again and again.
type gaveUpError struct{ last error }

func (e *gaveUpError) Error() string {
	return fmt.Sprintf("gave up after %d tries: %v", maxTries, e.last)
}

// Is makes it an ErrRejected, and no refusal that something could be done about.
func (e *gaveUpError) Is(target error) bool { return target == ErrRejected }

// correct changes what has led to a refusal. It fails where nothing can be done here.
func (s *Sender) correct(ctx context.Context, o *order, refused *tx.Refusal) error {
	switch refused.Reason {
	case tx.WrongSequence:
		s.logger.Info("transaction sequence was out of date, querying it again", "log", refused.Log)
		return noAccount(s.account.Correct(ctx, refused))
	case tx.FeeTooLow:
		s.forget()
		if s.asks.lane {
			o.due = 0 // the lane does not take it: pay as others do
		}
		s.logger.Info("the gas price has changed, querying it again", "log", refused.Log)
	case tx.OutOfGas:
		s.logger.Info("transaction ran out of gas, paying for more", "gas", s.asks.gas)
		switch {
		case s.asks.bound && s.asks.lane:
			o.due = 0
		case s.asks.bound:
			o.exhausted = true
		}
	case tx.PoolFull:
		return s.outbid(o, refused)
	case tx.TooLarge:
		s.forget()
		if o.items > 1 || refused.Gas == 0 || refused.Gas == s.learned {
			return &oversizeError{used: s.asks.gas, limit: refused.Gas, log: refused.Log}
		}
		s.learned = refused.Gas
	case tx.Other, tx.MessageFailed:
		return refused
	}
	return nil
}

// forget has price and account queried again.
func (s *Sender) forget() {
	s.price = gasPrice{}
	s.account.Forget()
}

// outbid says what is done where a mempool has no room: what is due goes by itself, into
// the room of the lane, and what the lane does not take bids more, as far as it is worth.
func (s *Sender) outbid(o *order, refused *tx.Refusal) error {
	s.forget()
	switch {
	case o.mixed:
		return errCrowded
	case o.due > 0 && !s.asks.tried && !o.apart:
		o.apart = true
	case !s.asks.lane && !o.loss.IsNil():
		o.raised++
		s.logger.Info("the mempool is full, bidding more", "log", refused.Log)
	default:
		return fmt.Errorf("%w: %s", ErrPoolFull, refused.Log)
	}
	return nil
}

// load fills what the next transaction needs and is not known.
func (s *Sender) load(ctx context.Context) error {
	var err error
	if s.signs, err = s.account.State(ctx); err != nil {
		return noAccount(err)
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
	price := gasPrice{known: true, denom: market.Floor.Denom, floor: floor, crowded: base.GT(floor)}
	if price.market, err = s.market(ctx); err != nil {
		return err
	}
	price.amount = sdkmath.MaxInt(feemarkettypes.Offer(base, floor), least)
	s.price = price
	return nil
}

// raise is by how much, in percent, each bid is above the one before where the mempool is
// full: who drives out another has to pay a tenth more.
const raise = 25

// bid is what a unit of gas costs outside of the lane.
func (s *Sender) bid(o order) sdkmath.Int {
	price := s.price.amount
	for range o.raised {
		price = price.MulRaw(100 + raise).QuoRaw(100).AddRaw(1)
	}
	return price
}

// try simulates, signs, broadcasts and waits, once.
func (s *Sender) try(ctx context.Context, adjustment float64, o order) (TxResult, error) {
	s.rate, s.asks = s.bid(o), limit{}
	// With a fee, the simulation pays for the fee grant and the transfer as the transaction
	// will.
	draft := tx.Draft{Msgs: o.msgs, Fee: s.fee(simulationFeeGas), Granter: s.cfg.Granter}
	foreseen, err := s.txs.Simulate(ctx, s.signer, s.signs, draft)
	if err != nil {
		return TxResult{}, err
	}
	if o.foresee != nil && len(foreseen.Responses) == len(o.msgs) {
		if err := o.foresee(foreseen.Responses); err != nil {
			return TxResult{}, err
		}
	}
	if s.asks, err = s.limitOf(o, foreseen.GasUsed, adjustment); err != nil {
		return TxResult{}, err
	}
	if s.asks.lane {
		s.rate = s.price.floor
	}
	tip, err := s.Tip(ctx)
	if err != nil {
		return TxResult{}, err
	}
	draft.TimeoutHeight = tip.Height + s.cfg.TimeoutBlocks
	if o.patience > 0 {
		draft.TimeoutHeight = tip.Height + min(o.patience, s.cfg.TimeoutBlocks)
	}
	if err := s.allow(s.asks.gas, o); err != nil {
		var dear *dearError
		if o.mixed && s.price.amount.GT(s.price.floor) && errors.As(err, &dear) && dear.ofPrice() {
			err = errCrowded // what is due may cost less by itself
		}
		s.price = gasPrice{} // it may be lower the next time
		return TxResult{}, err
	}
	draft.Gas, draft.Fee = s.asks.gas, s.fee(s.asks.gas)
	signed, err := s.txs.Sign(ctx, s.signer, s.signs, draft)
	if err != nil {
		return TxResult{}, err
	}
	return s.deliver(ctx, signed)
}

// deliver broadcasts a transaction and waits for it.
func (s *Sender) deliver(ctx context.Context, signed tx.Signed) (TxResult, error) {
	if err := s.txs.Broadcast(ctx, signed); err != nil {
		var refused *tx.Refusal
		if !errors.As(err, &refused) || refused.Code == 0 {
			s.account.Forget() // whether the node has taken it is not known
		}
		return TxResult{}, err
	}
	s.account.Used()
	result, decided, err := s.txs.Await(ctx, signed, s.cfg.PollInterval)
	if !decided {
		// Whether the sequence was used is not known any more.
		s.account.Forget()
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
