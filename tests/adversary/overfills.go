package adversary

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/cometbft/cometbft/privval"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/tests/devnet"
)

const (
	// validators is the smallest number that tolerates one hostile validator, which is the
	// last of them.
	validators = 4
	// overfilledBlocks is the number of heights that it can spoil.
	overfilledBlocks = 24
	// overfillPause is the pause after a block there.
	overfillPause = 300 * time.Millisecond
)

// overfiller is a validator that proposes blocks that exceed the block's gas. It has a chain
// of its own, with three honest validators that run the real binary.
type overfiller struct{}

func (overfiller) name() string { return "overfills blocks" }

func (o overfiller) play(ctx context.Context, s *stage) (row Row, err error) {
	row = Row{
		Behaviour: o.name(), Policy: "validators",
		Formula: "its reward - an honest validator's = 0: a refused proposal costs a round, and rewards go by stake",
	}
	net, err := devnet.StartValidators(ctx, devnet.ValidatorOptions{
		Dir: filepath.Join(s.dir, "validators"), Thetad: s.binaries.thetad, Hostile: s.binaries.overfill,
		ChainID: "theta-overfill-1", Count: validators, BlockPause: overfillPause,
	})
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, net.Stop()) }()
	first, last, err := o.traffic(ctx, s, net)
	if err != nil {
		return row, errors.Join(err, net.Logs())
	}
	row.Jobs = int(last - first)
	if row.Trials, err = o.refused(ctx, net, first, last); err != nil {
		return row, err
	}
	for i := range validators {
		reward, err := o.reward(ctx, net, i)
		if err != nil {
			return row, err
		}
		if i == validators-1 {
			row.Gain = reward
		} else {
			row.Baseline += reward / (validators - 1)
		}
	}
	// Rewards are counted in decimals of an atfuel and truncated for each validator.
	row.Note = fmt.Sprintf("%d blocks, none of them its own; %d rounds were lost to its proposals", row.Jobs, row.Trials)
	if row.Trials == 0 {
		err = errors.New("expected proposals of the hostile validator to be refused, found none")
	}
	return row.judged(), err
}

// traffic sends coins until the chain has made its blocks, so that proposals have
// transactions to repeat.
func (overfiller) traffic(ctx context.Context, s *stage, net *devnet.Devnet) (first, last int64, err error) {
	key, err := net.ValidatorSigner(0)
	if err != nil {
		return 0, 0, err
	}
	sender := senders{conn: net.Conn(), codec: s.senders.codec, chainID: net.ChainID(), logger: s.senders.logger}.of(key, 1)
	tip, err := sender.Tip(ctx)
	if err != nil {
		return 0, 0, err
	}
	first = tip.Height
	for last < first+overfilledBlocks {
		result, err := sender.Send(ctx, banktypes.NewMsgSend(key.Address(), newKeyPair().Address(), sdk.NewCoins(params.TfuelCoin(1))))
		if err != nil {
			return first, last, err
		}
		last = result.Height
	}
	return first, last, nil
}

// refused counts the heights that needed another round, and checks that no block was proposed
// by the hostile validator.
func (overfiller) refused(ctx context.Context, net *devnet.Devnet, first, last int64) (int, error) {
	home := net.ValidatorHome(validators - 1)
	hostile := privval.LoadFilePVEmptyState(filepath.Join(home, "config", "priv_validator_key.json"), "").GetAddress()
	service := cmtservice.NewServiceClient(net.Conn())
	rounds := 0
	for height := first; height <= last; height++ {
		answer, err := service.GetBlockByHeight(ctx, &cmtservice.GetBlockByHeightRequest{Height: height})
		if err != nil {
			return rounds, err
		}
		if sdk.ConsAddress(hostile).String() == answer.SdkBlock.Header.ProposerAddress {
			return rounds, fmt.Errorf("expected no block of the hostile validator, found height %d", height)
		}
		if answer.SdkBlock.LastCommit.Round > 0 {
			rounds++
		}
	}
	return rounds, nil
}

// reward returns what a validator and its delegators have earned, in whole tfuel.
func (overfiller) reward(ctx context.Context, net *devnet.Devnet, i int) (float64, error) {
	account, err := sdk.AccAddressFromBech32(net.ValidatorAddress(i))
	if err != nil {
		return 0, err
	}
	answer, err := distrtypes.NewQueryClient(net.Conn()).ValidatorOutstandingRewards(ctx,
		&distrtypes.QueryValidatorOutstandingRewardsRequest{ValidatorAddress: sdk.ValAddress(account).String()})
	if err != nil {
		return 0, err
	}
	return inTfuel(answer.Rewards.Rewards.AmountOf(params.BaseDenom).TruncateInt()), nil
}
