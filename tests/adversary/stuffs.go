package adversary

import (
	"context"
	"errors"
	"fmt"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

const (
	// stuffedBlocks is the number of blocks that are filled while a wave of jobs runs, with
	// txsPerBlock transactions each, by stuffers accounts.
	stuffedBlocks, txsPerBlock, stuffers = 45, 3, 5
	// stuffPrice is the price that they pay per unit of gas, in multiples of the floor: more
	// than the base fee can rise to in this many blocks.
	stuffPrice = 300
)

// stuffer is a stranger who pays any price for all block space that can be bought, so that
// nodes miss their deadlines.
type stuffer struct{}

func (stuffer) name() string { return "stuffs blocks" }

func (b stuffer) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{
		Behaviour: b.name(), Policy: quorumPolicy, Jobs: wave, Trials: stuffedBlocks,
		Formula: fmt.Sprintf("-n·(1 - λ)·B·p for n = %d blocks at p = %d floors, of which (1 - λ)·B·Σ(base - floor) is burned: the base fee rises by an eighth with every full block",
			stuffedBlocks, stuffPrice),
	}
	p, err := b.plan(ctx, s)
	if err != nil {
		return row, err
	}
	before, err := s.read(ctx, p.wallet)
	if err != nil {
		return row, err
	}
	posted, err := s.post(ctx, s.customer, s.spec(), s.plain, wave)
	if err != nil {
		return row, err
	}
	first, err := s.reader.Tip(ctx)
	if err != nil {
		return row, err
	}
	hashes, err := b.stuff(ctx, s, p)
	if err != nil {
		return row, err
	}
	last, err := b.included(ctx, s, hashes)
	if err != nil {
		return row, err
	}
	over, err := s.finish(ctx, posted.ids)
	if err != nil {
		return row, err
	}
	after, err := s.read(ctx, p.wallet)
	if err != nil {
		return row, err
	}
	c := between(before, after)
	row.Gain, row.Loss = inTfuel(c.gain), inTfuel(c.loss)
	row.Predicted = -stuffedBlocks * txsPerBlock * inTfuel(s.fee(p.offer))
	seen, err := b.watch(ctx, s, p, first.Height+1, last)
	if err != nil {
		return row, err
	}
	during := endedBy(over, last)
	row.Note = fmt.Sprintf("%d blocks, %d of them full; burned %.4f, predicted %.4f; the base fee rose to %s floors; %d of %d jobs accepted, %d while blocks were stuffed",
		last-first.Height, seen.full, inTfuel(seen.burned), inTfuel(seen.predicted), seen.highest.Quo(s.rewards.MinGasPrice), accepted(over), wave, during)
	switch {
	case accepted(over) != wave || during < wave/2:
		err = fmt.Errorf("expected the others' jobs to go on, found %d of %d accepted, %d of them while blocks were stuffed", accepted(over), wave, during)
	case !seen.burned.Equal(seen.predicted):
		err = fmt.Errorf("expected %s%s to be burned, found %s", seen.predicted, params.BaseDenom, seen.burned)
	case seen.full < stuffedBlocks*3/4:
		err = fmt.Errorf("expected at least %d full blocks, found %d", stuffedBlocks*3/4, seen.full)
	}
	return row.judged(), errors.Join(err, b.settle(ctx, s))
}

// stuffPlan contains the accounts that fill blocks, and their bids.
type stuffPlan struct {
	keys   []keyPair
	wallet purse
	offer  bid
	market feemarkettypes.Params
	budget feemarkettypes.Budget
}

// plan funds accounts for as many bids as fill the blocks.
func (stuffer) plan(ctx context.Context, s *stage) (p stuffPlan, err error) {
	market, err := feemarkettypes.NewQueryClient(s.net.Conn()).Params(ctx, &feemarkettypes.QueryParamsRequest{})
	if err != nil {
		return p, err
	}
	consensus, err := consensustypes.NewQueryClient(s.net.Conn()).Params(ctx, &consensustypes.QueryParamsRequest{})
	if err != nil {
		return p, err
	}
	p.market, p.budget = market.Params, market.Params.Budget(consensus.Params.Block)
	p.offer = bid{gas: int64(p.budget.Ordinary / txsPerBlock), price: stuffPrice} //nolint:gosec // a part of a block
	var addresses []sdk.AccAddress
	for range stuffers {
		key := newKeyPair()
		p.keys = append(p.keys, key)
		addresses = append(addresses, key.Address())
		p.wallet.accounts = append(p.wallet.accounts, key.Address().String())
	}
	each := s.fee(p.offer).MulRaw(stuffedBlocks * txsPerBlock / stuffers).Quo(params.Tfuel(1)).Int64()
	return p, s.fund(ctx, each+feeLimit, addresses...)
}

// endedBy counts the jobs that were over by a height.
func endedBy(over []ended, height int64) int {
	n := 0
	for i := range over {
		if over[i].job.Status == computetypes.JOB_STATUS_COMPLETED && over[i].job.ClosedHeight <= height {
			n++
		}
	}
	return n
}

