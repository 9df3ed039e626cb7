package chain

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	sdkmath "cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/grpc/node"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"

	"github.com/thetaedge/theta/client/grpcnode"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// liar changes the answers of a node.
type liar struct {
	grpc.ClientConnInterface
	lie func(answer any)
}

func (l liar) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	err := l.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
	if err == nil {
		l.lie(reply)
	}
	return err
}

// someAmount is larger than all coins.
func someAmount() sdkmath.Int {
	most := sdkmath.OneInt()
	for range grpcnode.MaxAmountBits - 1 {
		most = most.MulRaw(2)
	}
	return most
}

// numbers returns lies about the numbers that a node names when a transaction is made, by what they
// say.
func numbers() map[string][]func(answer any) {
	most := someAmount()
	price := func(answer any) {
		if res, ok := answer.(*feemarkettypes.QueryBaseFeeResponse); ok {
			res.BaseFee.Amount, res.Floor.Amount = most, most.SubRaw(1)
		}
	}
	used := func(gas uint64) func(any) {
		return func(answer any) {
			if res, ok := answer.(*txtypes.SimulateResponse); ok {
				res.GasInfo.GasUsed = gas
			}
		}
	}
	shares := func(answer any) {
		if res, ok := answer.(*feemarkettypes.QueryParamsResponse); ok {
			res.Params.LaneBps, res.Params.ClaimBps, res.Params.BeaconBps, res.Params.TxBps = math.MaxUint32, math.MaxUint32, math.MaxUint32, math.MaxUint32
		}
	}
	block := func(gas int64) func(any) {
		return func(answer any) {
			if res, ok := answer.(*consensustypes.QueryParamsResponse); ok {
				res.Params.Block.MaxGas = gas
			}
		}
	}
	denom := func(name string) func(any) {
		return func(answer any) {
			if res, ok := answer.(*feemarkettypes.QueryBaseFeeResponse); ok {
				res.BaseFee.Denom, res.Floor.Denom = name, name
			}
		}
	}
	own := func(price string) func(any) {
		return func(answer any) {
			if res, ok := answer.(*node.ConfigResponse); ok {
				res.MinimumGasPrice = price
			}
		}
	}
	height := func(height uint64) func(any) {
		return func(answer any) {
			if res, ok := answer.(*node.StatusResponse); ok {
				res.Height = height
			}
		}
	}
	return map[string][]func(any){
		"a price in no denom":                    {denom("")},
		"a price in a denom out of form":         {denom("!")},
		"a price of its own above all coins":     {own("1" + strings.Repeat("0", 75) + "atfuel")},
		"a height above the last":                {height(math.MaxUint64)},
		"the last height":                        {height(math.MaxInt64)},
		"shares above the whole":                 {shares, block(math.MaxInt64)},
		"shares above the whole of small blocks": {shares},
		"a price above all coins":                {price},
		"a price and gas":                        {price, used(1 << 62), block(-1)},
		"a price and gas within a block":         {price, used(1 << 60), block(math.MaxInt64)},
		"all gas":                                {used(math.MaxUint64), block(-1)},
		"no gas":                                 {used(0)},
		"a block without gas":                    {block(0)},
		"a block of one gas":                     {block(1)},
		"a block of gas below zero":              {block(math.MinInt64)},
	}
}

// lying returns a sender behind a node that tells lies while they are on.
func lying(m *modelNode, conn grpc.ClientConnInterface, lies []func(any), on *bool) *Sender {
	return NewSender(liar{conn, func(answer any) {
		for _, lie := range lies {
			if *on {
				lie(answer)
			}
		}
	}}, m.cdc, m.signer, TxConfig{ChainID: chainID, PollInterval: 1, Caps: DefaultFeeCaps()}, slog.New(slog.DiscardHandler))
}

// TestNoAnswerAboutPricesOrGasEndsTheDaemon: whatever a node reports about prices, gas and the
// division of blocks, the sender signs for at most what its owner allows, and does not end the
// daemon.
func TestNoAnswerAboutPricesOrGasEndsTheDaemon(t *testing.T) {
	on := true
	for name, lies := range numbers() {
		t.Run(name, func(t *testing.T) {
			for _, crowded := range []bool{false, true} {
				m, conn := modelWith(t, func(m *modelNode) {
					if crowded {
						m.base = 100
					}
				})
				batch := manyReveals(m, 3)
				m.owe(&batch, Claim, "9-0-0", 1_000)
				for duty, stake := range batch.Stakes {
					stake.Loss = someAmount()
					batch.Stakes[duty] = stake
				}
				s := lying(m, conn, lies, &on)
				require.NotPanics(t, func() {
					done, _ := s.Submit(t.Context(), batch, 100)
					counted(t, batch, done)
				})
			}
		})
	}
}

// TestNoLieAboutPricesOrGasLasts: what a node has said once does not keep the daemon from sending
// when the node, or another one, says the truth.
func TestNoLieAboutPricesOrGasLasts(t *testing.T) {
	for name, lies := range numbers() {
		t.Run(name, func(t *testing.T) {
			m, conn := modelWith(t, func(*modelNode) {})
			on := true
			s := lying(m, conn, lies, &on)
			lied := manyReveals(m, 3)
			_, _ = s.Submit(t.Context(), lied, 100)
			on = false
			for range 2 { // what is due is sent again in the next blocks
				done, _ := s.Submit(t.Context(), lied, 100)
				counted(t, lied, done)
			}
			for duty := range lied.Stakes {
				require.Positive(t, m.items[duty].taken, "%v", duty)
			}
		})
	}
}

// TestALimitThatARefusalInventsIsForgotten: the node does not show the gas of a block, and a refusal
// has named a limit.
func TestALimitThatARefusalInventsIsForgotten(t *testing.T) {
	m, conn := modelWith(t, func(m *modelNode) { m.silent = true })
	s := m.senderOn(conn, TxConfig{})
	s.learned = 1
	batch := manyReveals(m, 1)
	for range oversizedPause + 1 {
		_, _ = s.Submit(t.Context(), batch, 100)
		for duty := range batch.Stakes {
			require.Zero(t, m.items[duty].taken)
		}
	}
	_, err := s.Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	for duty := range batch.Stakes {
		require.Positive(t, m.items[duty].taken)
	}
}

// TestWithoutALaneABatchIsNotTakenApart: a chain may have no lane, or no lane for claims. The
// items that are due are then not sent in more transactions than others. With one item per
// block, most of them would be too late.
func TestWithoutALaneABatchIsNotTakenApart(t *testing.T) {
	for name, change := range map[string]func(*feemarkettypes.Params){
		"no lane":            func(p *feemarkettypes.Params) { p.LaneBps = 0 },
		"no room for claims": func(p *feemarkettypes.Params) { p.ClaimBps = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			m, conn := modelWith(t, func(m *modelNode) { m.base = 100 })
			batch := manyReveals(m, 20)
			for i := range 20 {
				m.owe(&batch, Claim, fmt.Sprintf("%d-9-0", i), 1_000)
			}
			s := NewSender(liar{conn, func(answer any) {
				if res, ok := answer.(*feemarkettypes.QueryParamsResponse); ok {
					change(&res.Params)
				}
			}}, m.cdc, m.signer, TxConfig{ChainID: chainID, PollInterval: 1}, slog.New(slog.DiscardHandler))
			done, err := s.Submit(t.Context(), batch, 100)
			require.NoError(t, err)
			taken, _, _ := counted(t, batch, done)
			require.Equal(t, 40, taken)
			require.LessOrEqual(t, len(m.executed), 4)
		})
	}
}
