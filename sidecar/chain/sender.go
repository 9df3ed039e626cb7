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

// TxConfig says how the sender prices transactions and waits for them.
type TxConfig struct {
	// ChainID is the id of the chain that transactions are signed for.
	ChainID string
	// Granter is the account that pays the fees by a fee grant. It is nil if the signer pays.
	Granter sdk.AccAddress
	// GasAdjustment is multiplied by the simulated gas; 0 means 1.5.
	GasAdjustment float64
	// GasPriceFactor is multiplied by the chain's minimum gas price; 0 means 1.
	GasPriceFactor float64
	// TimeoutBlocks is the number of blocks for which a transaction may wait for inclusion; 0
	// means 20.
	TimeoutBlocks int64
	// Caps contains the highest amounts that are signed for. Without a gas price,
	// DefaultFeeCaps applies.
	Caps FeeCaps
	// Spending counts the fees of a day. If it is nil, fees are not counted.
	Spending Spending
	// Now is the clock that decides which day it is; nil means time.Now.
	Now func() time.Time
	// PollInterval is the pause between two checks for inclusion; 0 means 250 ms.
	PollInterval time.Duration
	// AwaitLimit is how long a transaction is awaited at most, whatever heights the node names; 0
	// means two minutes.
	AwaitLimit time.Duration
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
	if c.AwaitLimit == 0 {
		c.AwaitLimit = 2 * time.Minute
	}
	return c
}

// simulationFeeGas is the gas for which the fee in a simulation pays.
const simulationFeeGas = 100_000

// maxTries bounds how often one transaction is signed.
const maxTries = 5

// TxResult is a transaction that was included in a block.
type TxResult = tx.Result

// Sender signs and sends transactions for one account, one at a time.
type Sender struct {
	*Reader
	signer tx.Signer
	txs    *tx.Sender
	logger *slog.Logger

	// paying guards payer, the account whose fee grant pays.
	paying sync.Mutex
	payer  sdk.AccAddress

	mu      sync.Mutex
	cfg     TxConfig
	account *tx.AccountCache
	price   gasPrice
	// signs is the state of the account with which the current transaction is signed.
	signs tx.AccountState
	// rate is what the current transaction pays per unit of gas, before the factor. asks is
	// how much gas it asks for.
	rate sdkmath.Int
	asks limit
	// learned is the largest amount of gas per transaction, if a refusal has reported it.
	learned uint64
	// oversized contains items that are known not to fit into any transaction.
	oversized map[Duty]oversized
	// misses counts the transactions that no block has taken.
	misses misses
}

// gasPrice is the price per unit of gas in the next block, in units of a denom.
type gasPrice struct {
	known  bool
	denom  string
	amount sdkmath.Int
	// floor is the price for transactions of the lane. crowded reports whether other
	// transactions pay more.
	floor   sdkmath.Int
	crowded bool
	market  market
}

// NewSender returns a sender that uses an open connection.
func NewSender(conn grpc.ClientConnInterface, cdc Codec, signer tx.Signer, cfg TxConfig, logger *slog.Logger) *Sender {
	txs := tx.NewSender(cfg.ChainID, conn)
	return &Sender{
		Reader: NewReader(conn, cdc), signer: signer, txs: txs, logger: logger,
		cfg: cfg.withDefaults(), payer: cfg.Granter, account: tx.NewAccountCache(txs, signer.Address()),
	}
}

// Address returns the address of the account that signs.
func (s *Sender) Address() sdk.AccAddress { return s.signer.Address() }

// Send signs the messages in one transaction and returns once the transaction is in a block.
//
// A transaction that a node refused may still get into a block, in addition to the one that is
// signed after it. Therefore executing the messages twice must have the same effect as
// executing them once, or the chain must refuse the second execution.
//
// Send corrects a wrong sequence, a raised minimum gas price and exhausted gas, and tries
// again. It also does so if a node has forgotten a transaction and then refuses it for one of
// these reasons. Send fails with a *tx.Refusal if a message fails (nothing was executed then),
// or with ErrNotIncluded, ErrStalled, ErrPoolFull, ErrFeeCap, ErrNoAccount, ErrUnreachable or
// ErrRejected.
func (s *Sender) Send(ctx context.Context, msgs ...sdk.Msg) (TxResult, error) {
	return s.send(ctx, order{msgs: msgs, items: 1})
}

// order describes one transaction.
type order struct {
	msgs []sdk.Msg
	// items is the number of items in the messages. An order with more than one can be
	// divided.
	items int
	// spare is gas in addition to what the simulation used.
	spare uint64
	// foresee checks the responses of the simulation, one per message. If it returns an error,
	// the transaction is not sent.
	foresee func([]*codectypes.Any) error
	// due is the number of items that are due according to the state, if all items may use the
	// lane. Otherwise it is 0. The items are either claims or duties.
	due    uint64
	claims bool
	// mixed reports whether the messages have to be sent separately while other transactions
	// pay more than the floor. In this case the order fails with errCrowded.
	mixed bool
	// apart reports whether the order is sent separately because blocks are full.
	apart bool
	// patience is the number of blocks for which the transaction may wait for inclusion, if
	// that is less than TimeoutBlocks. 0 means TimeoutBlocks.
	patience int64
	// loss is what the node loses by missing the order's duties, in the bond denom. It is nil
	// if there are no duties or if the amount is not known.
	loss sdkmath.Int
	// missed says how many transactions with the order's duties no block has taken.
	missed int
	// most is the largest fee that the order is worth, in the denom of fees. It is nil if only the
	// owner's limits apply.
	most sdkmath.Int
	// raised says how many times the bid has been raised because the mempool was full.
	raised int
	// exhausted reports whether the largest amount of gas of a transaction was not enough.
	exhausted bool
	// deadline is the first deadline of the order's duties; 0 if none is known.
	deadline int64
	// urgentNow reports whether the duties are due soon, at the height at which the order is signed.
	urgentNow bool
	// duties reports whether the node loses something by missing each of the order's items.
	duties bool
	// ungranted is the refusal of the fee grant, if the worker itself pays; nil if the granter pays.
	ungranted *tx.Refusal
}