// stuff sends all bids to the mempool at once: the price decides when they are included.
func (stuffer) stuff(ctx context.Context, s *stage, p stuffPlan) ([]string, error) {
	keys, offer := p.keys, p.offer
	var hashes []string
	sequences := make([]uint64, len(keys))
	numbers := make([]uint64, len(keys))
	for i, key := range keys {
		account, err := authtypes.NewQueryClient(s.net.Conn()).AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: key.Address().String()})
		if err != nil {
			return nil, err
		}
		numbers[i], sequences[i] = account.Info.AccountNumber, account.Info.Sequence
	}
	for n := range stuffedBlocks * txsPerBlock {
		i := n % len(keys)
		offer.msg = banktypes.NewMsgSend(keys[i].Address(), keys[i].Address(), sdk.NewCoins(params.TfuelCoin(1)))
		offer.number, offer.sequence = numbers[i], sequences[i]
		hash, err := s.throw(ctx, keys[i], offer)
		if err != nil {
			return nil, fmt.Errorf("stuff: %w", err)
		}
		sequences[i]++
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// included waits until all bids are in blocks and returns the last height.
func (stuffer) included(ctx context.Context, s *stage, hashes []string) (last int64, err error) {
	for _, hash := range hashes {
		err := s.await(ctx, "transaction "+hash, func() (bool, error) {
			answer, err := txtypes.NewServiceClient(s.net.Conn()).GetTx(ctx, &txtypes.GetTxRequest{Hash: hash})
			if status.Code(err) == codes.NotFound {
				return false, nil
			}
			if err == nil {
				last = max(last, answer.TxResponse.Height)
			}
			return err == nil, err
		})
		if err != nil {
			return last, err
		}
	}
	return last, nil
}

// stuffing contains what blocks show about it.
type stuffing struct {
	full                       int
	burned, predicted, highest math.Int
}

// watch adds up what blocks have burned, and what the formula gives for the gas that was paid
// for in each. This gas is known from the first block above the floor on, because
// transactions that pay less than the base fee went through the lane.
func (stuffer) watch(ctx context.Context, s *stage, p stuffPlan, first, last int64) (stuffing, error) {
	floor := s.rewards.MinGasPrice
	seen := stuffing{burned: math.ZeroInt(), predicted: math.ZeroInt(), highest: floor}
	base := floor
	for height := first; height <= last; height++ {
		results, err := cmtservice.NewServiceClient(s.net.Conn()).GetBlockResults(ctx, &cmtservice.GetBlockResultsRequest{Height: height})
		if err != nil {
			return seen, err
		}
		gas := uint64(0)
		for _, result := range results.TxsResults {
			if fee, paid, err := feeIn(result.Events); err != nil {
				return seen, err
			} else if paid && fee.GTE(base.MulRaw(result.GasWanted)) {
				gas += uint64(result.GasWanted) //nolint:gosec // a part of a block
			}
		}
		burned, next, err := feesIn(results.FinalizeBlockEvents)
		if err != nil {
			return seen, err
		}
		seen.burned = seen.burned.Add(burned)
		seen.predicted = seen.predicted.Add(feemarkettypes.Burned(base, floor, gas))
		if gas >= p.budget.Ordinary/txsPerBlock*txsPerBlock {
			seen.full++
		}
		if base.GT(floor) {
			base = p.market.NextBaseFee(base, floor, gas, p.budget)
		} else if !next.IsNil() {
			base = next
		}
		seen.highest = math.MaxInt(seen.highest, base)
	}
	return seen, nil
}

// feeIn returns the fee that a transaction has paid, in atfuel, and reports whether it has
// paid one.
func feeIn(events []abci.Event) (math.Int, bool, error) {
	for _, event := range events {
		if event.Type != sdk.EventTypeTx {
			continue
		}
		for _, attribute := range event.Attributes {
			if attribute.Key == sdk.AttributeKeyFee {
				fee, err := sdk.ParseCoinsNormalized(attribute.Value)
				return fee.AmountOf(params.BaseDenom), err == nil, err
			}
		}
	}
	return math.Int{}, false, nil
}

// feesIn returns what a block has burned, and the base fee after it if that has changed.
func feesIn(events []*abci.Event) (burned, next math.Int, err error) {
	burned = math.ZeroInt()
	for _, event := range events {
		if event.Type != "theta.feemarket.v1.EventBurned" && event.Type != "theta.feemarket.v1.EventBaseFee" {
			continue
		}
		plain := *event
		plain.Attributes = slices.DeleteFunc(slices.Clone(event.Attributes), func(a abci.EventAttribute) bool { return a.Key == "mode" })
		parsed, err := sdk.ParseTypedEvent(plain)
		if err != nil {
			return burned, next, err
		}
		switch e := parsed.(type) {
		case *feemarkettypes.EventBurned:
			burned = burned.Add(e.Amount.AmountOf(params.BaseDenom))
		case *feemarkettypes.EventBaseFee:
			next = e.BaseFee
		}
	}
	return burned, next, nil
}

// settle waits until block space is as cheap as before, for the behaviours that follow.
func (stuffer) settle(ctx context.Context, s *stage) error {
	return s.await(ctx, "the least price of block space", func() (bool, error) {
		market, err := s.customer.BaseFee(ctx)
		return err == nil && market.BaseFee.Amount.Equal(market.Floor.Amount), err
	})
}