// errCrowded means that blocks are full, so that the items for the lane have to be sent
// separately.
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
			s.price = gasPrice{} // it changes with every block
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

// gaveUpError is the error for a transaction that was refused maxTries times.
type gaveUpError struct{ last error }

func (e *gaveUpError) Error() string {
	return fmt.Sprintf("gave up after %d tries: %v", maxTries, e.last)
}

// Is makes the error an ErrRejected. It is not a refusal that a caller could correct.
func (e *gaveUpError) Is(target error) bool { return target == ErrRejected }

// correct corrects the cause of a refusal. It fails if the cause cannot be corrected here.
func (s *Sender) correct(ctx context.Context, o *order, refused *tx.Refusal) error {
	switch refused.Reason {
	case tx.WrongSequence:
		if refused.Sequence != nil && *refused.Sequence > s.signs.Sequence {
			s.logger.Warn("the worker key has signed a transaction that this daemon does not know; if this goes on, another daemon uses the key, perhaps with a copy of this home: stop one of the two", "log", refused.Log)
		} else {
			s.logger.Info("transaction sequence was out of date, querying it again", "log", refused.Log)
		}
		return noAccount(s.account.Correct(ctx, refused))
	case tx.FeeTooLow:
		s.forget()
		if s.asks.lane {
			o.due = 0 // the lane does not accept it: pay the price outside of the lane
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
		return s.payItself(o, refused)
	}
	return nil
}

// forget discards the price and the account, so that they are queried again.
func (s *Sender) forget() {
	s.price = gasPrice{}
	s.account.Forget()
}

// outbid decides what to do if a mempool has no room. Items that are due are sent separately,
// in the room of the lane. A transaction that the lane does not accept bids more, up to what
// its duties are worth.
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

// load queries what the next transaction needs and what is not known yet.
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

// loadPrice queries the price of gas.
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

// try simulates, signs, broadcasts and awaits the transaction once.
func (s *Sender) try(ctx context.Context, adjustment float64, o order) (TxResult, error) {
	s.rate, s.asks = s.bid(o), limit{}
	// With a fee, the simulation includes the gas for the fee grant and for the transfer of
	// the fee.
	draft := tx.Draft{Msgs: o.msgs, Fee: s.fee(simulationFeeGas), Granter: s.granter(&o)}
	foreseen, err := s.txs.Simulate(ctx, s.signer, s.signs, draft)
	if err != nil {
		return TxResult{}, err
	}
	if o.foresee != nil && len(foreseen.Responses) == len(o.msgs) {
		if err := o.foresee(foreseen.Responses); err != nil {
			return TxResult{}, err
		}
	}
	tip, err := s.Tip(ctx)
	if err != nil {
		return TxResult{}, err
	}
	draft.LifeBlocks, o.urgentNow = o.life(s.cfg.TimeoutBlocks, tip.Height), o.urgent(tip.Height)
	if err := s.offer(&o, foreseen.GasUsed, adjustment); err != nil {
		return TxResult{}, err
	}
	draft.TimeoutHeight = tip.Height + draft.LifeBlocks
	if err := s.allow(s.asks.gas, o); err != nil {
		var dear *dearError
		if o.mixed && s.price.amount.GT(s.price.floor) && errors.As(err, &dear) && dear.ofPrice() {
			err = errCrowded // the items that are due may cost less in a separate transaction
		}
		s.price = gasPrice{} // the price may be lower at the next try
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
			s.account.Forget() // it is not known whether the node has accepted the transaction
		}
		return TxResult{}, err
	}
	s.account.Used()
	limited, cancel := context.WithTimeoutCause(ctx, s.cfg.AwaitLimit,
		fmt.Errorf("%w: transaction %s, after %s", ErrStalled, signed.Hash(), s.cfg.AwaitLimit))
	defer cancel()
	result, decided, err := s.txs.Await(limited, signed, s.cfg.PollInterval)
	if !decided {
		// It is not known any more whether the sequence was used.
		s.account.Forget()
	}
	return result, err
}

// factor returns the factor for the minimum price.
func (s *Sender) factor() sdkmath.LegacyDec {
	return sdkmath.LegacyMustNewDecFromStr(fmt.Sprintf("%.6f", s.cfg.GasPriceFactor))
}

// fee returns the price of gas at the rate of the current transaction, rounded up.
func (s *Sender) fee(gas uint64) sdk.Coins {
	amount := s.factor().MulInt(s.rate.Mul(sdkmath.NewIntFromUint64(gas))).Ceil().TruncateInt()
	if !amount.IsPositive() {
		return nil
	}
	return sdk.NewCoins(sdk.NewCoin(s.price.denom, amount))
}
